"""Findings of what a run holds so far, asked for in the process that trains."""

from __future__ import annotations

from pathlib import PurePath

from tb_activation_hist.core.errors import FormatError, LogdirError
from tb_activation_hist.core.user_warnings import warn_user
from tb_activation_hist.findings import (
    DEFAULT_OPTIONS,
    Finding,
    FindingOptions,
    RunLayers,
    find_run_findings,
    info_to_run_facts,
)
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import RunHistograms, read_run
from tb_activation_hist.storage.writer import RunWriter


def find_memory_findings(
    writer: MemoryWriter, options: FindingOptions | None = None
) -> list[Finding]:
    """Findings of what this writer keeps, most severe first; their `run` is empty.

    options: thresholds; None: the defaults.
    """
    infos = writer.infos
    layers = {key: (infos[key], series) for key, series in writer.histograms.items()}
    facts = info_to_run_facts(writer.run_info)
    return find_run_findings("", layers, options or DEFAULT_OPTIONS, facts, writer.measured_sizes)


def find_directory_findings(run_dir: str, options: FindingOptions | None = None) -> list[Finding]:
    """Findings of what is stored in a run directory, most severe first.

    options: thresholds; None: the defaults. Their `run` is the directory's name. Layers that
    cannot be read are left out with a warning. Raises LogdirError when there is nothing to read.
    """
    run = read_run(run_dir)
    facts = info_to_run_facts(run.info)
    return find_run_findings(
        run_name(run_dir), _read_layers(run), options or DEFAULT_OPTIONS, facts, run.measured_sizes
    )


def find_writer_findings(writer: object, options: FindingOptions | None = None) -> list[Finding]:
    """Findings of what a writer of records holds; LogdirError on a rank that has none."""
    if isinstance(writer, MemoryWriter):
        return find_memory_findings(writer, options)
    if isinstance(writer, RunWriter):
        return find_directory_findings(writer.logdir, options)
    msg = (
        "This rank keeps no records of its own: call findings() on rank 0, or record with "
        "per_rank=True."
    )
    raise LogdirError(msg)


def run_name(run_dir: str) -> str:
    """The last part of a path or URL."""
    return PurePath(run_dir).name


def _read_layers(run: RunHistograms) -> RunLayers:
    layers = {}
    for key in run:
        try:
            info = run.layer_info(key)
            if info is not None:
                layers[key] = (info, run[key])
        except FormatError as err:
            text = f"The findings leave out {key!r}, which cannot be read: {err}"
            warn_user(text)
    return layers

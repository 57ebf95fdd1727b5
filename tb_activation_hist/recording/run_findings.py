"""What a run holds so far, and what is wrong in it: findings in the process that trains."""

from __future__ import annotations

import warnings
from pathlib import PurePath
from typing import TypeAlias

from tb_activation_hist.core.errors import ActivationHistWarning, FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings import DEFAULT_OPTIONS, Finding, FindingOptions, find_run_findings
from tb_activation_hist.storage.reader import read_run
from tb_activation_hist.storage.writer import MemoryWriter

Layers: TypeAlias = dict[str, tuple[LayerInfo, HistogramSeries]]


def find_in_memory(writer: MemoryWriter, options: FindingOptions | None = None) -> list[Finding]:
    """What is wrong in what this writer keeps, the gravest first; the run has no name.

    options: thresholds; None: the defaults.
    """
    infos = writer.infos
    layers = {key: (infos[key], series) for key, series in writer.histograms.items()}
    return find_run_findings("", layers, options or DEFAULT_OPTIONS)


def find_in_directory(run_dir: str, options: FindingOptions | None = None) -> list[Finding]:
    """What is wrong in what is stored in a run directory, the gravest first.

    options: thresholds; None: the defaults. The run is named as its directory. Layers that cannot
    be read are left out with a warning; LogdirError when there is nothing to read.
    """
    return find_run_findings(run_name(run_dir), _read_layers(run_dir), options or DEFAULT_OPTIONS)


def run_name(run_dir: str) -> str:
    """The last part of a path or URL."""
    return PurePath(run_dir).name


def _read_layers(run_dir: str) -> Layers:
    run = read_run(run_dir)
    layers: Layers = {}
    for key in run:
        try:
            info = run.layer_info(key)
            if info is not None:
                layers[key] = (info, run[key])
        except FormatError as err:
            text = f"The findings leave out {key!r}, which cannot be read: {err}"
            warnings.warn(text, ActivationHistWarning, stacklevel=4)
    return layers

"""What can be compared, whichever way it is given, as a `Recording`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.errors import FormatError, OptionError
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.nearest import name_hint, no_such
from tb_activation_hist.storage.golden_file import is_golden_file, read_golden_file
from tb_activation_hist.storage.logdir_histograms import LogdirHistograms, read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_histograms import RunHistograms

OTHER_TOOL: Final = "histograms"
"""Kind of the series of other tools."""

RecordingSource: TypeAlias = (
    "str | os.PathLike[str] | RunHistograms | LogdirHistograms | MemoryWriter | Recording"
)
"""A run directory, a log directory that holds one run, an event file, or a URL of one; a golden
file; a run of `read_histograms`; a `MemoryWriter`."""


def open_recording(source: RecordingSource | Any, run: str | None = None) -> Recording:
    """Open one side of a comparison. Series are decoded when they are taken.

    run: which run of a log directory. OptionError when there is no such run, or when it is not
    given and there are several; LogdirError when nothing can be read.
    """
    if isinstance(source, Recording):
        return source
    if isinstance(source, MemoryWriter):
        return Recording("memory", source.histograms, source.infos, source.execution_order)
    if isinstance(source, RunHistograms):
        return _run_to_recording(source.run, source)
    if isinstance(source, LogdirHistograms):
        return _choose_run(source, run)
    if not isinstance(source, str | os.PathLike):
        msg = (
            "A run to compare must be a path, a URL, a run of read_histograms or a MemoryWriter, "
            f"but got {source!r:.100}."
        )
        raise OptionError(msg)
    if is_golden_file(source):
        return read_golden_file(source)
    return _choose_run(read_histograms(source), run)


def _choose_run(runs: LogdirHistograms, asked: str | None) -> Recording:
    names = list(runs)
    if asked is not None and asked not in names:
        raise OptionError(f"{runs.logdir}: {no_such('run', asked, names)}")
    if asked is None and len(names) > 1 and "." not in names:
        msg = (
            f"{runs.logdir!r} holds {len(names)} runs: {', '.join(names[:10])}. Pass the "
            "directory of one of them, or its name (--run)."
        )
        raise OptionError(msg)
    name = asked or ("." if "." in names else names[0])
    shown = runs.logdir if name == "." else f"{runs.logdir.rstrip('/')}/{name}"
    return _run_to_recording(shown, runs[name])


def _run_to_recording(name: str, run: RunHistograms) -> Recording:
    infos: dict[str, LayerInfo] = {}
    problems = []
    for key in run:
        try:
            infos[key] = run.layer_info(key) or LayerInfo(key, OTHER_TOOL)
        except FormatError as err:
            problems.append(f"{key} of {name} is left out: {err}")
    return Recording(name, run, infos, run.execution_order, tuple(problems))


def select_layers(recording: Recording, layers: str | Sequence[str]) -> Recording:
    """A recording with only the series that the patterns name; OptionError for one without any."""
    chosen: set[str] = set()
    known = list(recording.infos)
    for pattern in to_patterns(layers):
        own = [key for key in known if matches_key(pattern, key)]
        if not own:
            hint = name_hint(pattern, known, "layers")
            msg = f"No layer of {recording.name} matches {pattern!r}. {hint}"
            raise OptionError(msg)
        chosen.update(own)
    return replace(recording, infos={key: recording.infos[key] for key in known if key in chosen})


def to_patterns(layers: str | Sequence[str]) -> list[str]:
    """One name or glob pattern, or several, as a list."""
    return [layers] if isinstance(layers, str) else list(layers)


def matches_key(pattern: str, key: str) -> bool:
    """Whether a name or glob pattern stands for the key of a layer."""
    return key == pattern or fnmatchcase(key, pattern)


def up_to_step(recording: Recording, last_step: int) -> Recording:
    """A recording without what comes after a step; OptionError where nothing is left."""
    series = {key: recording.series[key] for key in recording.infos}
    kept = {key: own.take(own.steps <= last_step) for key, own in series.items()}
    kept = {key: own for key, own in kept.items() if len(own)}
    if not kept:
        msg = f"{recording.name} has no record up to step {last_step}."
        raise OptionError(msg)
    return replace(recording, series=kept, infos={key: recording.infos[key] for key in kept})

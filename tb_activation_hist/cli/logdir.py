"""Runs and layers of a log directory for the commands, with what could not be read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tb_activation_hist.core.errors import FormatError, LogdirError, OptionError, join_problems
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.nearest import match_names
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.core.sessions import describe_notes
from tb_activation_hist.core.weight_marks import OTHER_WEIGHTS_FIELD, describe_other_weights
from tb_activation_hist.findings import RunLayers
from tb_activation_hist.storage.event_file_reader import find_event_files
from tb_activation_hist.storage.run_index import RunIndex


@dataclass
class Run:
    """One run: its layers by key, in model order, and what its logger noted.

    problems: what could not be read. notes: remarks about the processes that wrote it.
    """

    name: str
    layers: RunLayers
    info: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sizes: ParameterSizes = field(default_factory=ParameterSizes)


def read_runs(
    logdir: str,
    runs: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    *,
    silent: bool = False,
) -> list[Run]:
    """The asked runs and layers; all when not given.

    silent: whether runs are read, too, that have no histogram because no layer ran in train mode.
    Raises LogdirError when there is nothing to read, FormatError when nothing of what is there
    can be read, OptionError for a run or layer that is not there.
    """
    files = groupby(find_event_files(logdir), key=lambda file: file.run)
    indices = {name: RunIndex(list(group)) for name, group in files}
    unread = [
        f"run {name!r}: {problem}"
        for name, index in indices.items()
        if not index.tags
        for problem in index.problems
    ]
    indices = {
        name: index
        for name, index in indices.items()
        if index.tags or (silent and index.info.get("silent"))
    }
    if not indices:
        msg = (
            f"The event files in {logdir!r} hold no histograms. Record some with "
            "ActivationHistLogger(model, logdir) or ActivationHistCallback(logdir)."
        )
        raise LogdirError(" ".join([msg, *unread]))
    chosen = match_names("run", runs, list(indices), exact=True)
    keys = dict.fromkeys(key for name in chosen for key in indices[name].keys)
    wanted = set(match_names("layer", layers, list(keys)))
    found = [_read_run(name, indices[name], wanted) for name in chosen]
    for run in found[:1]:
        run.problems += unread
    if not any(run.layers or not indices[run.name].tags for run in found):
        raise FormatError(" ".join(dict.fromkeys(p for run in found for p in run.problems)))
    return found


def _read_run(name: str, index: RunIndex, wanted: set[str]) -> Run:
    layers: dict[str, tuple[LayerInfo, HistogramSeries]] = {}
    run = Run(name, layers, index.info, [f"run {name!r}: {text}" for text in index.problems])
    run.sizes, broken_sizes = index.read_sizes()
    run.problems += [f"parameter sizes in run {name!r}: {err}" for err in broken_sizes]
    for key, tag in index.keys.items():
        if key not in wanted:
            continue
        try:
            info, (series, broken) = tag.info, index.read(tag)
        except FormatError as err:
            run.problems.append(f"{key} in run {name!r} is left out: {err}")
            continue
        layers[key] = (info, series)
        if broken:
            what = join_problems(map(str, broken))
            run.problems.append(f"{key} in run {name!r} lacks records: {what}")
    since = index.info.get(OTHER_WEIGHTS_FIELD)
    notes = [*describe_notes(index.notes), *([describe_other_weights(since)] if since else [])]
    run.notes = [f"run {name!r}: {note}" for note in notes]
    return run


def require_slices(runs: Sequence[Run]) -> None:
    """OptionError unless a layer was recorded with ``split``."""
    if not any(series.slices is not None for run in runs for _, series in run.layers.values()):
        msg = "No layer has slices. Record them with split, such as split={'*.relu': 1}."
        raise OptionError(msg)


def print_problems(runs: Sequence[Run]) -> None:
    """What was left out and what is odd about a run, to the standard error."""
    for problem in (problem for run in runs for problem in (*run.problems, *run.notes)):
        print(f"tb-activation-hist: {problem}", file=sys.stderr)

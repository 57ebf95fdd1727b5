"""`compare_runs`: where two runs first differ."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from tb_activation_hist.core.comparison.compare import ComparisonPlan, compare_recordings
from tb_activation_hist.core.comparison.criterion import CompareMode, Criterion
from tb_activation_hist.core.comparison.layer_names import (
    LayerNames,
    NameRule,
    names_to_rules,
    parse_name_rules,
)
from tb_activation_hist.core.comparison.recording import Recording
from tb_activation_hist.core.comparison.run_comparison import RunComparison
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.nearest import name_hint
from tb_activation_hist.storage.golden_file import write_golden_file
from tb_activation_hist.storage.recordings import (
    RecordingSource,
    matches_key,
    open_recording,
    select_layers,
    to_patterns,
    up_to_step,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack


class CompareOptions(TypedDict, total=False):
    """Options of `compare_runs`.

    mode: "exact" (default): any count, minimum or maximum differs; "mass": more than a share of the
    values must move to another bin; "octaves": values must move farther than that on average.
    tolerance: that share, 0 to 1, or distance in octaves; by default one for rounding, which grows
    with the steps (docs/comparing_runs.md). names: which layer of `a` is which of `b`, as a mapping
    or as the path of a file; equal names and common prefixes need none. offset: steps by which `b`
    is ahead (default 0). last_step: last step of `a` to compare (default: all). layers: only layers
    of `a` of these names or patterns, and those of `b` as `only_in_b`; "gradients/*" for a kind
    (default: all).
    """

    mode: CompareMode
    tolerance: float | None
    names: LayerNames | str | os.PathLike[str] | None
    offset: int
    last_step: int | None
    layers: str | Sequence[str] | None


def compare_runs(
    a: RecordingSource, b: RecordingSource, **options: Unpack[CompareOptions]
) -> RunComparison:
    """Find the first step, and in it the first layer in execution order, at which two runs differ.

    a, b: each a run directory, a log directory with one run, an event file, a golden file, a run of
    `read_histograms`, or a `MemoryWriter`. options: see `CompareOptions`.

    Only steps that both recorded are compared, and layers that both have; `only_in_a`, `only_in_b`
    and `notes` of the result name the rest. `same` says whether all are equal, `first` where the
    runs first differ.

    OptionError for a wrong option or a pattern that matches no layer, ComparisonError when nothing
    can be compared, LogdirError and FormatError when a run cannot be read.
    """
    one, other = open_recording(a), open_recording(b)
    return compare_opened(one, other, **options)


def save_golden(
    source: RecordingSource,
    path: str | os.PathLike[str],
    *,
    layers: str | Sequence[str] | None = None,
    last_step: int | None = None,
) -> None:
    """Save a run as a small golden file, with which `compare_runs` can compare other runs.

    source: as in `compare_runs`. path: of a zip file with at most about 0.6 kB per layer and
    record; equal recordings give equal bytes. layers: only layers of these names or patterns
    (default: all). last_step: last step that is kept (default: all).

    OptionError for a pattern that matches no layer and for histograms of other tools, LogdirError
    when the run cannot be read or the file cannot be written, FormatError for a damaged run.
    """
    save_opened(open_recording(source), path, layers=layers, last_step=last_step)


def save_opened(
    recording: Recording,
    path: str | os.PathLike[str],
    *,
    layers: str | Sequence[str] | None = None,
    last_step: int | None = None,
) -> None:
    """`save_golden` for a recording that is open already."""
    chosen = recording if layers is None else select_layers(recording, layers)
    last = _check_last_step(last_step)
    write_golden_file(chosen if last is None else up_to_step(chosen, last), path)


def compare_opened(a: Recording, b: Recording, **options: Unpack[CompareOptions]) -> RunComparison:
    """`compare_runs` for recordings that are open already."""
    unknown = set(options) - CompareOptions.__annotations__.keys()
    if unknown:
        known = list(CompareOptions.__annotations__)
        name = min(unknown)
        msg = f"compare_runs has no option {name!r}. {name_hint(name, known, 'options')}"
        raise OptionError(msg)
    plan = ComparisonPlan(
        criterion=Criterion(options.get("mode", "exact"), options.get("tolerance")),
        rules=_read_rules(options.get("names")),
        offset=_check_whole("offset", options.get("offset", 0)),
        last_step=_check_last_step(options.get("last_step")),
    )
    layers = options.get("layers")
    if layers is None:
        return compare_recordings(a, b, plan)
    found = compare_recordings(select_layers(a, layers), b, plan)
    patterns = to_patterns(layers)
    # Of the other run too, what was not asked for is not missing.
    missing = (k for k in found.only_in_b if any(matches_key(each, k) for each in patterns))
    return replace(found, only_in_b=tuple(missing))


def _read_rules(names: LayerNames | str | os.PathLike[str] | None) -> list[NameRule]:
    if names is None:
        return []
    if not isinstance(names, str | os.PathLike):
        return names_to_rules(names)
    try:
        text = Path(names).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        msg = f"The mapping {os.fspath(names)!r} cannot be read: {err}."
        raise OptionError(msg) from err
    return parse_name_rules(text, os.fspath(names))


def _check_whole(name: str, given: Any) -> int:
    try:
        return operator.index(given)
    except TypeError as err:
        msg = f"{name} must be a whole number of steps, but got {given!r}."
        raise OptionError(msg) from err


def _check_last_step(given: Any) -> int | None:
    return None if given is None else _check_whole("last_step", given)

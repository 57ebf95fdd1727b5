"""Every option with its default, unit and check. The README's options table is made from here.

Each field carries ``doc`` and ``unit`` in its metadata; `option_rows` lists them. Nothing here
imports torch.
"""

# ruff: noqa: RUF009 - `_option` returns dataclasses.field, with the documentation attached.

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple, TypeVar

from tb_activation_hist.errors import OptionError
from tb_activation_hist.findings import WATCHED_KINDS
from tb_activation_hist.grid import FloatBits, LinearBins, Scheme
from tb_activation_hist.names import KINDS, PHASES

ON_ERROR: Final = ("warn", "raise")
ON_BACKLOG: Final = ("wait", "skip")

OptionsT = TypeVar("OptionsT", "CaptureOptions", "WriterOptions")


def _option(default: Any, doc: str, unit: str = "") -> Any:
    return field(default=default, metadata={"doc": doc, "unit": unit})


@dataclass(frozen=True, kw_only=True)
class CaptureOptions:
    """What is counted, and when. Each field's meaning is in its metadata."""

    layers: Any = _option(
        None,
        "Which modules: None (all leaf modules), names, glob patterns, `re.compile(...)`, module "
        "types, module objects, a predicate `(name, module) -> bool`, or a list of these.",
    )
    every: int = _option(
        1, "Record steps k, 2k, 3k ...; the first step is always recorded.", "steps"
    )
    kinds: Sequence[str] = _option(
        ("activations",),
        "What is recorded: any of `activations`, `gradients` (of the activations), `weights`, "
        "`weight_gradients`, `updates` (relative to the weights' root mean square).",
    )
    phases: Sequence[str] = _option(
        ("train",), "Forward passes in `train` mode, `eval` mode, or both; never mixed."
    )
    bins: Scheme = _option(
        FloatBits(),
        "Where values are counted: `FloatBits()` (1/16 octave, any range) or "
        "`LinearBins(count, lo, hi)` (the bins of torch.histc).",
    )
    per_call: bool = _option(
        False,
        "Count the calls of a module within a step apart, as `name:0`, `name:1` ..., instead of "
        "together.",
    )
    accumulate: bool = _option(
        False, "Merge the steps between two records into the record, instead of leaving them out."
    )
    thin_after: int | None = _option(
        4000,
        "After so many records every second step is recorded, and at each doubling of the steps "
        "half as many again; None: never thin.",
        "records",
    )
    schedule: Callable[[int], bool] | None = _option(
        None,
        "Decides instead of `every` and `thin_after` whether a step (counted from 1) is "
        "recorded: any `step -> bool`, for example `LogSpaced(per_decade=100)`.",
    )
    overhead_budget: float | None = _option(
        None,
        "Largest share of the step time that recording may take; records are thinned to stay "
        "under it.",
        "share of the step time",
    )
    start_step: int | None = _option(
        None,
        "Steps done before this logger starts. None: go on after the last step that the run "
        "directory holds.",
        "steps",
    )
    optimizer: Any = _option(
        None,
        "Optimizer (or several) whose `step()` ends a step, so that the logger's own `step()` "
        "need not be called; of several, the last one.",
    )
    scaler: Any = _option(
        None, "`GradScaler` in use; activation gradients are divided by its scale."
    )
    merge_ranks: bool = _option(
        True,
        "With several ranks (DDP, FSDP): sum their counts, rank 0 writes. False: rank 0 writes "
        "its own.",
    )
    per_rank: bool = _option(
        False,
        "With several ranks: each writes its own run directory `<logdir>/rank<i>`; the page offers "
        "them as one choice.",
    )
    rank_timeout_s: float = _option(
        60.0,
        "How long a record waits, in the background, for a rank that does not answer.",
        "seconds",
    )
    warn_on: Sequence[str] = _option(
        (),
        "Findings that are told as a warning while the training runs, each once: any of "
        "`non_finite`, `collapsed`, `exploding`, told within 20 records, and `vanishing`, "
        "`mostly_zero`, `saturated`, `spike_and_crash`, `not_learning`, `sudden_change`, "
        "`low_precision`, `outlier_features`, for which the run is looked at after 64 records and "
        "whenever it has grown by half.",
    )
    stop_on: Sequence[str] = _option(
        (),
        "The same, and they end the training: fastai, Lightning and transformers stop after the "
        "batch, plain PyTorch asks `should_stop`. With several ranks callbacks only tell, since "
        "no rank can stop alone.",
    )
    on_error: str = _option(
        "warn",
        "An error inside the logger: `warn` once and let the training go on, or `raise` (for "
        "tests).",
    )

    def __post_init__(self) -> None:
        _check_whole("every", self.every, 1)
        _check_names("kinds", self.kinds, KINDS)
        _check_names("phases", self.phases, PHASES)
        _check_names("warn_on", self.warn_on, WATCHED_KINDS, least=0)
        _check_names("stop_on", self.stop_on, WATCHED_KINDS, least=0)
        _check_scheme(self.bins)
        for name in ("per_call", "accumulate", "merge_ranks", "per_rank"):
            _check_flag(name, getattr(self, name))
        if self.thin_after is not None:
            _check_whole("thin_after", self.thin_after, 2)
        if self.start_step is not None:
            _check_whole("start_step", self.start_step, 0)
        self._check_cadence()
        _check_positive("rank_timeout_s", self.rank_timeout_s)
        _check_word("on_error", self.on_error, ON_ERROR)

    def _check_cadence(self) -> None:
        _check_callable("schedule", self.schedule)
        if self.schedule is not None and self.every != 1:
            _refuse("every", self.every, "1 when schedule is given, since schedule decides alone")
        if self.overhead_budget is not None:
            _check_share("overhead_budget", self.overhead_budget)
            if self.schedule is not None:
                _refuse("overhead_budget", self.overhead_budget, "None when schedule is given")


@dataclass(frozen=True, kw_only=True)
class WriterOptions:
    """What is written, and how. Each field's meaning is in its metadata."""

    block_records: int = _option(
        32, "Records of one layer that are stored together, at most 32.", "records"
    )
    flush_s: float = _option(
        5.0, "What was recorded is on disk after at most this time.", "seconds"
    )
    queue_records: int = _option(8, "Records that may wait for the background thread.", "records")
    on_backlog: str = _option(
        "wait",
        "When that queue is full: `wait` for the writer, or `skip` the record (skipped records "
        "are counted and shown).",
    )
    histogram_points: int = _option(
        500,
        "About so many ordinary TensorBoard histograms a run and layer; 0: none.",
        "points",
    )
    scalar_points: int = _option(
        1000,
        "About so many points a run in the charts of mean, std, share near zero and p99; 0: none.",
        "points",
    )
    close_timeout_s: float = _option(
        30.0, "How long `close()` waits until everything is written.", "seconds"
    )
    on_error: str = _option("warn", "As above; one value serves both.")

    def __post_init__(self) -> None:
        _check_whole("block_records", self.block_records, 1, 32)
        _check_whole("queue_records", self.queue_records, 1)
        _check_whole("histogram_points", self.histogram_points, 0)
        _check_whole("scalar_points", self.scalar_points, 0)
        _check_positive("flush_s", self.flush_s)
        _check_positive("close_timeout_s", self.close_timeout_s)
        _check_word("on_backlog", self.on_backlog, ON_BACKLOG)
        _check_word("on_error", self.on_error, ON_ERROR)


class OptionRow(NamedTuple):
    """One line of the README's options table."""

    name: str
    default: str
    unit: str
    doc: str


def option_rows() -> list[OptionRow]:
    """All options of `ActivationHistLogger` in reading order, each once."""
    rows: dict[str, OptionRow] = {}
    for each in (*fields(CaptureOptions), *fields(WriterOptions)):
        row = OptionRow(each.name, repr(each.default), each.metadata["unit"], each.metadata["doc"])
        rows.setdefault(each.name, row)
    return list(rows.values())


def split_options(given: dict[str, Any]) -> tuple[CaptureOptions, WriterOptions]:
    """Sort keyword arguments into the two groups; OptionError for a name that neither knows."""
    known = [row.name for row in option_rows()]
    for name in given:
        if name not in known:
            raise OptionError(_unknown_option(name, known))
    return _pick(CaptureOptions, given), _pick(WriterOptions, given)


def _pick(group: type[OptionsT], given: dict[str, Any]) -> OptionsT:
    names = {each.name for each in fields(group)}
    return group(**{name: value for name, value in given.items() if name in names})


def _unknown_option(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known options: {', '.join(known)}."
    return f"There is no option {name!r}. {hint}"


def _refuse(name: str, given: object, allowed: str) -> None:
    msg = f"{name} must be {allowed}, but got {given!r}."
    raise OptionError(msg)


def _check_whole(name: str, given: object, low: int, high: int = sys.maxsize) -> None:
    if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
        limits = f"from {low} up" if high == sys.maxsize else f"from {low} to {high}"
        _refuse(name, given, f"a whole number {limits}")


def _check_callable(name: str, given: object) -> None:
    if given is not None and not callable(given):
        _refuse(name, given, "None or a function step -> bool")


def _check_scheme(given: object) -> None:
    if not isinstance(given, (FloatBits, LinearBins)):
        _refuse("bins", given, "FloatBits() or LinearBins(count, lo, hi)")


def _check_share(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < 1:
        _refuse(name, given, "None or a number between 0 and 1, such as 0.02")


def _check_positive(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        _refuse(name, given, "a number of seconds above 0")


def _check_flag(name: str, given: object) -> None:
    if not isinstance(given, bool):
        _refuse(name, given, "True or False")


def _check_word(name: str, given: object, allowed: Sequence[str]) -> None:
    if given not in allowed:
        _refuse(name, given, " or ".join(repr(word) for word in allowed))


def _check_names(name: str, given: object, allowed: Sequence[str], least: int = 1) -> None:
    words = given if isinstance(given, Sequence) and not isinstance(given, str) else None
    if words is None or len(words) < least or any(word not in allowed for word in words):
        amount = "one or more" if least else "any"
        _refuse(name, given, f"a list of {amount} of {', '.join(allowed)}")

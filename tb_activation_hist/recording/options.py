"""All options of a logger. The README's options table is made from here.

Each field carries ``doc`` and ``unit`` in its metadata; `option_rows` lists them. Nothing here
imports torch.
"""

# ruff: noqa: RUF009 - `option` returns dataclasses.field, with the documentation attached.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, TypedDict, TypeVar

from tb_activation_hist.capture.options import CaptureOptions
from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.names import Kind, Phase
from tb_activation_hist.core.nearest import near_names
from tb_activation_hist.core.option_fields import (
    OnError,
    check_callable,
    check_flag,
    check_positive,
    check_web_address,
    check_whole,
    index_to_int,
    option,
    refuse,
    set_names,
)
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.findings import INSTANT_KINDS, WATCHED_KINDS, Finding
from tb_activation_hist.storage.options import OnBacklog, WriterOptions

if TYPE_CHECKING:
    from torch.amp import GradScaler
    from torch.optim import Optimizer

    from tb_activation_hist.capture.select import Layers
    from tb_activation_hist.capture.split import Split

WatchedKind: TypeAlias = Literal[
    "non_finite",
    "collapsed",
    "exploding",
    "input_change",
    "vanishing",
    "mostly_zero",
    "saturated",
    "spike_and_crash",
    "not_learning",
    "sudden_change",
    "low_precision",
    "outlier_features",
    "dead_units",
    "unused_units",
    "runaway_units",
    "redundant_units",
    "eval_mode",
    "batch_statistics",
    "unscaled_inputs",
    "constant_input",
    "unshuffled_input",
    "kept_gradients",
    "optimizer_settings",
    "loss_mismatch",
    "loss_rises",
    "strong_dropout",
    "relu_logits",
    "stopped_learning",
    "frozen",
]
"""`findings.WATCHED_KINDS` for type checkers."""

OptionsT = TypeVar("OptionsT", CaptureOptions, "RecordingOptions", WriterOptions)

PERIODIC_KINDS: Final = tuple(kind for kind in WATCHED_KINDS if kind not in INSTANT_KINDS)


def _quote(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """Steps, ranks and findings of a run. Each field's meaning is in its metadata."""

    optimizer: Optimizer | Sequence[Optimizer] | None = option(
        None,
        "Optimizer whose `step()` ends a step, so that you need not call the logger's own "
        "`step()`. In a list of optimizers, the last one to step in a training step ends it.",
    )
    name: str | None = option(
        None,
        "Prefix of the layers' names, such as `G` in `G.conv1`, so that several models can be "
        "recorded into one directory.",
    )
    start_step: int | None = option(
        None,
        "Number of steps done before this logger starts, such as the step of the checkpoint from "
        "which the training resumes. None: the number that `optimizer` has counted itself (Adam "
        "and its relatives do, also in a checkpoint); otherwise recording continues after the "
        "last step in the run directory.",
        "steps",
    )
    merge_ranks: bool = option(
        True,
        "With several ranks (DDP, FSDP): add their counts; rank 0 writes the sum. False: rank 0 "
        "writes only its own counts.",
    )
    per_rank: bool = option(
        False,
        "With several ranks: each rank writes its own run directory `<logdir>/rank<i>`; the page "
        "lists them as one entry.",
    )
    rank_timeout_s: float = option(
        60.0,
        "How long a record waits in the background for a rank that does not answer.",
        "seconds",
    )
    warn_on: WatchedKind | Sequence[WatchedKind] = option(
        (),
        "Kinds of findings to report as warnings during the training, each incident once, and "
        "again if it gets graver: any of "
        f"{_quote(INSTANT_KINDS)}, which are reported within 20 records, and "
        f"{_quote(PERIODIC_KINDS)}, which are "
        "checked after each of the first 24 records and then at most 4 apart, after 128 each 32nd "
        "part of the run, as long as looks take 5 % of the time at most. An info of a kind that "
        "is usually a warning is left to the report, but for one batch at every step and layers "
        "in eval mode: these, and layers frozen before the run, are reported once and stop "
        "nothing.",
    )
    stop_on: WatchedKind | Sequence[WatchedKind] = option(
        (),
        "Kinds of findings to report and to stop at: fastai, Lightning and transformers stop "
        "after the batch; in your own loop, check `should_stop`. With several ranks, callbacks "
        "only warn, because no rank can stop alone.",
    )

    on_finding: Callable[[Finding], object] | None = option(
        None,
        "Function that a background thread calls during the training with the first `Finding` of "
        "each incident, and with a graver one of it: of the kinds in `warn_on` and `stop_on` or, "
        "if both are empty, of every error and warning. An exception from it is reported once, and "
        "the training goes on.",
    )
    alert_url: str | None = option(
        None,
        "Address that receives a POST for each incident of the same kinds: a message for Slack "
        "and Discord webhooks, otherwise JSON with `text`, `logdir` and `finding`. A request may "
        "take 5 s; `close()` waits at most 3 s for it.",
    )

    def __post_init__(self) -> None:
        check_callable("on_finding", self.on_finding, "Finding -> None")
        check_web_address("alert_url", self.alert_url)
        if self.start_step is not None:
            start = index_to_int(self.start_step)
            check_whole("start_step", start, 0)
            object.__setattr__(self, "start_step", start)
        for name in ("merge_ranks", "per_rank"):
            check_flag(name, getattr(self, name))
        if self.name is not None and not (isinstance(self.name, str) and self.name.strip(". /")):
            refuse("name", self.name, "None or a name such as 'G'")
        check_positive("rank_timeout_s", self.rank_timeout_s)
        set_names(self, "warn_on", WATCHED_KINDS, least=0)
        set_names(self, "stop_on", WATCHED_KINDS, least=0)


GROUPS: Final = (CaptureOptions, RecordingOptions, WriterOptions)


class LoggerOptions(TypedDict, total=False):
    """The keyword options of `ActivationHistLogger`, of the callbacks and of `probe_module`."""

    layers: Layers
    every: int
    kinds: Kind | Sequence[Kind]
    phases: Phase | Sequence[Phase]
    bins: Scheme
    per_call: bool
    split: Split | None
    split_bins: bool
    accumulate: bool
    thin_after: int | None
    schedule: Callable[[int], bool] | None
    overhead_budget: float | None
    sizes_every: int | None
    model_inputs: bool
    scaler: GradScaler | None
    on_error: OnError
    optimizer: Optimizer | Sequence[Optimizer] | None
    name: str | None
    start_step: int | None
    merge_ranks: bool
    per_rank: bool
    rank_timeout_s: float
    warn_on: WatchedKind | Sequence[WatchedKind]
    stop_on: WatchedKind | Sequence[WatchedKind]
    on_finding: Callable[[Finding], object] | None
    alert_url: str | None
    block_records: int
    flush_s: float
    queue_records: int
    on_backlog: OnBacklog
    histogram_points: int
    scalar_points: int
    split_exact: bool
    dashboard_cards: int | None
    close_timeout_s: float


class OptionGroups(NamedTuple):
    """The options of a logger, by the part of it that they are for."""

    capture: CaptureOptions
    recording: RecordingOptions
    writer: WriterOptions


class OptionRow(NamedTuple):
    """One line of the README's options table."""

    name: str
    default: str
    unit: str
    doc: str


def option_rows() -> list[OptionRow]:
    """All options of `ActivationHistLogger` in reading order, each once."""
    rows: dict[str, OptionRow] = {}
    for each in (each for group in GROUPS for each in fields(group)):
        row = OptionRow(each.name, repr(each.default), each.metadata["unit"], each.metadata["doc"])
        rows.setdefault(each.name, row)
    return list(rows.values())


def split_options(given: Mapping[str, Any]) -> OptionGroups:
    """Sort keyword arguments into their groups; OptionError for a name that none of them has."""
    known = [row.name for row in option_rows()]
    for name in given:
        if name not in known:
            raise OptionError(_unknown_option(name, known))
    return OptionGroups(
        _pick(CaptureOptions, given), _pick(RecordingOptions, given), _pick(WriterOptions, given)
    )


def _pick(group: type[OptionsT], given: Mapping[str, Any]) -> OptionsT:
    names = {each.name for each in fields(group)}
    return group(**{name: value for name, value in given.items() if name in names})


def _unknown_option(name: str, known: list[str]) -> str:
    near = near_names(name, known, most=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known options: {', '.join(known)}."
    return f"There is no option {name!r}. {hint}"


def _option_lines() -> str:
    """Every option with its default, unit and meaning, a line each."""
    return "\n".join(
        f"{row.name}: {row.doc} Default: {row.default} {row.unit}".rstrip() + "."
        for row in option_rows()
    )


LoggerOptions.__doc__ = f"{LoggerOptions.__doc__}\n\n{_option_lines()}"

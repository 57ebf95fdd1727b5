"""What a rule is: one value that holds all that the product knows of one kind of finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.confidence import confidence_of
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import Hit
from tb_activation_hist.findings.record_stream import RecordStream
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import Thresholds

OptionsT_contra = TypeVar("OptionsT_contra", bound=Thresholds, contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a rule has seen once; with the rule's texts it becomes a `Finding`.

    hits: the layers that show it, the cause first.
    named: the layers that it is about, where nothing was recorded of them and `hits` is empty.
    steps: of the first and the last record that show it, where there are no hits.
    title: one sentence that names layers, state and step.
    threshold: the limits that were exceeded, by name.
    severity: where this case differs from the rule's usual one.
    figures: what was measured; the first hit's figures when None.
    """

    hits: Sequence[Hit]
    title: str
    threshold: Mapping[str, float]
    severity: str | None = None
    figures: Mapping[str, Any] | None = None
    named: Sequence[LayerInfo] = ()
    steps: tuple[int, int] = (0, 0)


class Begins(Enum):
    """When a finding begins, beside the one that explains it; "near" is a 20th of the run."""

    NOT_BEFORE = "at the same step or later"
    WITH_OR_AFTER = "near it or later"
    WITH = "near it"
    AFTER = "later, and not near it"

    def holds(self, after: int, near: float) -> bool:
        """after: steps from the start of the cause to that of the effect."""
        match self:
            case Begins.NOT_BEFORE:
                return after >= 0
            case Begins.WITH_OR_AFTER:
                return after >= -near
            case Begins.WITH:
                return abs(after) <= near
            case Begins.AFTER:
                return after > near


class OnlineState(NamedTuple):
    """The result for a single record: whether it shows the trouble, and what was measured."""

    holds: bool
    figures: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class OnlineCheck(Generic[OptionsT_contra]):
    """How a rule looks at single records while a training runs, in some microseconds each.

    check: what the newest record of a series shows.
    least_records: how many records in a row must show it.
    outputs_only: whether it is asked only of outputs in training, of which some are finite.
    title: the state in words, between "<layer>: " and " since step <n>".
    """

    check: Callable[[RecordStream, OptionsT_contra], OnlineState]
    least_records: Callable[[OptionsT_contra], int]
    outputs_only: bool
    title: str


def _figures_of(observed: Observation) -> Mapping[str, Any]:
    if observed.figures is not None:
        return observed.figures
    return observed.hits[0].figures if observed.hits else {}


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[OptionsT_contra]):
    """One kind of finding; `guidance` has what is said of its causes, by pattern.

    kind: its name in options, files and on the page.
    severity: one of `SEVERITIES`; an `Observation` may differ.
    seen: what is seen in the histograms, one sentence for the documents.
    source: where the method comes from.
    thresholds: the class that declares the rule's own thresholds; `Thresholds` when it has none.
    explains: kinds that follow from this one, or that say the same less well, and when they begin
        beside it. Such findings are left out.
    """

    kind: str
    severity: str
    seen: str
    source: str
    thresholds: type[Thresholds]
    explains: Mapping[str, Begins]

    def to_finding(self, run: str, observed: Observation) -> Finding:
        hits = observed.hits
        infos = [hit.signals.info for hit in hits] or observed.named
        return Finding(
            kind=self.kind,
            run=run,
            layers=tuple(info.layer for info in infos),
            tags=tuple(info.tag for info in infos),
            first_step=min((hit.first_step for hit in hits), default=observed.steps[0]),
            last_step=max((hit.last_step for hit in hits), default=observed.steps[1]),
            severity=observed.severity or self.severity,
            title=observed.title,
            advice="",
            figures=_figures_of(observed),
            threshold=observed.threshold,
            source=self.source,
            confidence=confidence_of(self.kind, observed.threshold),
            layer_steps=tuple((hit.first_step, hit.last_step) for hit in hits),
        )


FindInRun: TypeAlias = Callable[[RunSignals, OptionsT_contra], Iterable[Observation]]
"""Looks at all series of a run, in model order."""


def _never(_cause: Finding, _effect: Finding, _near: float) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class RunRule(Rule[OptionsT_contra]):
    """A rule that one run can show.

    find: the patterns that make a finding of this kind, each a function.
    slow: patterns that take longer: while a training runs they are looked for less often.
    online: the check of single records; None when the rule needs a run's history.
    repeats: whether the second of two findings of this kind only repeats the first.
    """

    find: tuple[FindInRun[OptionsT_contra], ...]
    online: OnlineCheck[OptionsT_contra] | None
    slow: tuple[FindInRun[OptionsT_contra], ...] = ()
    repeats: Callable[[Finding, Finding, float], bool] = _never

    def find_in_run(
        self, run: str, layers: RunSignals, options: OptionsT_contra, *, slow: bool = True
    ) -> list[Finding]:
        """What the run shows. slow: whether also by the patterns that take longer."""
        return [
            self.to_finding(run, observed)
            for find in (*self.find, *(self.slow if slow else ()))
            for observed in find(layers, options)
        ]


Compare: TypeAlias = Callable[
    [str, Sequence[tuple[Signals, Signals]], OptionsT_contra], Iterable[Observation]
]
"""Takes the baseline's name, and each layer as it is in the baseline and in the other run."""


@dataclass(frozen=True, kw_only=True)
class ComparisonRule(Rule[OptionsT_contra]):
    """A rule that only two runs side by side can show."""

    compare: Compare[OptionsT_contra]

    def find_in_pairs(
        self,
        baseline: str,
        run: str,
        pairs: Sequence[tuple[Signals, Signals]],
        options: OptionsT_contra,
    ) -> list[Finding]:
        return [self.to_finding(run, seen) for seen in self.compare(baseline, pairs, options)]

"""The findings of a run that still grows: from single records, and from looks at all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.harm import starts_with_zeros
from tb_activation_hist.findings.loss_signals import LEAST_WINDOWS
from tb_activation_hist.findings.online import OnlineRules
from tb_activation_hist.findings.periodic import LOOK_SHARE, RunSoFar
from tb_activation_hist.findings.registry import (
    DEFAULT_OPTIONS,
    INSTANT_KINDS,
    RUN_RULE_OF,
    FindingOptions,
)
from tb_activation_hist.findings.run_facts import RunFacts
from tb_activation_hist.findings.still_weights import DROPPED, Cause

PERIODIC_KINDS: Final = frozenset(
    kind for kind, rule in RUN_RULE_OF.items() if rule.online is None or len(rule.find) > 1
)
"""Kinds of which single records do not show every pattern."""

JUDGED_KINDS: Final = frozenset({"collapsed", "exploding"})
"""Kinds that single records show, but of which the run so far tells whether they do harm."""

NOTED_KINDS: Final = frozenset({"constant_input", "eval_mode", "frozen"})
"""Kinds of which what may be meant so is reported, too, once and without ever stopping a training:
one batch at every step, frozen layers and layers in eval mode are common mistakes and common
choices, and nothing recorded tells which."""

NOTED_AFTER: Final = 8
"""Steps after which that is reported: by then the weights of a target network are seen to move."""

WHOLE_RUN: Final = frozenset({"chance_share", "short_way"})
"""Limits of findings that are true of a whole run: one that has just begun has not learnt yet."""


SOON_REFUTED: Final = frozenset({"large_logits"})
"""Limits of findings of the first record that the logged loss refutes where it soon falls, as that
of networks does whose usual initialisation is made for a thousand classes."""

LIVE_STILL: Final = 256
"""Steps over which a whole network must stand still, where a step may be yet to come, before it is
reported: gradients are added up over fewer. When a run has ended, it is known that none came."""


def is_too_early(finding: Finding, facts: RunFacts) -> bool:
    """Whether more of the run may show that there is nothing wrong."""
    if not WHOLE_RUN.isdisjoint(finding.threshold):
        return True
    soon = starts_with_zeros(finding) or not SOON_REFUTED.isdisjoint(finding.threshold)
    if soon and _is_loss_short(facts):
        return True
    short = finding.last_step - finding.first_step < LIVE_STILL
    return finding.severity == "error" and short and _may_begin(finding.figures.get("cause"), facts)


def _is_loss_short(facts: RunFacts) -> bool:
    """Whether it is too early to see how the logged loss goes."""
    return any(0 < len(loss.means) < LEAST_WINDOWS for loss in facts.losses)


def _may_begin(cause: object, facts: RunFacts) -> bool:
    """Whether a network learns once enough gradients are added up, or there is a reward."""
    if cause == Cause.NO_STEP.value:
        return facts.dropped_gradients < DROPPED
    return cause == Cause.ZERO_GRADIENT.value and facts.loss_begins_at_zero


def may_be_meant(finding: Finding, first_step: int) -> bool:
    """Whether it is only worth knowing, as it may well be meant so: no training stops for it.

    first_step: of the run. Layers that are frozen later on are what ``stop_on`` asks about.
    """
    return is_milder(finding) or (finding.kind == "frozen" and finding.first_step <= first_step)


def is_milder(finding: Finding) -> bool:
    """Whether it is an info although its kind is trouble."""
    return finding.severity == "info" and RUN_RULE_OF[finding.kind].severity != "info"


_Pattern: TypeAlias = tuple[str, str, frozenset[str]]


def _patterns(finding: Finding) -> Iterator[_Pattern]:
    """What was found in which layers, whatever it is worth."""
    limits = frozenset(finding.threshold)
    return ((finding.kind, tag, limits) for tag in finding.tags)


class LiveRules:
    """Feeds the records of a run to the rules as they arrive, and reports each kind once.

    An info does not keep the same kind's warning from being reported later.

    kinds: any of `WATCHED_KINDS`; for those of `PERIODIC_KINDS` the run so far is kept in bounded
    memory. run: the name that the findings carry. share: largest part of the time that looks at
    the run so far may take; None: no limit.
    Not thread-safe: feed it from one thread.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        run: str = "",
        options: FindingOptions = DEFAULT_OPTIONS,
        *,
        share: float | None = LOOK_SHARE,
    ) -> None:
        instant = tuple(kind for kind in kinds if kind in INSTANT_KINDS)
        self._kinds, self._run, self._options = frozenset(kinds), run, options
        self._online = OnlineRules(instant, run, options)
        self._so_far = RunSoFar(share) if self._kinds & PERIODIC_KINDS else None
        self._told: set[tuple[str, str, bool, bool]] = set()
        self._held: list[Finding] = []
        self._milder: frozenset[_Pattern] = frozenset()
        self._first_step = sys.maxsize

    @property
    def is_due(self) -> bool:
        """Whether the end of the record under way brings a look at the run so far.

        It does where a record shows what is to be judged by the harm that it does.
        """
        return self._so_far is not None and (self._so_far.is_due or bool(self._held))

    @property
    def keeps_records(self) -> bool:
        """Whether the run so far is kept and looked at."""
        return self._so_far is not None

    def add(self, info: LayerInfo, record: HistogramSeries) -> list[Finding]:
        """Take in the next record of one layer; returns what it shows by itself.

        Nothing for a single slice: the whole is judged.
        """
        if info.slice is not None:
            return []
        if self._so_far is not None:
            self._so_far.add(info, record)
        found = self._online.add(info, record)
        if self._so_far is not None:
            self._held += [finding for finding in found if finding.kind in JUDGED_KINDS]
            found = [finding for finding in found if finding.kind not in JUDGED_KINDS]
        return self._take_news(found)

    def end_record(self, step: int) -> None:
        """All layers of the record at a step were given, or none where no layer ran."""
        self._first_step = min(self._first_step, step)
        if self._so_far is not None:
            self._so_far.end_record(step)

    def look(self, facts: RunFacts, sizes: ParameterSizes) -> list[Finding]:
        """What the run so far newly shows, if a look is due.

        facts, sizes: what else is known of the run by now.
        """
        if self._so_far is None or not self.is_due:
            return []
        found = self._so_far.look(self._run, self._options, facts, sizes)
        milder = frozenset(own for f in found if is_milder(f) for own in _patterns(f))
        doubted = {(kind, tag) for kind, tag, _ in milder | self._milder}
        held = [f for f in self._held if (f.kind, f.tags[0]) not in doubted]
        self._held.clear()
        # The loss of a few batches decides what such trouble is worth: one look is not enough.
        certain = [f for f in found if is_milder(f) or self._milder.isdisjoint(_patterns(f))]
        known = [f for f in certain if not is_too_early(f, facts)]
        self._milder = milder
        return self._take_news([f for f in known if self._is_told(f)] + held)

    def _is_told(self, finding: Finding) -> bool:
        noted = finding.kind in NOTED_KINDS
        lasts = finding.last_step - finding.first_step >= NOTED_AFTER
        told = (noted and lasts) or not may_be_meant(finding, self._first_step)
        return finding.kind in self._kinds and told

    def _take_news(self, findings: Sequence[Finding]) -> list[Finding]:
        news = []
        for finding in findings:
            worth = (finding.severity == "info", may_be_meant(finding, self._first_step))
            report = (finding.kind, finding.tags[0].rpartition(finding.layers[0])[0], *worth)
            if report not in self._told:
                self._told.add(report)
                news.append(finding)
        return news

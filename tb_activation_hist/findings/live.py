"""The findings of a run that still grows: from single records, and from looks at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.online import OnlineRules
from tb_activation_hist.findings.periodic import LOOK_SHARE, PeriodicRules
from tb_activation_hist.findings.registry import (
    DEFAULT_OPTIONS,
    INSTANT_KINDS,
    RUN_RULE_OF,
    FindingOptions,
)
from tb_activation_hist.findings.run_facts import RunFacts

PERIODIC_KINDS: Final = frozenset(
    kind for kind, rule in RUN_RULE_OF.items() if rule.online is None or len(rule.find) > 1
)
"""Kinds of which single records do not show every pattern."""


class LiveRules:
    """Feeds the records of a run to the rules as they arrive, and reports each kind once.

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
        periodic = [kind for kind in kinds if kind in PERIODIC_KINDS]
        self._online = OnlineRules(instant, run, options)
        self._periodic = PeriodicRules(periodic, run, options, share=share) if periodic else None
        self._told: set[tuple[str, str]] = set()

    @property
    def is_due(self) -> bool:
        """Whether the end of the record under way brings a look at the run so far."""
        return self._periodic is not None and self._periodic.is_due

    @property
    def keeps_records(self) -> bool:
        """Whether the run so far is kept and looked at."""
        return self._periodic is not None

    def add(self, info: LayerInfo, record: HistogramSeries) -> list[Finding]:
        """Take in the next record of one layer; returns what it shows by itself."""
        if self._periodic is not None:
            self._periodic.add(info, record)
        return self._take_news(self._online.add(info, record))

    def end_record(self, step: int) -> None:
        """All layers of the record at a step were given, or none where no layer ran."""
        if self._periodic is not None:
            self._periodic.end_record(step)

    def look(self, facts: RunFacts, sizes: ParameterSizes) -> list[Finding]:
        """What the run so far newly shows, if a look is due.

        facts, sizes: what else is known of the run by now.
        """
        if self._periodic is None or not self._periodic.is_due:
            return []
        return self._take_news(self._periodic.look(facts, sizes))

    def _take_news(self, findings: Sequence[Finding]) -> list[Finding]:
        news = []
        for finding in findings:
            report = (finding.kind, finding.tags[0].rpartition(finding.layers[0])[0])
            if report not in self._told:
                self._told.add(report)
                news.append(finding)
        return news

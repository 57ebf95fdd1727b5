"""Findings that need a run's history: looked for again and again as the run grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import NO_SIZES
from tb_activation_hist.findings.diagnose import find_run_findings
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.registry import DEFAULT_OPTIONS, RUN_RULE_OF, FindingOptions
from tb_activation_hist.findings.run_facts import NO_FACTS

FIRST_LOOK: Final = 64
"""Records after which a run is looked at first; on shorter ones noise hides trends."""

START_LOOK: Final = 20
"""Records after which a run is looked at for what has held since its first record."""

LOOK_GROWTH: Final = 1.5
"""Factor by which a run grows from one look to the next; a look costs some 5 ms a layer."""

KEPT_RECORDS: Final = 256
"""Most records kept of a layer, some 400 kB; beyond it, neighbours are added up exactly."""

EXACT_KINDS: Final = frozenset({"constant_input"})
"""Kinds that no noise can make: they are told as soon as they are found."""

CHUNK_RECORDS: Final = 32
"""Records that are joined at a time."""


class History:
    """The records of one layer, in at most `KEPT_RECORDS` sums of neighbours of equal length."""

    def __init__(self) -> None:
        self.records = 0
        self._fresh: list[HistogramSeries] = []
        self._kept: HistogramSeries | None = None
        self._together = 1

    def add(self, record: HistogramSeries) -> None:
        """Take in the next record, a series of length 1."""
        self.records += 1
        self._fresh.append(record)
        if len(self._fresh) < max(CHUNK_RECORDS, self._together):
            return
        fresh = join_series(self._fresh)
        self._fresh.clear()
        if self._together > 1:
            fresh = fresh.pool(np.arange(0, len(fresh), self._together))
        self._kept = fresh if self._kept is None else join_series([self._kept, fresh])
        if len(self._kept) > KEPT_RECORDS:
            # A chunk and what is kept are multiples of a power of two, so pairs come out even.
            self._kept = self._kept.pool(np.arange(0, len(self._kept), 2))
            self._together *= 2

    @property
    def series(self) -> HistogramSeries | None:
        """The kept records; up to one chunk of the newest is not joined to them yet.

        While there is no chunk, all.
        """
        if self._kept is None and self._fresh:
            return join_series(self._fresh)
        return self._kept


class PeriodicRules:
    """Keeps a run's records in bounded memory and looks at them as a whole when the run has grown.

    kinds: the kinds to report, each once for activations, once for gradients and so on. run: the
    name that the findings carry. facts, sizes: what else is known of the run, and the sizes
    of its parameters; both may be renewed.
    Not thread-safe: feed it from one thread.
    """

    def __init__(
        self, kinds: Sequence[str], run: str = "", options: FindingOptions = DEFAULT_OPTIONS
    ) -> None:
        self._kinds = frozenset(kinds)
        self._run = run
        self._options = options
        self._layers: dict[str, tuple[LayerInfo, History]] = {}
        self._due = START_LOOK
        self.facts = NO_FACTS
        self.sizes = NO_SIZES
        self._reported: set[tuple[str, str]] = set()

    def add(self, info: LayerInfo, record: HistogramSeries) -> None:
        """Take in the next record of one layer."""
        self._layers.setdefault(info.tag, (info, History()))[1].add(record)

    @property
    def is_due(self) -> bool:
        """Whether the run has grown enough for another look."""
        return self._records >= self._due

    @property
    def _records(self) -> int:
        return max((own.records for _, own in self._layers.values()), default=0)

    def hasten(self) -> None:
        """There is news: look at the next record, if there are enough for a look at all."""
        self._due = max(min(self._due, self._records), START_LOOK)

    def look(self) -> list[Finding]:
        """New findings; none unless the run has grown enough for another look."""
        if not self.is_due:
            return []
        grown = int(np.ceil(LOOK_GROWTH * self._records / CHUNK_RECORDS)) * CHUNK_RECORDS
        self._due = max(grown, FIRST_LOOK)
        layers = {
            tag: (info, own.series)
            for tag, (info, own) in self._layers.items()
            if own.series is not None
        }
        findings = find_run_findings(self._run, layers, self._options, self.facts, self.sizes)
        return [finding for finding in findings if self._is_news(finding)]

    def _holds_from_start(self, finding: Finding) -> bool:
        """Whether it is about the first record, or has held from there to the newest."""
        series = self._layers.get(finding.tags[0], (None, History()))[1].series
        if series is None or finding.first_step != series.steps[0]:
            return False
        return finding.last_step in (finding.first_step, int(series.steps[-1]))

    def _is_news(self, finding: Finding) -> bool:
        # A case that is milder than its kind is meant so, as layers frozen on purpose are.
        meant = finding.severity == "info" and RUN_RULE_OF[finding.kind].severity != "info"
        report = (finding.kind, finding.tags[0].rpartition(finding.layers[0])[0])
        if finding.kind not in self._kinds or meant or report in self._reported:
            return False
        early = self._records < FIRST_LOOK and finding.kind not in EXACT_KINDS
        if early and not self._holds_from_start(finding):
            return False
        self._reported.add(report)
        return True

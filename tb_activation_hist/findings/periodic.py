"""The run so far: kept while it grows, and looked at as a whole again and again."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.findings.diagnose import find_run_findings
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.registry import FindingOptions
from tb_activation_hist.findings.run_facts import RunFacts

FIRST_LOOKS: Final = 24
"""A look follows each of so many first records ..."""

BETWEEN: Final = 4
"""... and then so many records, or `LONG_PART` of the run's length if that is more."""

LONG_PART: Final = 32

SLOW_LOOK: Final = 40
"""Records after which the patterns that take long are looked for first."""

SLOW_GROWTH: Final = 1.1
"""Factor by which a run grows from one look for these to the next."""

LOOK_SHARE: Final = 0.05
"""Largest share of the time that the looks take, unless the run has grown by `LATE_GROWTH`."""

LATE_GROWTH: Final = 1.5

LIVE_LASTING: Final = 10
"""Records that a state must last before it is reported live; a short run's report needs fewer."""

KEPT_RECORDS: Final = 256
"""Maximum number of records kept of a layer, some 400 kB; then neighbours are added up exactly."""

CHUNK_RECORDS: Final = 32
"""Records that are joined at a time."""


class History:
    """The records of one layer, in at most `KEPT_RECORDS` sums of neighbours of equal length."""

    def __init__(self) -> None:
        self.records = 0
        self._fresh: list[HistogramSeries] = []
        self._fresh_records = 0
        self._kept: HistogramSeries | None = None
        self._together = 1

    def add(self, record: HistogramSeries) -> None:
        """Take in the next record, a series of length 1."""
        self.records += 1
        self._fresh.append(record)
        self._fresh_records += 1
        if self._fresh_records < max(CHUNK_RECORDS, self._together):
            return
        fresh = self._join_fresh()
        self._fresh.clear()
        self._fresh_records = 0
        if self._together > 1:
            fresh = fresh.pool(np.arange(0, len(fresh), self._together))
        self._kept = fresh if self._kept is None else join_series([self._kept, fresh])
        if len(self._kept) > KEPT_RECORDS:
            # A chunk and what is kept are multiples of a power of two, so pairs come out even.
            self._kept = self._kept.pool(np.arange(0, len(self._kept), 2))
            self._together *= 2

    @property
    def series(self) -> HistogramSeries | None:
        """The kept records, and those that are not joined to them yet."""
        if not self._fresh:
            return self._kept
        fresh = self._join_fresh()
        return fresh if self._kept is None else join_series([self._kept, fresh])

    def _join_fresh(self) -> HistogramSeries:
        """The records since the last chunk, joined once: the next look adds what has come since."""
        joined = join_series(self._fresh) if len(self._fresh) > 1 else self._fresh[0]
        self._fresh[:] = [joined]
        return joined


class RunSoFar:
    """Keeps a run's records in bounded memory, and says when to look at them as a whole.

    share: as in `LiveRules`.
    """

    def __init__(self, share: float | None) -> None:
        self._share = share
        self._layers: dict[str, tuple[LayerInfo, History]] = {}
        self._records = 0
        self._last_step = 0
        self._due = 1
        self._slow_due = SLOW_LOOK
        self._late_due = 1
        self._rested = 0.0

    def add(self, info: LayerInfo, record: HistogramSeries) -> None:
        """Take in the next record of one layer."""
        self._layers.setdefault(info.tag, (info, History()))[1].add(record)

    def end_record(self, step: int) -> None:
        """All layers that ran in the record at a step were given."""
        self._records += 1
        self._last_step = step

    @property
    def is_due(self) -> bool:
        """Whether the run has grown enough for another look, and the last was long enough ago."""
        rested = self._records >= self._late_due or time.monotonic() >= self._rested
        return self._records >= self._due and rested

    def look(
        self, run: str, options: FindingOptions, facts: RunFacts, sizes: ParameterSizes
    ) -> list[Finding]:
        """All findings of the run so far.

        run: the name that they carry. facts, sizes: what else is known of it by now.
        """
        began = time.monotonic()
        layers = {
            tag: (info, series)
            for tag, (info, own) in self._layers.items()
            if (series := own.series) is not None
        }
        slow = self._records >= self._slow_due
        facts = replace(facts, last_step=self._last_step)
        options = replace(options, sustained_min=max(options.sustained_min, LIVE_LASTING))
        findings = find_run_findings(run, layers, options, facts, sizes, slow=slow)
        self._plan(slow=slow, took_s=time.monotonic() - began)
        return findings

    def _plan(self, *, slow: bool, took_s: float) -> None:
        """When to look again."""
        records = self._records
        between = 1 if records < FIRST_LOOKS else BETWEEN
        self._due = records + max(between, records // LONG_PART)
        self._late_due = int(np.ceil(LATE_GROWTH * records))
        if slow:
            self._slow_due = int(SLOW_GROWTH * records)
        if self._share is not None:
            self._rested = time.monotonic() + took_s / self._share

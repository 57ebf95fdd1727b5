"""Findings that are told while a training runs: what ``warn_on`` and ``stop_on`` ask for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries, Tallies
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.findings import (
    INSTANT_KINDS,
    Finding,
    Review,
    Watch,
    find_run_findings,
)


class Monitor:
    """Watches records on the writer's thread; the training's thread fetches what they show.

    warn_on, stop_on: any of `findings.WATCHED_KINDS`. `INSTANT_KINDS` are told after a few records,
    of which nothing is kept; for the others the run so far is kept in bounded memory and looked at
    as it grows. A failure ends the watching, nothing else.
    """

    def __init__(self, warn_on: Sequence[str], stop_on: Sequence[str]) -> None:
        self._stop_on = frozenset(stop_on)
        kinds = dict.fromkeys((*warn_on, *stop_on))
        slow = [kind for kind in kinds if kind not in INSTANT_KINDS]
        self._watch: Watch | None = Watch(tuple(kind for kind in kinds if kind in INSTANT_KINDS))
        self._review = Review(slow, lambda layers: find_run_findings("", layers)) if slow else None
        self._news: deque[Finding] = deque()
        self.should_stop = False
        self.failure: Exception | None = None

    def add(
        self, step: int, wall_time: float, layers: Sequence[LayerInfo], counts: RecordCounts
    ) -> None:
        """Take in a record; called on the writer's thread, after the record is stored."""
        if self._watch is None:
            return
        try:
            for row, info in enumerate(layers):
                if counts.n[row] > 0:
                    series = _row_to_series(step, wall_time, info, counts, row)
                    self._tell(self._watch.add(info, series))
                    if self._review is not None:
                        self._review.add(info, series)
            if self._review is not None:
                self._tell(self._review.look())
        # Whatever it is, the record is stored and the training goes on, unwatched.
        except Exception as err:  # noqa: BLE001
            self._watch = self._review = None
            self.failure = err

    def _tell(self, findings: list[Finding]) -> None:
        self._news += findings
        if any(finding.kind in self._stop_on for finding in findings):
            self.should_stop = True

    def take_messages(self) -> Iterator[str]:
        """What is new since the last call, for the user; each finding once."""
        while self._news:
            finding = self._news.popleft()
            stops = finding.kind in self._stop_on
            option = "stop_on: the training is asked to stop" if stops else "warn_on"
            yield f"{finding.title}. {finding.advice} ({finding.kind}, {option})"


def _row_to_series(
    step: int, wall_time: float, info: LayerInfo, counts: RecordCounts, row: int
) -> HistogramSeries:
    bins, bin_counts = counts.bins_of(row)
    tallies = Tallies(
        np.array([step], np.int64),
        np.array([wall_time], np.float64),
        *counts.tallies[row, :, None],
        *counts.moments[row, :, None],
    )
    return HistogramSeries(tallies, bins, bin_counts[None], info.scheme, info.key)

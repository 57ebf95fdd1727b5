"""Findings that are reported while a training runs, as ``warn_on`` and ``stop_on`` ask for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import SizeRecord
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.slice_counts import LayerSlices
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.findings import (
    UNIT_KINDS,
    WATCHED_KINDS,
    Finding,
    LiveIncidents,
    LiveRules,
    SizesSoFar,
    info_to_run_facts,
    may_be_meant,
)
from tb_activation_hist.recording.alerts import Alerts
from tb_activation_hist.recording.options import RecordingOptions
from tb_activation_hist.storage.slice_blocks import slices_to_series

WATCHED_SLICES: Final = 4096
"""Maximum number of slices of a layer whose units are watched: 14 kB are kept of each."""


class Monitor:
    """Looks at records on the writer's thread and keeps what is found for the training's thread.

    warn_on, stop_on: any of `findings.WATCHED_KINDS`. What single records show is reported after a
    few of them, of which nothing is kept. For the other kinds, the run so far is kept in bounded
    memory and checked as it grows.

    read_info: what the logger has noted of the run so far.
    alerts: what sends the same findings to the user's function and URL; with neither `warn_on` nor
    `stop_on`, every kind is watched for it.

    should_stop: whether a finding of `stop_on` was made. failure: the exception that ended the
    monitoring; records are stored and the training goes on all the same.
    """

    def __init__(
        self,
        warn_on: Sequence[str],
        stop_on: Sequence[str],
        read_info: Callable[[], Mapping[str, Any]] = dict,
        alerts: Alerts | None = None,
    ) -> None:
        self._read_info = read_info
        self._stop_on = frozenset(stop_on)
        self._asked = frozenset((*warn_on, *stop_on))
        kinds = dict.fromkeys((*warn_on, *stop_on) or WATCHED_KINDS)
        self.alerts = alerts
        self._incidents = LiveIncidents()
        self._first_step: int | None = None
        self._last_step = 0
        self._rules = LiveRules(tuple(kinds))
        self._units = not set(kinds).isdisjoint(UNIT_KINDS)
        self._begins: dict[int, Finding] = {}
        self._new_findings: deque[tuple[Finding, Finding]] = deque()
        self._sizes = SizesSoFar()
        self._failed = False
        self.should_stop = False
        self.failure: Exception | None = None

    def add(
        self, step: int, wall_time: float, layers: Sequence[LayerInfo], counts: RecordCounts
    ) -> None:
        """Take in a record; called on the writer's thread, after the record is stored."""
        if self._failed:
            return
        if self._first_step is None:
            self._first_step = step
        self._last_step = step
        try:
            self._look_at(step, wall_time, layers, counts)
        except Exception as err:  # noqa: BLE001 - nothing of ours may cost a record
            self._failed, self.failure = True, err

    def add_sizes(self, sizes: SizeRecord) -> None:
        """Take in the sizes of parameters; called on the writer's thread before their record."""
        if self._rules.keeps_records:
            self._sizes.add(sizes)

    def _look_at(
        self, step: int, wall_time: float, layers: Sequence[LayerInfo], counts: RecordCounts
    ) -> None:
        for row, info in enumerate(layers):
            if counts.n[row] > 0:
                series = _row_to_series(step, wall_time, info, counts, row)
                if self._units and counts.slices is not None:
                    series = _with_slices(series, info, counts.slices.of_row(row))
                self._keep(self._rules.add(info, series))
        self._rules.end_record(step)
        if self._rules.is_due:
            facts = info_to_run_facts(self._read_info())
            self._keep(self._rules.look(facts, self._sizes.sizes))

    def _keep(self, findings: list[Finding]) -> None:
        """Report what begins an incident, what is graver than what was told of it, and a stop."""
        for finding in findings:
            numbered, is_news = self._incidents.add(finding, self._first_step or 0, self._last_step)
            self._begins.setdefault(numbered.incident, finding)
            stops = self._stops(finding) and not self.should_stop
            self.should_stop |= stops
            if finding.kind in self._asked and (is_news or stops):
                self._new_findings.append((finding, self._begins[numbered.incident]))
            if self.alerts is not None and is_news and (self._asked or finding.severity != "info"):
                self.alerts.send(numbered)

    def _stops(self, finding: Finding) -> bool:
        return finding.kind in self._stop_on and not self._may_be_meant(finding)

    def _may_be_meant(self, finding: Finding) -> bool:
        return may_be_meant(finding, self._first_step or 0)

    def take_messages(self) -> Iterator[str]:
        """Sentences for the user about what was found since the last call; each incident once."""
        while self._new_findings:
            finding, first = self._new_findings.popleft()
            option = "stop_on: the training should stop" if self._stops(finding) else "warn_on"
            option = f"only worth knowing, {option}" if self._may_be_meant(finding) else option
            earlier = f"It goes with what was reported before: {first.title}. See to that first."
            advice = finding.advice if first is finding else earlier
            yield f"{finding.title}. {advice} ({finding.kind}, {option})"
        if self.alerts is not None:
            yield from self.alerts.take_messages()


def open_monitor(
    options: RecordingOptions,
    read_info: Callable[[], Mapping[str, Any]],
    alerts: Alerts | None,
) -> Monitor | None:
    """None if nobody asks for findings while the training runs."""
    watching = options.warn_on or options.stop_on or alerts
    return Monitor(options.warn_on, options.stop_on, read_info, alerts) if watching else None


def _row_to_series(
    step: int, wall_time: float, info: LayerInfo, counts: RecordCounts, row: int
) -> HistogramSeries:
    bins, bin_counts = counts.bins_of(row)
    tallies = Tallies(
        np.array([step], np.int64),
        np.array([wall_time], np.float64),
        *counts.totals[row, :, None],
        *counts.moments[row, :, None],
    )
    return HistogramSeries(tallies, bins, bin_counts[None], info.scheme, info.key, info.dtype)


def _with_slices(series: HistogramSeries, info: LayerInfo, slices: LayerSlices) -> HistogramSeries:
    """The same record with its slices, where there are any, and not too many to keep."""
    if not 0 < len(slices.totals) <= WATCHED_SLICES:
        return series
    step, wall_time = int(series.steps[0]), float(series.wall_times[0])
    return replace(series, slices=slices_to_series([step], [wall_time], [slices], info))

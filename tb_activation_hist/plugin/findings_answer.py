"""The findings route: a background thread works out findings and keeps them until a run grows."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

import numpy as np

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import RUN_INFO_TAG, LayerInfo, content_to_layer_info
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.findings import (
    Finding,
    find_difference_findings,
    find_run_findings,
    info_to_run_facts,
)
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.data_provider import BLOCKS, DataProvider, Listing, SeriesKey, Stamp
from tb_activation_hist.plugin.query import RequestError
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.run_notes import read_run_info
from tb_activation_hist.plugin.series_cache import SeriesCache
from tb_activation_hist.plugin.slices_answer import read_slices
from tb_activation_hist.storage.size_blocks import join_size_blocks
from tb_activation_hist.storage.size_codec import decode_sizes

RUN_BYTES: Final = 192 * 2**20
"""Memory for the records of one run while it is examined; a larger run is pooled in time."""

REST: Final = 1.0
"""The thread rests this many times as long as each series took, so that tiles come first."""

COOLING: Final = 10.0
"""A growing run is examined again after this many times as long as the last time took."""

logger = logging.getLogger(__name__)

TaskKey = tuple[str, str, str]
"""Experiment, run, and the baseline that the run is compared with; "" for no comparison."""

TaskListings = dict[SeriesKey, Listing]
"""The series that a task reads."""


@dataclass
class _TaskResult:
    """The result of a task; due: the monotonic time from which it may be run again."""

    stamps: Mapping[SeriesKey, Stamp] = field(default_factory=dict)
    findings: Sequence[schema.FindingAnswer] = ()
    error: str = ""
    due: float = 0.0


class FindingsAnswers:
    """Answers with the findings so far; the thread starts with the first request."""

    def __init__(self, cache: SeriesCache, rest: float = REST) -> None:
        """rest: 0 where nobody else waits for the processor."""
        self._series_cache = cache
        self._rest = rest
        self._done: dict[TaskKey, _TaskResult] = {}
        self._queue: dict[TaskKey, tuple[DataProvider, TaskListings]] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def answer(
        self,
        provider: DataProvider,
        runs: Sequence[str] = (),
        baseline: str = "",
        first: Sequence[str] = (),
    ) -> schema.Findings:
        """The findings so far of these runs, and how far the examination is.

        Args:
            provider: Where the series are read.
            runs: Names of runs; none stands for all that have layers.
            baseline: A run that others are compared with; "" for none.
            first: Runs to examine before the others. Where it is given, only they are compared.

        Raises:
            RequestError: 404 for a run that TensorBoard does not list.
        """
        by_run = _list_runs(provider, runs, first, baseline)
        asked = dict.fromkeys([*first, *(runs or _runs_with_layers(by_run))])
        tasks = _list_tasks(provider.experiment, by_run, asked, baseline, first or asked)
        findings: list[schema.FindingAnswer] = []
        errors: list[str] = []
        pending: set[SeriesKey] = set()
        unchecked: list[str] = []
        with self._wake:
            wanted: dict[TaskKey, TaskListings] = {}
            for task, listings in tasks.items():
                done = self._done.get(task, _TaskResult())
                new = {key for key, item in listings.items() if done.stamps.get(key) != item.stamp}
                pending |= new
                unchecked += [task[1]] if new and not task[2] else []
                findings += done.findings
                errors += [done.error] if done.error else []
                if new and time.monotonic() >= done.due:
                    wanted[task] = listings
            self._enqueue(provider, wanted)
        return {
            "version": schema.API_VERSION,
            "findings": findings,
            "runs": len(asked),
            "unchecked": unchecked,
            "pending": len(pending),
            "errors": errors,
        }

    def _enqueue(self, provider: DataProvider, wanted: Mapping[TaskKey, TaskListings]) -> None:
        """What was asked for last comes first."""
        if not wanted:
            return
        fresh = {}
        for task, listings in wanted.items():
            waiting = self._queue.pop(task, None)
            same = waiting is not None and _stamps(waiting[1]) == _stamps(listings)
            fresh[task] = waiting if waiting is not None and same else (provider, listings)
        self._queue = fresh | self._queue
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="activation_hist findings", daemon=True
            )
            self._thread.start()
        self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._queue:
                    self._wake.wait()
                task = next(iter(self._queue))
                provider, listings = self._queue[task]
            start = time.monotonic()
            done = self._run_task(provider, task, listings)
            done.due = time.monotonic() + COOLING * (time.monotonic() - start)
            with self._wake:
                self._done[task] = done
                if self._queue.get(task, (None, None))[1] is listings:
                    del self._queue[task]

    def _run_task(
        self, provider: DataProvider, task: TaskKey, listings: TaskListings
    ) -> _TaskResult:
        _, run, baseline = task
        stamps = _stamps(listings)
        try:
            found = self._find(provider, run, baseline, listings)
        except Exception as err:  # findings are an extra: without them all else still works
            logger.exception("Looking for what is wrong in run %r failed.", run)
            return _TaskResult(stamps, error=f"Run {run!r}: {type(err).__name__}: {err}")
        # A test holds Finding.to_dict() to the schema.
        return _TaskResult(
            stamps, [cast("schema.FindingAnswer", finding.to_dict()) for finding in found]
        )

    def _find(
        self, provider: DataProvider, run: str, baseline: str, listings: TaskListings
    ) -> list[Finding]:
        own = {key: listing for key, listing in listings.items() if key.run == run}
        if not baseline:
            layers = self._read_run(provider, own)
            facts = info_to_run_facts(read_run_info(provider, run))
            sizes = _read_sizes(provider, run)
            return find_run_findings(
                run, layers, facts=facts, sizes=sizes, before_rule=self._let_tiles_pass
            )
        other = {key: listing for key, listing in listings.items() if key.run == baseline}
        both = {baseline: self._read_run(provider, other), run: self._read_run(provider, own)}
        return find_difference_findings(both)

    def _let_tiles_pass(self) -> None:
        self._series_cache.pause(Urgency.LATER)

    def _read_run(
        self, provider: DataProvider, listings: Mapping[SeriesKey, Listing]
    ) -> dict[str, tuple[LayerInfo, HistogramSeries]]:
        layers = {}
        room = RUN_BYTES // max(len(listings), 1)
        start = time.monotonic()
        for key, loaded in self._series_cache.load(provider, listings, Urgency.LATER):
            try:
                info = content_to_layer_info(listings[key].content)
            except FormatError:
                continue
            series = pool_to_bytes(loaded.series, room)
            if info.split is not None:
                series = replace(series, slices=_read_slices(provider, key))
            layers[key.tag] = (info, series)
            time.sleep(min(self._rest * (time.monotonic() - start), 1.0))
            start = time.monotonic()
        return layers


def _read_slices(provider: DataProvider, key: SeriesKey) -> SliceSeries | None:
    """A layer's slices; without them its histograms are still examined."""
    try:
        return read_slices(provider, key.run, key.tag)
    except FormatError:
        return None


def _read_sizes(provider: DataProvider, run: str) -> ParameterSizes:
    """The sizes of the run's parameters, as far as they can be read."""
    blocks = []
    for data in provider.read_size_blocks(run):
        with contextlib.suppress(FormatError):
            blocks.append(decode_sizes(data))
    return join_size_blocks(blocks)


def _stamps(listings: TaskListings) -> dict[SeriesKey, Stamp]:
    return {key: listing.stamp for key, listing in listings.items()}


def _list_runs(
    provider: DataProvider, runs: Sequence[str], first: Sequence[str], baseline: str
) -> dict[str, TaskListings]:
    """The series by run; of all runs where none is asked for. Runs asked for may have none."""
    by_run: dict[str, TaskListings] = {run: {} for run in (*runs, *first, baseline)}
    for key, listing in provider.list_series(BLOCKS, list(by_run) if runs else None).items():
        if key.tag != RUN_INFO_TAG:
            by_run.setdefault(key.run, {})[key] = listing
    _require_known(provider, [run for run in (*runs, *first) if not by_run[run]])
    return by_run


def _runs_with_layers(by_run: Mapping[str, TaskListings]) -> list[str]:
    return sorted(run for run, listings in by_run.items() if listings)


def _list_tasks(
    experiment: str,
    by_run: Mapping[str, TaskListings],
    runs: Collection[str],
    baseline: str,
    compared: Collection[str],
) -> dict[TaskKey, TaskListings]:
    """The series of each task: of a run alone, then of a run and its baseline in common tags."""
    tasks = {(experiment, run, ""): by_run[run] for run in runs}
    for run in compared:
        if baseline and run != baseline:
            common = {key.tag for key in by_run[run]} & {key.tag for key in by_run[baseline]}
            both = by_run[baseline] | by_run[run]
            tasks[experiment, run, baseline] = {
                key: listing for key, listing in both.items() if key.tag in common
            }
    return tasks


def _require_known(provider: DataProvider, runs: Sequence[str]) -> None:
    """RequestError for a run that TensorBoard does not list; one without our series is fine."""
    known = {entry.name for entry in provider.list_runs()} if runs else set()
    unknown = [run for run in runs if run not in known]
    if unknown:
        raise RequestError(f"There is no run {unknown[0]!r}.", 404)


def pool_to_bytes(series: HistogramSeries, limit_bytes: int) -> HistogramSeries:
    """Pool the records of a series in powers of two until it fits into the limit."""
    level = 0
    while series.bin_counts.nbytes >> level > limit_bytes and len(series) >> level > 1:
        level += 1
    return series.pool(np.arange(0, len(series), 1 << level)) if level else series

"""Findings, worked out on one background thread and kept until a run has new records."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tb_activation_hist.errors import FormatError
from tb_activation_hist.findings import find_run_findings
from tb_activation_hist.histogram import HistogramSeries
from tb_activation_hist.names import RUN_INFO_TAG, LayerInfo, content_to_layer_info
from tb_activation_hist.plugin.provider import BLOCKS, Listing, Provider, SeriesKey, Stamp
from tb_activation_hist.plugin.store import Store

FINDINGS_VERSION: Final = 1

RUN_BYTES: Final = 192 * 2**20
"""Memory for the records of one run while it is looked at; above it, records are pooled."""

REST: Final = 1.0
"""After each series the thread rests this many times what it took, so that tiles come first."""

COOLING: Final = 10.0
"""A growing run is looked at again after this many times what the last look took."""

logger = logging.getLogger(__name__)

RunKey = tuple[str, str]


@dataclass
class _Diagnosed:
    """What is known of one run."""

    stamps: Mapping[SeriesKey, Stamp] = field(default_factory=dict)
    findings: Sequence[dict[str, Any]] = ()
    error: str = ""
    due: float = 0.0


class Diagnosis:
    """Findings of each run; one thread per server, started when first asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done: dict[RunKey, _Diagnosed] = {}
        self._queue: dict[RunKey, tuple[Provider, dict[SeriesKey, Listing]]] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def answer(self, provider: Provider, runs: Sequence[str]) -> dict[str, Any]:
        """The findings so far of these runs, and how many series are still to be looked at."""
        by_run: dict[str, dict[SeriesKey, Listing]] = {run: {} for run in runs}
        for key, listing in provider.list_series(BLOCKS, list(by_run)).items():
            if key.tag != RUN_INFO_TAG and key.run in by_run:
                by_run[key.run][key] = listing
        findings: list[dict[str, Any]] = []
        errors, pending = [], 0
        with self._wake:
            for run, listings in by_run.items():
                done = self._done.setdefault((provider.experiment, run), _Diagnosed())
                new = [key for key, item in listings.items() if done.stamps.get(key) != item.stamp]
                pending += len(new)
                findings += done.findings
                errors += [done.error] if done.error else []
                if new and time.monotonic() >= done.due:
                    self._enqueue(provider, run, listings)
        return {
            "version": FINDINGS_VERSION,
            "findings": findings,
            "pending": pending,
            "errors": errors,
        }

    def _enqueue(self, provider: Provider, run: str, listings: dict[SeriesKey, Listing]) -> None:
        self._queue[provider.experiment, run] = (provider, listings)
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
                key = next(iter(self._queue))
                provider, listings = self._queue[key]
            start = time.monotonic()
            done = self._diagnose(provider, key[1], listings)
            done.due = time.monotonic() + COOLING * (time.monotonic() - start)
            with self._wake:
                self._done[key] = done
                if self._queue.get(key, (None, None))[1] is listings:
                    del self._queue[key]

    def _diagnose(
        self, provider: Provider, run: str, listings: Mapping[SeriesKey, Listing]
    ) -> _Diagnosed:
        stamps = {key: listing.stamp for key, listing in listings.items()}
        try:
            layers = self._read_run(provider, listings)
            found = [finding.to_dict() for finding in find_run_findings(run, layers)]
        except Exception as err:  # findings are an extra: without them all else still works
            logger.exception("Looking for what is wrong in run %r failed.", run)
            return _Diagnosed(stamps, error=f"Run {run!r}: {type(err).__name__}: {err}")
        return _Diagnosed(stamps, found)

    def _read_run(
        self, provider: Provider, listings: Mapping[SeriesKey, Listing]
    ) -> dict[str, tuple[LayerInfo, HistogramSeries]]:
        layers = {}
        room = RUN_BYTES // max(len(listings), 1)
        start = time.monotonic()
        for key, stored in self._store.load(provider, listings, keep=False):
            try:
                info = content_to_layer_info(listings[key].content)
            except FormatError:
                continue
            layers[key.tag] = (info, pool_to_bytes(stored.series, room))
            time.sleep(min(REST * (time.monotonic() - start), 1.0))
            start = time.monotonic()
        return layers


def pool_to_bytes(series: HistogramSeries, limit_bytes: int) -> HistogramSeries:
    """The series itself, or its records pooled in powers of two until it fits."""
    level = 0
    while series.bin_counts.nbytes >> level > limit_bytes and len(series) >> level > 1:
        level += 1
    return series.pool(np.arange(0, len(series), 1 << level)) if level else series

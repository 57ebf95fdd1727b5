"""Recent listings of TensorBoard: a new one waits some 50 ms for its data server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

from tb_activation_hist.plugin.data_provider import (
    BLOCKS,
    HISTOGRAMS,
    DataProvider,
    Listing,
    RunEntry,
    SeriesKey,
    is_series,
)

RECENT_S: Final = 5.0
"""TensorBoard looks at its files every five seconds, so a listing of this age is as good as new."""

OPENING_S: Final = 600.0
"""A page that opens gets a listing of up to this age at once. A new one is made meanwhile, and the
page asks for it half a second later."""

Listings = Mapping[SeriesKey, Listing]


@dataclass(frozen=True)
class ExperimentListing:
    """All runs and series of an experiment."""

    runs: list[RunEntry]
    blocks: Listings
    histograms: Listings

    def find(self, key: SeriesKey) -> Listing | None:
        return (self.blocks if key.source == BLOCKS else self.histograms).get(key)


class _Kept(NamedTuple):
    """A listing. kept_at: when it last counted as recent. begun_at: when its listing began."""

    kept_at: float
    begun_at: float
    listed: ExperimentListing


class ListingCache:
    """The last listing of each experiment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._renewing = ThreadPoolExecutor(1, thread_name_prefix="activation_hist renewing")
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="activation_hist listing")

    def list_all(self, provider: DataProvider, *, anew: bool) -> ExperimentListing:
        """List all runs and series; anew: as they are now, not as they were a moment ago."""
        if not anew and (recent := self._recent(provider.experiment)):
            return recent
        if not anew and (old := self._recent(provider.experiment, OPENING_S)):
            # What the page asks for next belongs to this listing.
            self._count_as_recent(provider.experiment)
            self._renewing.submit(self._renew, provider)
            return old
        return self._renew(provider)

    def list_some(
        self, provider: DataProvider, keys: Iterable[SeriesKey]
    ) -> dict[SeriesKey, Listing]:
        """List those of the given series that exist, in their order where a listing is recent."""
        keys = list(dict.fromkeys(filter(is_series, keys)))
        recent = self._recent(provider.experiment)
        if recent:
            known = {key: recent.find(key) for key in keys}
            if all(known.values()):
                return {key: listing for key, listing in known.items() if listing}
        found: dict[SeriesKey, Listing] = {}
        for source in {key.source for key in keys}:
            of_source = [key for key in keys if key.source == source]
            runs, tags = {key.run for key in of_source}, {key.tag for key in of_source}
            found |= provider.list_series(source, runs, tags)
        return found

    def _recent(self, experiment: str, age_s: float = RECENT_S) -> ExperimentListing | None:
        with self._lock:
            last = self._last.get(experiment)
        return last.listed if last and self._clock() - last.kept_at < age_s else None

    def _renew(self, provider: DataProvider) -> ExperimentListing:
        begun_at = self._clock()
        # Each of them waits for the data server, so they do so together.
        blocks = self._threads.submit(provider.list_series, BLOCKS)
        histograms = self._threads.submit(provider.list_series, HISTOGRAMS)
        listed = ExperimentListing(provider.list_runs(), blocks.result(), histograms.result())
        self._keep(provider.experiment, begun_at, listed)
        return listed

    def _keep(self, experiment: str, begun_at: float, listed: ExperimentListing) -> None:
        """Keep a listing, unless one that began later has come before it."""
        with self._lock:
            last = self._last.get(experiment)
            if last is None or last.begun_at <= begun_at:
                self._last[experiment] = _Kept(self._clock(), begun_at, listed)

    def _count_as_recent(self, experiment: str) -> None:
        with self._lock:
            self._last[experiment] = self._last[experiment]._replace(kept_at=self._clock())

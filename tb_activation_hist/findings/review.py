"""The findings that need a whole run's history, looked for now and then while it grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.finding import Finding

FIRST_LOOK: Final = 64
"""Records after which a run is looked at first; on shorter ones noise hides trends."""

LOOK_GROWTH: Final = 1.5
"""How many times longer the run is at the next look; a look costs some 5 ms a layer."""

KEPT_RECORDS: Final = 256
"""Most records kept of a layer: some 400 kB. Beyond it neighbours are added up, exactly."""

CHUNK_RECORDS: Final = 32

Find: TypeAlias = Callable[[dict[str, tuple[LayerInfo, HistogramSeries]]], list[Finding]]


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
        """What is kept; the latest few records come with the next chunk."""
        return self._kept


class Review:
    """Keeps a run's records, in bounded memory, and looks at them as a whole as the run grows.

    kinds: which findings to tell, each once for activations, once for gradients ...
    find: what is wrong in the layers given by tag. Not thread-safe: feed it from one thread.
    """

    def __init__(self, kinds: Sequence[str], find: Find) -> None:
        self._kinds = frozenset(kinds)
        self._find = find
        self._layers: dict[str, tuple[LayerInfo, History]] = {}
        self._due = FIRST_LOOK
        self._told: set[tuple[str, str]] = set()

    def add(self, info: LayerInfo, record: HistogramSeries) -> None:
        """Take in the next record of one layer."""
        self._layers.setdefault(info.tag, (info, History()))[1].add(record)

    def look(self) -> list[Finding]:
        """What is newly found, where the run has grown enough for another look; else nothing."""
        records = max((own.records for _, own in self._layers.values()), default=0)
        if records < self._due:
            return []
        self._due = int(np.ceil(LOOK_GROWTH * records / CHUNK_RECORDS)) * CHUNK_RECORDS
        layers = {
            tag: (info, own.series)
            for tag, (info, own) in self._layers.items()
            if own.series is not None
        }
        return [finding for finding in self._find(layers) if self._is_news(finding)]

    def _is_news(self, finding: Finding) -> bool:
        # Layers that were frozen on purpose are as they should be.
        frozen = finding.kind == "not_learning" and finding.severity == "info"
        told = (finding.kind, finding.tags[0].rpartition(finding.layers[0])[0])
        if finding.kind not in self._kinds or frozen or told in self._told:
            return False
        self._told.add(told)
        return True

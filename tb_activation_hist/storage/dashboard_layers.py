"""Chooses the layers that are shown in TensorBoard's own tabs, so that they bury nothing there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.storage.record_statistics import STATISTIC_SCALARS

CARDS_OF_LAYER = len(STATISTIC_SCALARS) + 1
"""Cards of a layer in Time Series: one for each scalar and one for the histogram."""


class DashboardLayers:
    """The layers with points in TensorBoard's own tabs: all, or some spread over the model.

    cards: approximate number of cards in all; None: all layers get cards. Of the layers of the
    first record those of the first kind are taken, evenly spaced, then those of the next kinds, and
    single slices last. Layers that come later are taken while there is room.
    """

    def __init__(self, cards: int | None) -> None:
        self._most = None if cards is None else -(-cards // CARDS_OF_LAYER)
        self._seen: set[str] = set()
        self._chosen: set[str] = set()

    def __contains__(self, info: LayerInfo) -> bool:
        return info.tag in self._chosen

    def see(self, layers: Sequence[LayerInfo], counts: RecordCounts) -> list[int]:
        """Rows of the record that hold any value and whose layers are chosen, ascending."""
        rows = np.flatnonzero(counts.n).tolist()
        new = [layers[row] for row in rows if layers[row].tag not in self._seen]
        self._seen.update(info.tag for info in new)
        self._chosen.update(self._choose(new))
        return [row for row in rows if layers[row] in self]

    def _choose(self, new: Sequence[LayerInfo]) -> list[str]:
        room = len(new) if self._most is None else self._most - len(self._chosen)
        by_stream: dict[tuple[bool, str], list[str]] = {}
        for info in sorted(new, key=lambda info: (info.slice is not None, info.sort_key)):
            stream = info.slice is not None, info.key.removesuffix(info.layer)
            by_stream.setdefault(stream, []).append(info.tag)
        chosen: list[str] = []
        for tags in by_stream.values():
            chosen += spread(tags, room - len(chosen))
        return chosen


def spread(items: Sequence[str], most: int) -> list[str]:
    """At most this many items, evenly spaced, with the first and the last where there are two."""
    if most <= 0:
        return []
    places = np.linspace(0, len(items) - 1, min(most, len(items)))
    return [items[round(place)] for place in places.tolist()]

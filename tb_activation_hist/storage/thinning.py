"""Chooses the records with points in TensorBoard's own dashboards: ever fewer of a long run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tb_activation_hist.core.names import LayerInfo

HISTOGRAM_STRIDE: Final = 16
STATISTICS_STRIDE: Final = 8
"""Records from one point to the next, at least: at every record points would outweigh the blocks
(1,055 bytes per layer beside 394), so they take 83. The logger's own thinning leaves some 20,000
records of a long run; `Thinning` then gives some 500 histograms and 1,000 scalars.
"""


class Thinning:
    """Every `stride`-th record for half of `points`, then ever fewer.

    Each doubling of the run's length then adds a quarter of `points`, so that a run of some
    thousand records has about as many as asked for. The first record always has one.
    """

    def __init__(self, points: int, stride: int) -> None:
        self._stride = stride
        self._dense = max(points // 2, 1) * stride
        self._on = points > 0
        self._seen = 0

    def next(self) -> bool:
        """Whether the next record gets a point."""
        stride = self._stride << (self._seen // self._dense).bit_length()
        chosen = self._on and self._seen % stride == 0
        self._seen += 1
        return chosen


class LayerThinning:
    """A `Thinning` for each layer: one that is rarely recorded, as in evaluation, has its own."""

    def __init__(self, points: int, stride: int) -> None:
        self._points = points
        self._stride = stride
        self._layers: dict[str, Thinning] = {}

    def due_rows(self, layers: Sequence[LayerInfo], rows: Sequence[int]) -> list[int]:
        """Those of the rows of a record that get a point."""
        return [row for row in rows if self._thinning(layers[row].tag).next()]

    def _thinning(self, tag: str) -> Thinning:
        if tag not in self._layers:
            self._layers[tag] = Thinning(self._points, self._stride)
        return self._layers[tag]

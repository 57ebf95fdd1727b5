"""Counts of one record along a dimension of its layers: one row for each slice. numpy only.

A *slice* is what one index of the dimension selects: a channel, a unit, a head, an expert.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from tb_activation_hist.core.grid import FloatArray, IntArray

SLICE_TOTALS: Final = ("n", "zeros", "non_finite")
"""Integer totals of a slice, in the order of counting and storing."""

SliceStatistic: TypeAlias = Literal["zero_share", "mean", "std", "abs_max", "rms", "min", "max"]
"""A figure of each slice and record: an attribute of `SliceSeries`."""

SLICE_STATISTICS: Final[tuple[SliceStatistic, ...]] = get_args(SliceStatistic)

MAX_SLICES: Final = 65_536
"""Maximum number of slices of one tensor."""


MAX_BINNED: Final = 64
"""Most slices of a tensor that have bins of their own."""


class LayerSlices(NamedTuple):
    """The K slices of one layer in one record.

    totals: (K, 3) int64: n, zeros, non_finite; n counts all values.
    moments: (K, 4) float64: min, max, sum, sum of squares of the finite values; min > max without
    any.
    """

    totals: IntArray
    moments: FloatArray


@dataclass(frozen=True, eq=False)
class RecordSlices:
    """The slices of all layers of a record; a layer that is not split has none.

    Those of row r are rows ``offsets[r]:offsets[r + 1]`` of `totals` (E, 3) and `moments` (E, 4),
    which are as in `LayerSlices`. No array may be written to.
    """

    offsets: IntArray
    totals: IntArray
    moments: FloatArray

    def of_row(self, row: int) -> LayerSlices:
        """The slices of one layer."""
        own = slice(self.offsets[row], self.offsets[row + 1])
        return LayerSlices(self.totals[own], self.moments[own])

    def of_rows(self, rows: int) -> list[tuple[int, LayerSlices]]:
        """Row and slices of each split layer among the first `rows`."""
        split = np.flatnonzero(np.diff(self.offsets[: rows + 1]))
        return [(int(row), self.of_row(int(row))) for row in split]

    def first(self, rows: int) -> RecordSlices:
        """The first `rows` rows, without copying."""
        end = self.offsets[rows]
        return RecordSlices(self.offsets[: rows + 1], self.totals[:end], self.moments[:end])

    def select(self, rows: Sequence[int]) -> RecordSlices:
        """These rows, in this order."""
        return join_slices([(at, self.of_row(row)) for at, row in enumerate(rows)], len(rows))


def join_slices(parts: Iterable[tuple[int, LayerSlices]], rows: int) -> RecordSlices:
    """The slices of several calls, devices or ranks added up.

    parts: pairs of a row and its slices. Where parts of one row differ in their number of slices,
    the row gets the larger one: slices are added by their number, from 0 on.
    """
    used = sorted(((row, part) for row, part in parts if len(part.totals)), key=_row_of)
    lengths = np.zeros(rows, np.int64)
    for row, part in used:
        lengths[row] = max(lengths[row], len(part.totals))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if used and len({row for row, _ in used}) == len(used):
        # One part for each row, as on one device: nothing has to be added.
        totals, moments = (
            np.concatenate(columns) for columns in zip(*(part for _, part in used), strict=True)
        )
        return RecordSlices(offsets, totals, moments)
    totals = np.zeros((offsets[-1], len(SLICE_TOTALS)), np.int64)
    moments = np.zeros((offsets[-1], 4))
    moments[:, :2] = np.inf, -np.inf
    for row, part in used:
        own = slice(offsets[row], offsets[row] + len(part.totals))
        totals[own] += part.totals
        moments[own, 0] = np.minimum(moments[own, 0], part.moments[:, 0])
        moments[own, 1] = np.maximum(moments[own, 1], part.moments[:, 1])
        moments[own, 2:] += part.moments[:, 2:]
    return RecordSlices(offsets, totals, moments)


def _row_of(part: tuple[int, LayerSlices]) -> int:
    return part[0]

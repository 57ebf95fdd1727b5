"""Values below an edge, and the value below which a share lies. numpy only.

Both take a bin's values as spread evenly over the bin, and the zero bin as the point 0. The page
does the same in TypeScript (math/rebin.ts, math/quantiles.ts); tests/golden holds both together.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import ZERO_EDGE, FloatArray, IntArray

CUMULATED_AT_ONCE: Final = 1024
"""Records whose cumulative counts are held at a time; keeps long series out of memory."""


def zero_bin_to_point(lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Lower edges with that of the zero bin moved to 0, where nearly all of its mass lies."""
    return np.where((lower < 0) & (upper > 0) & (upper <= ZERO_EDGE), 0.0, lower)


def share_below(lower: FloatArray, upper: FloatArray, edges: FloatArray) -> FloatArray:
    """Share of each bin's values that lie below an edge, 0 to 1; the arrays are broadcast.

    A bin whose lower edge is not below its upper one is a point: all of it lies below each edge
    that is larger than `lower`.
    """
    # Halves: the outermost bins are wide enough that a difference could overflow.
    width = upper / 2 - lower / 2
    with np.errstate(all="ignore"):
        part = ((edges / 2 - lower / 2) / width).clip(0, 1)
    shares: FloatArray = np.where(width > 0, part, edges > lower)
    return shares


def rebin(
    lower: npt.ArrayLike, upper: npt.ArrayLike, counts: npt.ArrayLike, edges: npt.ArrayLike
) -> FloatArray:
    """Spread counts over new bins in proportion to the overlap; mass is conserved inside `edges`.

    lower, upper: (B,) ascending, finite, non-overlapping source bins; gaps are allowed.
    counts: (S, B). edges: (R + 1,) ascending. Returns (S, R); mass outside `edges` is left out.
    A source bin that lies inside one new bin moves there whole, so re-binning is exact wherever
    no source bin is cut; elsewhere a count is taken as uniform over its bin. The zero bin is taken
    as the point 0, so an edge at 0 leaves all zeros above it, as ``numpy.histogram`` does.
    """
    low, high, edge = (np.asarray(a, dtype=np.float64) for a in (lower, upper, edges))
    low = zero_bin_to_point(low, high)
    count = np.asarray(counts, dtype=np.float64)
    cumulative = np.concatenate([np.zeros((len(count), 1)), np.cumsum(count, axis=1)], axis=1)
    if low.size == 0:
        return np.zeros((len(count), max(edge.size - 1, 0)))
    position = np.searchsorted(low, edge, side="right") - 1
    inside = np.maximum(position, 0)
    part = np.where(position < 0, 0.0, share_below(low[inside], high[inside], edge))
    below = cumulative[:, inside] + count[:, inside] * part
    return np.diff(below, axis=1)


class QuantilePlaces(NamedTuple):
    """Where quantiles lie: in which bin, and which share of that bin's values lie below."""

    bins: IntArray
    parts: FloatArray


def locate_quantiles(
    counts: npt.NDArray[Any], offsets: IntArray, shares: npt.ArrayLike
) -> QuantilePlaces:
    """Positions of Q quantiles in each of several rows of counts, (rows, Q).

    counts: (E,) row after row, in ascending order of value; row r's are
    ``counts[offsets[r]:offsets[r + 1]]``. shares: (Q,), 0 to 1. The quantile of a share q of n
    values lies in the bin that holds value number ``max(1, ceil(q * n))``. `bins` are indices into
    `counts`. In a row without a count `parts` is NaN and `bins` means nothing.
    """
    cumulative = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, dtype=np.int64, out=cumulative[1:])
    start = cumulative[offsets[:-1], None]
    total = cumulative[offsets[1:], None] - start
    target = np.atleast_1d(shares) * total
    rank = np.maximum(np.ceil(target).astype(np.int64), 1)
    # `cumulative` ascends over all rows, so one search finds the positions in each.
    # Not numpy's clip, which takes ten times as long for a few values.
    found = np.minimum(np.searchsorted(cumulative[1:], start + rank), max(len(counts) - 1, 0))
    below = cumulative[found] - start
    with np.errstate(all="ignore"):
        parts = (target - below) / (cumulative[1:][found] - cumulative[found])
    return QuantilePlaces(found, np.where(total > 0, parts, np.nan))


def column_quantiles(
    counts: npt.NDArray[Any], shares: npt.ArrayLike, order: IntArray | None = None
) -> QuantilePlaces:
    """Positions of Q quantiles in each record of a table, (S, Q), as `locate_quantiles` finds them.

    counts: (S, K), K at least 1. order: (K,) the columns in ascending order of value, by default as
    they stand. `bins` are positions in that order.
    """
    pieces = []
    for first in range(0, max(len(counts), 1), CUMULATED_AT_ONCE):
        rows = counts[first : first + CUMULATED_AT_ONCE]
        offsets = np.arange(len(rows) + 1) * rows.shape[1]
        ordered = rows if order is None else rows[:, order]
        found = locate_quantiles(ordered.reshape(-1), offsets, shares)
        columns = np.maximum(found.bins - offsets[:-1, None], 0)
        columns = np.minimum(columns, rows.shape[1] - 1)
        pieces.append(QuantilePlaces(columns, found.parts))
    if len(pieces) == 1:
        return pieces[0]
    return QuantilePlaces(*map(np.concatenate, zip(*pieces, strict=True)))


def quantiles(
    lower: FloatArray, upper: FloatArray, counts: npt.NDArray[Any], shares: npt.ArrayLike
) -> FloatArray:
    """(S, Q) values below which Q shares of the values in the bins lie; NaN without any value.

    lower, upper: (K,) as in `rebin`. counts: (S, K). shares: (Q,), 0 to 1. Linear inside a bin.
    """
    if len(lower) == 0:
        return np.full((len(counts), np.size(shares)), np.nan)
    low = zero_bin_to_point(lower, upper)
    high = np.where(low == lower, upper, 0.0)
    column, part = column_quantiles(counts, shares)
    values: FloatArray = low[column] * (1 - part) + high[column] * part
    return values

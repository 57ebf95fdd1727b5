"""Arrays of numbers along the value axis, and re-binning by overlap. numpy only."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

ZERO_EDGE: Final = 2.0**-130
"""Half the width of the zero bin."""


def zero_bin_to_point(lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Lower edges with that of the zero bin moved to 0, where nearly all of its mass lies."""
    return np.where((lower < 0) & (upper > 0) & (upper <= ZERO_EDGE), 0.0, lower)


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
    inside = np.clip(position, 0, low.size - 1)
    # Halves first: the outermost bins are wide enough that a difference could overflow.
    width = np.maximum(high[inside] / 2 - low[inside] / 2, np.finfo(np.float64).tiny)
    part = np.clip((edge / 2 - low[inside] / 2) / width, 0, 1)
    part = np.where(position < 0, 0.0, part)
    below = cumulative[:, inside] + count[:, inside] * part
    return np.diff(below, axis=1)

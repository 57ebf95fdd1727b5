"""Counts rounded to less than their own random fluctuation, where exact ones take too many bytes.

The standard deviation of a count c over equal records is about its square root (Poisson). Counts
are rounded to levels one square root apart, so by at most half of it; up to 4 they are exact.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.uint64]


@lru_cache(maxsize=2)
def levels_to(largest: int) -> Counts:
    """The levels up to the first one that is not below `largest`."""
    levels = [0]
    while levels[-1] < largest:
        levels.append(levels[-1] + max(1, math.isqrt(levels[-1])))
    return np.array(levels, np.uint64)


def round_counts(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """For each count the number of the nearest level, of two the lower one."""
    whole = counts.astype(np.uint64, copy=False)
    levels = levels_to(int(whole.max(initial=0)))
    above = np.searchsorted(levels, whole)
    below = np.maximum(above - 1, 0)
    nearer = levels[above] - whole < whole - levels[below]
    exact = levels[above] == whole
    numbers: npt.NDArray[np.int64] = np.where(nearer | exact, above, below)
    return numbers

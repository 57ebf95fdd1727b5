"""What decoded arrays must keep of what `HistogramSeries` promises, whatever the bytes were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.stored_json import LARGEST
from tb_activation_hist.core.table import MOMENTS, TOTALS

TOO_LARGE: Final = 2 * LARGEST + 1
"""Stands for a sum of counts that is larger than any that a writer could have counted."""


def find_broken_promise(series: HistogramSeries, first_bin: int, last_bin: int) -> str:
    """What a series does not keep of what `HistogramSeries` promises; empty when all is kept."""
    tallies = series.tallies
    (broken,) = find_broken_promises(
        tallies.steps[None],
        tallies.wall_times[None],
        np.stack([getattr(tallies, name)[None] for name in TOTALS]),
        np.stack([getattr(tallies, name)[None] for name in MOMENTS]),
        [series.bins],
        sum_bins(series.bin_counts, np.zeros(1, np.int64)).T,
        (first_bin, last_bin),
    )
    return broken


def sum_bins(counts: npt.NDArray[Any], starts: IntArray) -> IntArray:
    """(R, G) sums of (R, K) unsigned counts from each start to the next; `TOO_LARGE` at most."""
    if counts.shape[1] == 0:
        return np.zeros((len(counts), len(starts)), np.int64)
    sums = np.add.reduceat(counts, starts, axis=1, dtype=np.uint64)
    if counts.itemsize == 8:
        # Sums of such counts may wrap.
        real = np.add.reduceat(counts, starts, axis=1, dtype=np.float64)
        sums[real >= TOO_LARGE] = TOO_LARGE
    return sums.astype(np.int64)


def find_broken_promises(
    steps: IntArray,
    wall_times: FloatArray,
    totals: IntArray,
    moments: FloatArray,
    bins: Sequence[IntArray],
    sums: IntArray,
    limits: tuple[int, int],
) -> list[str]:
    """What each of G series of R records does not keep; empty for one that keeps all.

    steps, wall_times, sums: (G, R), sums as `sum_bins` gives them. totals, moments: (T, G, R) in
    the order of `TOTALS` and `MOMENTS`. limits: the first and the last bin that there can be.
    """
    n, zeros, nans, pos_infs, neg_infs = totals
    low, high = moments[:2]
    empty = sums == 0
    out_of_range = (totals < 0).any(axis=0) | (totals > LARGEST).any(axis=0) | (sums >= TOO_LARGE)
    # What is out of range may wrap here, and has been found already.
    odd = (sums + nans + pos_infs + neg_infs != n) | (zeros > sums)
    in_order = (-np.inf < low) & (low <= high) & (high < np.inf)
    found = {
        "its steps do not ascend": (steps[:, 1:] <= steps[:, :-1]).any(axis=1),
        "its bins do not ascend": np.array([not _are_bins(each, *limits) for each in bins]),
        "it has a time that is not finite": ~np.isfinite(wall_times).all(axis=1),
        "it has a count out of range": out_of_range.any(axis=1),
        "its counts do not add up": odd.any(axis=1),
        "its smallest value lies above its largest": (~empty & ~in_order).any(axis=1),
        "it has a range without values": (empty & ~(low > high)).any(axis=1),
    }
    broken = [""] * len(bins)
    for text, wrong in reversed(found.items()):
        for place in np.flatnonzero(wrong).tolist():
            broken[place] = text
    return broken


def _are_bins(bins: IntArray, first: int, last: int) -> bool:
    within = len(bins) == 0 or (first <= bins[0] and bins[-1] <= last)
    return bool(within and (bins[1:] > bins[:-1]).all())

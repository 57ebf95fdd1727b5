"""Series joined to longer ones, and records merged into one: exactly, whatever their bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.slice_series import concatenate_slices
from tb_activation_hist.core.tallies import Tallies, join_tallies

TAIL: Final = 0.0005
"""Share of the values that the central range leaves out at either end."""


def align_bins(parts: Sequence[HistogramSeries]) -> tuple[IntArray, list[npt.NDArray[Any]]]:
    """The union of the parts' bins, and each part's (S, K) counts over that union."""
    bins = _union([part.bins for part in parts])
    wide = any(part.bin_counts.dtype.itemsize > 4 for part in parts)
    kind = np.dtype(np.uint64 if wide else np.uint32)
    return bins, [_spread_columns(part, bins, kind) for part in parts]


def _union(parts: Sequence[IntArray]) -> IntArray:
    """All bins that occur in any part; the longest part itself where it has them all."""
    longest = max(parts, key=len)
    if all(_holds(longest, part) for part in parts):
        return longest
    return np.unique(np.concatenate(parts))


def _holds(bins: IntArray, others: IntArray) -> bool:
    """Whether ascending bins have all the others."""
    if bins is others or len(others) == 0:
        return True
    places = np.searchsorted(bins, others)
    return bool(places[-1] < len(bins) and np.array_equal(bins[places], others))


def _spread_columns(part: HistogramSeries, bins: IntArray, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """The part's (S, K) counts of these bins, which hold its own; not to be written to."""
    if len(part.bins) == len(bins):
        return part.bin_counts.astype(kind, copy=False)
    counts = np.zeros((len(part.bin_counts), len(bins)), dtype=kind)
    columns = np.searchsorted(bins, part.bins)
    # Whole stretches at once: a long series that gets a few bins more is copied, not scattered.
    breaks = np.flatnonzero(np.diff(columns) != 1) + 1
    for start, end in pairwise([0, *breaks.tolist(), len(columns)] if len(columns) else []):
        to = int(columns[start])
        counts[:, to : to + end - start] = part.bin_counts[:, start:end]
    return counts


def concatenate_series(parts: Sequence[HistogramSeries]) -> HistogramSeries:
    """Records of several parts of one series, one part after the other."""
    bins, aligned = align_bins(parts)
    tallies = join_tallies([part.tallies for part in parts])
    split = [part.slices for part in parts if part.slices is not None]
    slices = concatenate_slices(split) if split else None
    return replace(parts[0], tallies=tallies, bins=bins, bin_counts=_stack(aligned), slices=slices)


def join_series(parts: Sequence[HistogramSeries]) -> HistogramSeries:
    """Records of several parts of one series, sorted by step; of equal steps the latest wins."""
    joined = concatenate_series(parts)
    order = np.lexsort((joined.wall_times, joined.steps))
    steps = joined.steps[order]
    order = order[np.append(steps[1:] != steps[:-1], True)[: len(order)]]
    return joined if np.array_equal(order, np.arange(len(steps))) else joined.take(order)


def sum_records(series: HistogramSeries) -> HistogramSeries:
    """All records merged into one; a record of zero values where there is none."""
    totals = series.bin_counts.sum(axis=0, dtype=np.uint64)[None]
    if len(series):
        tallies = series.tallies.pool(np.zeros(1, np.int64))
    else:
        zero, real = np.zeros(1, np.int64), np.zeros(1)
        none = (real + np.inf, real - np.inf, real, real)
        tallies = Tallies(zero, real, zero, zero, zero, zero, zero, *none)
    return replace(series, tallies=tallies, bin_counts=totals)


def add_records(total: HistogramSeries, part: HistogramSeries) -> HistogramSeries:
    """A sum of records, as `sum_records` gives it, with further ones added."""
    added = replace(part, bin_counts=part.bin_counts.sum(axis=0, dtype=np.uint64)[None])
    bins, (held, new) = align_bins([total, added])
    tallies = join_tallies([total.tallies, part.tallies]).pool(np.zeros(1, np.int64))
    return replace(total, tallies=tallies, bins=bins, bin_counts=held + new)


def central_range(series: HistogramSeries) -> tuple[float, float] | None:
    """Between which ends the central 99.9 % of all finite values lie; None if there are none."""
    total = sum_records(series)
    if total.finite[0] <= 0:
        return None
    low, high = total.quantile([TAIL, 1 - TAIL])[0].tolist()
    return low, high


def append_series(series: HistogramSeries, part: HistogramSeries) -> HistogramSeries:
    """A series with later records behind its own.

    The counts may be written behind those of `series`, into room that it shares with the result; so
    a series may be appended to only once. Its own records stay as they are.
    """
    bins, (held, new) = align_bins([series, part])
    counts = _room_behind(held, len(new))
    if counts is None:
        counts = _stack([held, new])
    else:
        counts[len(held) :] = new
    tallies = join_tallies([series.tallies, part.tallies])
    return replace(series, tallies=tallies, bins=bins, bin_counts=counts)


def _stack(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """All rows, with room for a quarter more behind them; unused room takes no memory."""
    rows = sum(map(len, parts))
    counts = np.empty((rows + rows // 4, parts[0].shape[1]), parts[0].dtype)
    return np.concatenate(parts, out=counts[:rows])


def _room_behind(counts: npt.NDArray[Any], more: int) -> npt.NDArray[Any] | None:
    """The same rows and `more` behind them, of any content; None if there is no room."""
    room = counts.base
    if not isinstance(room, np.ndarray) or room.dtype != counts.dtype or room.ndim != counts.ndim:
        return None
    same_start = room.ctypes.data == counts.ctypes.data and room.shape[1:] == counts.shape[1:]
    wanted = len(counts) + more
    return room[:wanted] if same_start and len(room) >= wanted else None

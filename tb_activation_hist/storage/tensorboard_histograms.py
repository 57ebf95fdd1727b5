"""Histograms that other tools wrote, as a `HistogramSeries`. numpy only.

Their bins differ from step to step. All steps are brought onto one set of edges: those that occur,
or, where these are too many, `MAX_EDGES` of them at even ranks, so that edges are dense where the
tool's own bins were. A count is taken as uniform over its bucket. Counts stay whole numbers and
their total per step stays exact: the cumulative counts are rounded, not the counts.

TensorBoard hands all kinds over as (k, 3) arrays: left edge, right edge, count. Its two loaders
treat the old HistogramProto differently: one trims empty buckets and moves the outer edges to min
and max, the other leaves empty, inverted buckets at the ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import share_below
from tb_activation_hist.core.grid import ZERO_EDGE, FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries, Tallies
from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins

MAX_EDGES: Final = 1024
"""Most edges of a series; TensorBoard's own histograms have 31 per step."""


def buckets_to_series(
    steps: npt.ArrayLike,
    wall_times: npt.ArrayLike,
    buckets: Sequence[npt.ArrayLike],
    layer: str = "",
    moments: Sequence[tuple[float, float, float, float]] | None = None,
) -> HistogramSeries:
    """A series from TensorBoard histograms, one (k, 3) array [left, right, count] for each step.

    Steps may be unordered or repeated; of equal steps the latest wall time counts, and buckets
    may be inverted or of zero width (all values equal). Counts whose edges are not numbers count
    as NaNs.
    moments: exact (min, max, sum, sum of squares) of each step where known; otherwise min and max
    are the outermost occupied edges, and the sums are those of the bucket's uniform distributions.
    """
    step = np.asarray(steps, np.int64)
    wall_time = np.asarray(wall_times, np.float64)
    order = np.lexsort((wall_time, step))
    order = order[np.append(np.diff(step[order]) != 0, True)[: len(order)]]
    records = [normalise_buckets(buckets[index]) for index in order]
    clean, lost = [record[0] for record in records], [record[1] for record in records]
    edges = _common_edges(clean)
    table = np.zeros((len(order), len(edges) - 1), dtype=np.int64)
    for row, part in enumerate(clean):
        table[row] = _spread(part, edges)
    if moments is None:
        exact = np.array([_moments(part) for part in clean], np.float64).reshape(-1, 4)
    else:
        exact = np.array([moments[index] for index in order], np.float64).reshape(-1, 4)
    nans, none = np.array(lost, np.int64), np.zeros(len(order), np.int64)
    n = table.sum(axis=1) + nans
    occupied = np.flatnonzero(table.any(axis=0))
    narrow = np.uint32 if table.max(initial=0) < 2**32 else np.uint64
    return HistogramSeries(
        Tallies(step[order], wall_time[order], n, none, nans, none, none, *exact.T),
        occupied,
        table[:, occupied].astype(narrow),
        ExplicitBins(tuple(edges.tolist())),
        layer,
    )


def normalise_buckets(buckets: npt.ArrayLike) -> tuple[FloatArray, int]:
    """The occupied (k, 3) buckets with finite left <= right, and the count that fits in none."""
    flat = np.asarray(buckets, dtype=np.float64).reshape(-1)
    array = flat[: flat.size // 3 * 3].reshape(-1, 3).copy()
    # An empty inverted bucket in front carries the record's minimum as its left edge.
    inverted = len(array) > 0 and array[0, 2] == 0 and array[0, 0] > array[0, 1]
    lowest = array[0, 0] if inverted else -np.inf
    array = array[np.isfinite(array[:, 2]) & (array[:, 2] > 0)]
    sides = array[:, :2]
    # A side that is not finite falls on the other one: the values lie there or beyond.
    sides[:] = np.where(np.isfinite(sides), sides, sides[:, ::-1])
    placed = np.isfinite(sides).all(axis=1)
    lost = int(np.rint(array[~placed, 2].sum()))
    array = array[placed]
    array[:, :2] = np.sort(array[:, :2], axis=1)
    if len(array) and array[0, 0] < lowest <= array[0, 1]:
        array[0, 0] = lowest
    return array, lost


def _common_edges(parts: Sequence[FloatArray]) -> FloatArray:
    """Edges for all steps, two or more.

    A bucket of no width gets a bin of its own, half as wide as one of ours would be there; at 0
    that is the zero bin.
    """
    buckets = np.concatenate([*parts, np.zeros((0, 3))])
    wide = buckets[:, 0] < buckets[:, 1]
    points = np.unique(buckets[~wide, 0])
    largest = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        beside = np.clip(points + np.maximum(np.abs(points) / 32, ZERO_EDGE), -largest, largest)
    points = np.where(points == 0, -ZERO_EDGE, points)
    edges = np.unique(np.concatenate([buckets[wide, :2].ravel(), points, beside]))
    if len(edges) > MAX_EDGES:
        edges = edges[np.linspace(0, len(edges) - 1, MAX_EDGES).round().astype(np.int64)]
    if len(edges) == 1:
        # Only the largest float64 has no neighbour above it.
        edges = np.array([largest * (1 - 2.0**-5), largest])
    return edges if len(edges) else np.array([-ZERO_EDGE, ZERO_EDGE])


def _spread(part: FloatArray, edges: FloatArray) -> IntArray:
    """Whole counts of one step over the common bins, which hold all of its buckets."""
    if len(part) == 0:
        return np.zeros(len(edges) - 1, np.int64)
    left, right, count = part.T
    below = share_below(left, right, edges[:, None]) @ count
    below[0], below[-1] = 0, count.sum()
    counts: IntArray = np.diff(np.rint(below).astype(np.int64))
    return counts


def _moments(part: FloatArray) -> tuple[float, float, float, float]:
    """min, max, sum and sum of squares of values spread evenly over each bucket."""
    if len(part) == 0:
        return np.inf, -np.inf, 0.0, 0.0
    left, right, count = part.T
    mean = left / 2 + right / 2
    with np.errstate(over="ignore", invalid="ignore"):
        square = (left**2 + left * right + right**2) / 3
        return left.min(), right.max(), float(count @ mean), float(count @ square)


def legacy_to_buckets(histo: Any) -> tuple[FloatArray, tuple[float, float, float, float]]:
    """Buckets and exact moments of a ``HistogramProto``, as ``add_histogram`` writes it."""
    limits = np.clip(np.array(histo.bucket_limit, np.float64), None, max(histo.max, histo.min))
    counts = np.array(histo.bucket, np.float64)
    length = min(len(limits), len(counts))
    limits, counts = limits[:length], counts[:length]
    left = np.concatenate([[min(histo.min, *limits[:1])], limits[:-1]])[:length]
    return (
        np.column_stack([left, limits, counts]),
        (histo.min, histo.max, histo.sum, histo.sum_squares),
    )

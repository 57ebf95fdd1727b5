"""Histograms that other tools wrote, as a `HistogramSeries`. numpy only.

Their bins differ from step to step. All steps are brought onto one set of edges: those that occur,
or, where these are too many, `MAX_EDGES` of them at even ranks, so that edges are dense where the
tool's own bins were. A count is taken as uniform over its bucket. Counts stay whole numbers and
their total per step stays exact: the cumulative counts are rounded, not the counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.grid import ExplicitBins, FloatArray
from tb_activation_hist.histogram import HistogramSeries, Tallies

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
    may be inverted (TensorBoard's fast loader makes such ones) or of zero width (all values equal).
    moments: exact (min, max, sum, sum of squares) of each step where known; otherwise min and max
    are the outermost occupied edges, and the sums are those of the bucket's uniform distributions.
    """
    step = np.asarray(steps, np.int64)
    wall_time = np.asarray(wall_times, np.float64)
    order = np.lexsort((wall_time, step))
    order = order[np.append(np.diff(step[order]) != 0, True)[: len(order)]]
    clean = [_clean(buckets[index]) for index in order]
    edges = _common_edges(clean)
    table = np.zeros((len(order), len(edges) - 1), dtype=np.uint64)
    for row, part in enumerate(clean):
        table[row] = _spread(part, edges)
    if moments is None:
        exact = np.array([_moments(part) for part in clean], np.float64).reshape(-1, 4)
    else:
        exact = np.array([moments[index] for index in order], np.float64).reshape(-1, 4)
    total = table.sum(axis=1).astype(np.int64)
    none = np.zeros(len(order), np.int64)
    occupied = np.flatnonzero(table.any(axis=0))
    narrow = np.uint32 if table.max(initial=0) < 2**32 else np.uint64
    return HistogramSeries(
        Tallies(step[order], wall_time[order], total, none, none, none, none, *exact.T),
        occupied,
        table[:, occupied].astype(narrow),
        ExplicitBins(tuple(edges.tolist())),
        layer,
    )


def _clean(buckets: npt.ArrayLike) -> FloatArray:
    """Occupied buckets with left <= right, ascending."""
    array = np.asarray(buckets, np.float64).reshape(-1, 3)
    array = array[(array[:, 2] > 0) & np.isfinite(array).all(axis=1)]
    array = np.column_stack([np.sort(array[:, :2], axis=1), array[:, 2]])
    return array[np.lexsort((array[:, 1], array[:, 0]))]


def _common_edges(parts: Sequence[FloatArray]) -> FloatArray:
    """Edges for all steps, two or more."""
    edges = np.unique(np.concatenate([np.zeros(0), *(part[:, :2].reshape(-1) for part in parts)]))
    if len(edges) > MAX_EDGES:
        edges = edges[np.linspace(0, len(edges) - 1, MAX_EDGES).round().astype(np.int64)]
    if len(edges) < 2:
        # One single value: a bin as wide as one of ours would be there.
        only = edges[0] if len(edges) else 0.0
        edges = np.array([only, only + (abs(only) or 1.0) / 16])
    return edges


def _spread(part: FloatArray, edges: FloatArray) -> npt.NDArray[np.uint64]:
    """Whole counts of one step over the common bins."""
    left, right, count = part.T
    point = right <= left
    cumulative = np.zeros(len(edges))
    wide = part[~point]
    if len(wide):
        # Below an edge lies all of a bucket that ends there, and a share of one that it cuts.
        width = wide[:, 1] - wide[:, 0]
        share = np.clip((edges[:, None] - wide[:, 0]) / width, 0, 1)
        cumulative += share @ wide[:, 2]
    if point.any():
        column = np.clip(np.searchsorted(edges, left[point], side="right") - 1, 0, len(edges) - 2)
        at_point = np.bincount(column, count[point], minlength=len(edges) - 1)
        cumulative[1:] += np.cumsum(at_point)
    cumulative[-1] = count.sum()
    return np.diff(np.rint(cumulative)).astype(np.uint64)


def _moments(part: FloatArray) -> tuple[float, float, float, float]:
    """min, max, sum and sum of squares that the buckets stand for."""
    if len(part) == 0:
        return np.inf, -np.inf, 0.0, 0.0
    left, right, count = part.T
    mean = left / 2 + right / 2
    with np.errstate(over="ignore"):
        square = (left**2 + left * right + right**2) / 3
    return left.min(), right.max(), float(count @ mean), float(count @ square)


def legacy_to_buckets(histo: Any) -> tuple[FloatArray, tuple[float, float, float, float]]:
    """Buckets and exact moments of a ``HistogramProto`` (``SummaryWriter.add_histogram``)."""
    limits = np.clip(np.array(histo.bucket_limit, np.float64), None, max(histo.max, histo.min))
    counts = np.array(histo.bucket, np.float64)
    length = min(len(limits), len(counts))
    limits, counts = limits[:length], counts[:length]
    left = np.concatenate([[min(histo.min, *limits[:1])], limits[:-1]])[:length]
    return (
        np.column_stack([left, limits, counts]),
        (histo.min, histo.max, histo.sum, histo.sum_squares),
    )

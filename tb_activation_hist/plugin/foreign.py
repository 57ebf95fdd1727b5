"""Histograms that other tools wrote, brought to one set of edges per series.

TensorBoard hands all kinds over as (k, 3) arrays: left edge, right edge, count. Each step has its
own edges. Its two loaders treat the old HistogramProto differently: one trims empty buckets and
moves the outer edges to min and max, the other leaves empty, inverted buckets at the ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tb_activation_hist.grid import ZERO_EDGE, ExplicitBins, FloatArray, IntArray
from tb_activation_hist.histogram import HistogramSeries, Tallies

MAX_EDGES: Final = 1025
"""Edges of a series, at most. Up to here every bucket of every step keeps its own edges."""


def tensors_to_series(tensors: Sequence[Any], layer: str) -> HistogramSeries:
    """One series, sorted by step, from TensorDatums; of equal steps the latest wins.

    A bucket is spread over the common bins in proportion to the overlap; counts are rounded so
    that each record keeps its total. Mean and std take every value to lie at its bucket's centre.
    Counts whose edges are not numbers are kept as NaNs.
    """
    latest = {t.step: t for t in sorted(tensors, key=lambda t: (t.step, t.wall_time))}
    records = [normalise_buckets(t.numpy) for t in latest.values()]
    edges = common_edges([buckets for buckets, _ in records])
    counts = np.stack([spread_buckets(buckets, edges) for buckets, _ in records])
    lost = np.array([lost for _, lost in records], np.int64)
    occupied = np.flatnonzero(counts.any(axis=0))
    none = np.zeros(len(records), np.int64)
    moments = np.array([_moments(buckets) for buckets, _ in records]).T
    tallies = Tallies(
        np.array(list(latest), np.int64),
        np.array([t.wall_time for t in latest.values()], np.float64),
        counts.sum(axis=1) + lost,
        none,
        lost,
        none,
        none,
        *moments,
    )
    narrow = counts[:, occupied].astype(np.uint32 if counts.max(initial=0) < 2**32 else np.uint64)
    scheme = ExplicitBins(tuple(edges.tolist()))
    return HistogramSeries(tallies, occupied.astype(np.int64), narrow, scheme, layer)


def normalise_buckets(array: Any) -> tuple[FloatArray, int]:
    """(k, 3) buckets with left <= right, finite, occupied; and the count that has no place."""
    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    buckets = flat[: flat.size // 3 * 3].reshape(-1, 3).copy()
    # An empty inverted bucket in front carries the record's minimum as its left edge.
    inverted = len(buckets) > 0 and buckets[0, 2] == 0 and buckets[0, 0] > buckets[0, 1]
    lowest = buckets[0, 0] if inverted else -np.inf
    buckets = buckets[np.isfinite(buckets[:, 2]) & (buckets[:, 2] > 0)]
    sides = buckets[:, :2]
    # A side that is not finite falls on the other one: the values lie there or beyond.
    sides[:] = np.where(np.isfinite(sides), sides, sides[:, ::-1])
    placed = np.isfinite(sides).all(axis=1)
    lost = int(np.rint(buckets[~placed, 2].sum()))
    buckets = buckets[placed]
    buckets[:, :2] = np.sort(buckets[:, :2], axis=1)
    if len(buckets) and buckets[0, 0] < lowest <= buckets[0, 1]:
        buckets[0, 0] = lowest
    return buckets, lost


def common_edges(records: Sequence[FloatArray]) -> FloatArray:
    """Ascending edges for all records: all of theirs, or an even choice where there are too many.

    A bucket of no width gets a thin bin of its own; at 0 that is the zero bin.
    """
    buckets = np.concatenate([*records, np.zeros((0, 3))])
    points = np.unique(buckets[buckets[:, 0] == buckets[:, 1], 0])
    room = np.maximum(np.abs(points) / 32, ZERO_EDGE)
    with np.errstate(over="ignore"):
        beside = np.clip(points + room, -np.finfo(np.float64).max, np.finfo(np.float64).max)
    below = np.where(points == 0, -ZERO_EDGE, points)
    edges = np.unique(np.concatenate([buckets[buckets[:, 0] < buckets[:, 1], :2].ravel(), below]))
    edges = np.unique(np.concatenate([edges, beside]))
    if edges.size < 2:
        return np.array([-ZERO_EDGE, ZERO_EDGE]) if edges.size == 0 else _beside(edges[0])
    if edges.size <= MAX_EDGES:
        return edges
    chosen = np.unique(np.rint(np.linspace(0, edges.size - 1, MAX_EDGES)).astype(np.int64))
    return edges[chosen]


def _beside(value: float) -> FloatArray:
    """Two edges for the largest float64, which has no neighbour above."""
    return np.sort([value, value * (1 - 2.0**-5)])


def spread_buckets(buckets: FloatArray, edges: FloatArray) -> IntArray:
    """(len(edges) - 1,) whole counts with the buckets' total, which lies inside the edges."""
    if len(buckets) == 0:
        return np.zeros(len(edges) - 1, np.int64)
    left, right, count = buckets.T
    # Halves: the difference of two far ends could overflow.
    width = right / 2 - left / 2
    offset = edges[:, None] / 2 - left / 2
    with np.errstate(all="ignore"):
        share = np.where(width > 0, np.clip(offset / width, 0, 1), offset > 0)
    below = share @ count
    below[0], below[-1] = 0, count.sum()
    below *= np.rint(count.sum()) / count.sum()
    counts: IntArray = np.diff(np.rint(below).astype(np.int64))
    return counts


def _moments(buckets: FloatArray) -> tuple[float, float, float, float]:
    """min, max, sum, sum of squares with every value at its bucket's centre."""
    if len(buckets) == 0:
        return np.inf, -np.inf, 0.0, 0.0
    left, right, count = buckets.T
    centre = left / 2 + right / 2
    with np.errstate(over="ignore"):
        total, square = float(centre @ count), float(centre**2 @ count)
    return float(left.min()), float(right.max()), total, square

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
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import share_below
from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.grid import ZERO_EDGE, FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins
from tb_activation_hist.core.stored_json import LARGEST
from tb_activation_hist.core.tallies import Tallies

MAX_EDGES: Final = 1024
"""Maximum number of edges of a series; TensorBoard's own histograms have 31 per step."""

Moments: TypeAlias = tuple[float, float, float, float]
"""min, max, sum and sum of squares of a record's values."""


def buckets_to_series(
    steps: npt.ArrayLike,
    wall_times: npt.ArrayLike,
    buckets: Sequence[npt.ArrayLike],
    layer: str = "",
    moments: Sequence[Moments | None] | None = None,
) -> HistogramSeries:
    """A series from TensorBoard histograms, one (k, 3) array [left, right, count] for each step.

    Steps may be unordered or repeated; of equal steps the latest wall time counts, and buckets
    may be inverted or of zero width (all values equal). Counts whose edges are not numbers count
    as NaNs. FormatError where a record is not made of numbers, or counts more than 2**53 values.
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
    given = [None if moments is None else moments[index] for index in order]
    exact = np.array(
        [_moments(part, own) for part, own in zip(clean, given, strict=True)], np.float64
    ).reshape(-1, 4)
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
    flat = _to_numbers(buckets).reshape(-1)
    array = flat[: flat.size // 3 * 3].reshape(-1, 3).copy()
    # An empty inverted bucket in front carries the record's minimum as its left edge.
    inverted = len(array) > 0 and array[0, 2] == 0 and array[0, 0] > array[0, 1]
    lowest = array[0, 0] if inverted else -np.inf
    array = array[np.isfinite(array[:, 2]) & (array[:, 2] > 0)]
    sides = array[:, :2]
    # A side that is not finite falls on the other one: the values lie there or beyond.
    sides[:] = np.where(np.isfinite(sides), sides, sides[:, ::-1])
    placed = np.isfinite(sides).all(axis=1)
    if array[:, 2].sum() > LARGEST:
        msg = f"A histogram is damaged: it counts {array[:, 2].sum():g} values."
        raise FormatError(msg)
    lost = int(np.rint(array[~placed, 2].sum()))
    array = array[placed]
    array[:, :2] = np.sort(array[:, :2], axis=1)
    if len(array) and array[0, 0] < lowest <= array[0, 1]:
        array[0, 0] = lowest
    return _merge_neighbours(array), lost


def _to_numbers(buckets: npt.ArrayLike) -> FloatArray:
    array = np.asarray(buckets)
    if array.dtype.kind not in "biuf":
        msg = f"A histogram is damaged: it holds {array.dtype} in place of numbers."
        raise FormatError(msg)
    return array.astype(np.float64)


def _merge_neighbours(buckets: FloatArray) -> FloatArray:
    """At most `MAX_EDGES` buckets: a series has no more edges, however many a tool wrote."""
    if len(buckets) <= MAX_EDGES:
        return buckets
    ordered = buckets[np.argsort(buckets[:, 0], kind="stable")]
    starts = np.linspace(0, len(ordered), MAX_EDGES, endpoint=False).astype(np.int64)
    left, right, count = ordered.T
    return np.column_stack(
        [left[starts], np.maximum.reduceat(right, starts), np.add.reduceat(count, starts)]
    )


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


def _moments(part: FloatArray, given: Moments | None) -> Moments:
    """The given moments where they can be right, else those of values spread over each bucket."""
    if len(part) == 0:
        return np.inf, -np.inf, 0.0, 0.0
    if given is not None and -np.inf < given[0] <= given[1] < np.inf:
        return given
    left, right, count = part.T
    mean = left / 2 + right / 2
    with np.errstate(over="ignore", invalid="ignore"):
        square = (left**2 + left * right + right**2) / 3
        return left.min(), right.max(), float(count @ mean), float(count @ square)


def legacy_to_buckets(histo: Any) -> tuple[FloatArray, Moments]:
    """Buckets and exact moments of a ``HistogramProto``, as ``add_histogram`` writes it."""
    limits = np.clip(np.array(histo.bucket_limit, np.float64), None, max(histo.max, histo.min))
    counts = np.array(histo.bucket, np.float64)
    length = min(len(limits), len(counts))
    limits, counts = limits[:length], counts[:length]
    left = np.concatenate([[min([histo.min, *limits[:1]])], limits[:-1]])[:length]
    return (
        np.column_stack([left, limits, counts]),
        (histo.min, histo.max, histo.sum, histo.sum_squares),
    )

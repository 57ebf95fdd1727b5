"""Statistics and equal-width histograms of a record, for TensorBoard's own dashboards. numpy only.

All layers of a record are worked out together, a dozen numpy calls in all, since the training
thread waits for the interpreter meanwhile.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_activation_hist.core.cumulative import locate_quantiles, share_below, zero_bin_to_point
from tb_activation_hist.core.grid import NEAR_ZERO, FloatArray, IntArray
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.scheme import Scheme

BUCKETS: Final = 30
"""Equal-width buckets over the record's own range, as TensorBoard's histogram summaries have."""

PERCENTILE: Final = 0.99

STATISTIC_SCALARS: Final = ("mean", "std", "mean-std", "mean+std", "near_zero", "abs_p99")
"""Names of the statistics; the two between std and near_zero bound the margin charts."""

BIN_SPAN: Final = 1 << 15
"""Larger than any bin number, so that row * BIN_SPAN + bin sorts by row first."""


def record_statistics(counts: RecordCounts) -> dict[str, FloatArray]:
    """Each of `STATISTIC_SCALARS`, (rows,); NaN where a row has no finite value."""
    finite, (_, _, total, squares) = counts.finite, counts.moments.T
    with np.errstate(all="ignore"):
        mean = np.where(finite > 0, total / finite, np.nan)
        std = np.sqrt(np.maximum(squares / finite - mean**2, 0))
        inside = _values_below(counts, np.full((len(counts), 1), NEAR_ZERO))
        inside -= _values_below(counts, np.full((len(counts), 1), -NEAR_ZERO))
        near = np.where(finite > 0, inside[:, 0] / finite, np.nan)
        high = _abs_percentile(counts)
    return dict(
        zip(STATISTIC_SCALARS, (mean, std, mean - std, mean + std, near, high), strict=True)
    )


def _abs_percentile(counts: RecordCounts) -> FloatArray:
    """Upper edge, at most the largest |x|, of the bin that holds this percentile of |x|."""
    if len(counts.bins) == 0:
        return np.full(len(counts), np.nan)
    # Neighbours in a row descend, then ascend: sorting the sorted runs is a cheap merge.
    sizes = counts.scheme.rank_magnitudes(counts.bins)
    order = np.argsort((counts.entry_rows << 32) + sizes, kind="stable")
    found = locate_quantiles(counts.counts[order], counts.offsets, PERCENTILE)
    outer = _outer_edges(counts.scheme, counts.bins[order[found.bins[:, 0]]])
    largest = np.abs(counts.moments[:, :2]).max(axis=1)
    return np.where(counts.finite > 0, np.minimum(outer, largest), np.nan)


def _outer_edges(scheme: Scheme, bins: IntArray) -> FloatArray:
    """The end of each bin that is further from zero."""
    return np.maximum(np.abs(scheme.lower_edges(bins)), np.abs(scheme.upper_edges(bins)))


def record_histograms(counts: RecordCounts) -> FloatArray:
    """(rows, BUCKETS, 3): left edge, right edge and count of equal-width buckets."""
    empty = counts.finite == 0
    low, high = (np.where(empty, 0.0, end)[:, None] for end in counts.moments[:, :2].T)
    fraction = np.linspace(0, 1, BUCKETS + 1)
    edges = np.clip(low * (1 - fraction) + high * fraction, low, high)
    edges[:, -1:] = high
    below = _values_below(counts, edges)
    below[:, 0], below[:, -1] = 0, counts.finite
    # All values equal: every bucket has width 0, and the last one has them all.
    below[:, 1:-1] *= high > low
    buckets: FloatArray = np.stack([edges[:, :-1], edges[:, 1:], np.diff(below, axis=1)], axis=2)
    return buckets


def _values_below(counts: RecordCounts, edges: FloatArray) -> FloatArray:
    """(rows, E) values below each row's edges, a count taken as uniform over its bin."""
    bins = counts.scheme.values_to_bins(edges)
    keys = counts.entry_rows * BIN_SPAN + counts.bins
    wanted = (np.arange(len(edges)) * BIN_SPAN)[:, None] + bins
    index = np.searchsorted(keys, wanted)
    cumulative = np.concatenate([[0], np.cumsum(counts.counts)])
    start = cumulative[counts.offsets[:-1], None].astype(np.float64)
    below: FloatArray = cumulative[index] - start
    if len(keys) == 0:
        return below
    index = np.minimum(index, len(keys) - 1)
    cut = counts.counts[index] * _share_of_bin(counts, edges, bins)
    return below + np.where(keys[index] == wanted, cut, 0.0)


def _share_of_bin(counts: RecordCounts, edges: FloatArray, bins: IntArray) -> FloatArray:
    """Share of its own bin that lies below each edge; the zero bin lies at 0."""
    lower, upper = counts.scheme.lower_edges(bins), counts.scheme.upper_edges(bins)
    low = np.maximum(zero_bin_to_point(lower, upper), counts.moments[:, :1])
    return share_below(low, np.minimum(upper, counts.moments[:, 1:2]), edges)

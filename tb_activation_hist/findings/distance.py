"""How far two histograms lie apart, on an axis where tails do not dominate.

A value x lies at u = asinh(x / scale): linear below the layer's own scale, logarithmic above it.
The distance is Wasserstein-1 in units of u: a scale that is a tenth larger makes about 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import column_quantiles
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries

IntVector = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shapes:
    """Cumulative shares of T histograms over K positions u; see `series_to_shapes`."""

    cumulative: FloatArray
    """(T, K)"""
    gaps: FloatArray
    """(K - 1,) distances between neighbouring positions."""

    def distance(self, one: npt.ArrayLike, other: npt.ArrayLike) -> FloatArray:
        """Distances between the histograms at two (N,) lists of indices."""
        difference = self.cumulative[np.asarray(one)] - self.cumulative[np.asarray(other)]
        apart: FloatArray = np.abs(difference[:, :-1]) @ self.gaps
        return apart


def series_to_shapes(series: HistogramSeries, scale: float | None = None) -> Shapes:
    """The histograms of a series as cumulative shares on the asinh axis.

    scale: where the axis turns from linear to logarithmic; default `typical_size`.
    Records without a finite value become all 0.
    """
    unit = typical_size(series) if scale is None else scale
    centres = np.where(
        (series.lower < 0) & (series.upper > 0), 0.0, series.lower / 2 + series.upper / 2
    )
    positions = np.arcsinh(centres / unit)
    counts = np.cumsum(series.bin_counts, axis=1, dtype=np.float64)
    total = counts[:, -1:] if counts.shape[1] else np.ones((len(counts), 1))
    return Shapes(counts / np.maximum(total, 1), np.diff(positions))


def typical_size(series: HistogramSeries) -> float:
    """Median |x| of all values other than 0, over all records; 1 when there are none."""
    size = np.maximum(np.abs(series.lower), np.abs(series.upper))
    counts = series.bin_counts.sum(axis=0, dtype=np.int64)
    counts[(series.lower < 0) & (series.upper > 0)] = 0
    if not counts.any():
        return 1.0
    order = np.argsort(size, kind="stable")
    median = column_quantiles(counts[None], 0.5, order).bins[0, 0]
    return float(size[order][median])


def window_starts(records: int, windows: int) -> IntVector:
    """Where each of at most `windows` windows of equal length begins."""
    count = max(min(windows, records), 1)
    return np.unique(np.linspace(0, records, count, endpoint=False).astype(np.int64))


def window_medians(values: FloatArray, starts: IntVector, ends: IntVector) -> FloatArray:
    """(W,) the median of ``values[start:end]`` for each of W windows, none of them empty.

    All at once: one call of `np.median` takes 20 µs, and rules ask for thousands.
    """
    lengths = ends - starts
    place = np.arange(int(lengths.max(initial=1)))
    inside = np.minimum(starts[:, None] + place, len(values) - 1)
    rows = np.sort(np.where(place < lengths[:, None], values[inside], np.inf), axis=1)
    row = np.arange(len(starts))
    medians: FloatArray = rows[row, (lengths - 1) // 2] / 2 + rows[row, lengths // 2] / 2
    return medians

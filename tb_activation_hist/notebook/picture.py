"""Series to pictures as plain arrays: which values are shown, and how many fall in each cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries

CUT_SHARE: Final = 0.001
"""Share of the values left out at each end of an automatic range; a few outliers would hide all."""

SMALLEST_UNIT: Final = 1e-6
"""Smallest unit of a symlog scale, as a share of the largest value shown."""

SCALES: Final = ("linear", "symlog")


@dataclass(frozen=True)
class ValueAxis:
    """The rows of a picture: (R + 1,) ascending edges, spaced evenly on the scale.

    unit: where the symlog scale, sign(x) * log(1 + |x| / unit), turns from linear to logarithmic.
    """

    edges: FloatArray
    scale: str = "linear"
    unit: float = 1.0


@dataclass(frozen=True)
class Picture:
    """Counts of one layer over a grid of cells.

    counts (R, C): row r holds values from axis.edges[r] to axis.edges[r + 1], column c the steps
    from columns[c] to columns[c + 1]. outside: share of the finite values that the axis leaves out.
    """

    counts: FloatArray
    axis: ValueAxis
    columns: FloatArray
    outside: float


def value_range(
    parts: Iterable[HistogramSeries], cut_share: float = CUT_SHARE
) -> tuple[float, float]:
    """Values between which all but `cut_share` at each end of the given series lie, as one pool.

    Where nothing finite was recorded: -1 and 1. A constant gets a margin of half its size.
    """
    lows, highs, weights = [], [], []
    for series in parts:
        lows.append(series.lower)
        highs.append(series.upper)
        weights.append(series.bin_counts.sum(axis=0, dtype=np.float64))
    low, high, weight = (np.concatenate([np.zeros(0), *part]) for part in (lows, highs, weights))
    if weight.sum() == 0:
        return -1.0, 1.0
    bottom = _weighted_quantile(low, weight, cut_share)
    top = -_weighted_quantile(-high, weight, cut_share)
    margin = 0.0 if top > bottom else max(abs(top), 1.0) / 2
    return bottom - margin, top + margin


def _weighted_quantile(values: FloatArray, weight: FloatArray, share: float) -> float:
    order = np.argsort(values)
    cumulative = np.cumsum(weight[order])
    place = np.searchsorted(cumulative, share * cumulative[-1], side="right")
    return float(values[order][min(int(place), len(order) - 1)])


def value_axis(
    parts: Sequence[HistogramSeries],
    rows: int = 128,
    *,
    lo: float | None = None,
    hi: float | None = None,
    scale: str = "linear",
) -> ValueAxis:
    """Rows of a picture that suit all given series.

    lo, hi: ends of the values shown; by default `value_range`. scale: "linear", or "symlog", whose
    unit is the size that a tenth of the values other than zero stay below.
    """
    if scale not in SCALES:
        msg = f"scale must be {' or '.join(map(repr, SCALES))}, but got {scale!r}."
        raise OptionError(msg)
    bottom, top = value_range(parts) if lo is None or hi is None else (lo, hi)
    bottom, top = (bottom if lo is None else lo), (top if hi is None else hi)
    if not bottom < top:
        msg = f"The values shown must be from lo to a larger hi, but got {bottom} and {top}."
        raise OptionError(msg)
    if scale == "linear":
        return ValueAxis(np.linspace(bottom, top, rows + 1))
    unit = max(_small_size(parts), max(abs(bottom), abs(top)) * SMALLEST_UNIT)
    ends = np.sign([bottom, top]) * np.log1p(np.abs([bottom, top]) / unit)
    even = np.linspace(ends[0], ends[1], rows + 1)
    edges = np.sign(even) * np.expm1(np.abs(even)) * unit
    edges[0], edges[-1] = bottom, top
    return ValueAxis(edges, scale, unit)


def _small_size(parts: Sequence[HistogramSeries]) -> float:
    """The size that a tenth of the values in bins off zero stay below; 0 where there are none."""
    sizes, weights = [np.zeros(0)], [np.zeros(0)]
    for series in parts:
        off = (series.lower >= 0) | (series.upper <= 0)
        sizes.append(np.maximum(np.abs(series.lower), np.abs(series.upper))[off])
        weights.append(series.bin_counts.sum(axis=0, dtype=np.float64)[off])
    size, weight = np.concatenate(sizes), np.concatenate(weights)
    return _weighted_quantile(size, weight, 0.1) if weight.sum() else 0.0


def series_to_picture(series: HistogramSeries, axis: ValueAxis, max_columns: int = 1000) -> Picture:
    """Counts of a series over the given rows; neighbouring steps are pooled to fit."""
    if len(series) == 0:
        return Picture(np.zeros((len(axis.edges) - 1, 1)), axis, np.array([-0.5, 0.5]), 0.0)
    size = -(-len(series) // max_columns)
    pooled = series.pool(np.arange(0, len(series), size)) if size > 1 else series
    counts = pooled.rebin(axis.edges)
    total = series.finite.sum()
    outside = 1 - counts.sum() / total if total else 0.0
    columns = step_edges(pooled.steps.astype(np.float64))
    return Picture(counts.T, axis, columns, max(float(outside), 0.0))


def step_edges(steps: FloatArray) -> FloatArray:
    """(C + 1,) borders half way between ascending steps, one or more; a single one is one wide."""
    if len(steps) < 2:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middle = (steps[1:] + steps[:-1]) / 2
    first, last = 2 * steps[0] - middle[0], 2 * steps[-1] - middle[-1]
    return np.concatenate([np.array([first]), middle, np.array([last])])

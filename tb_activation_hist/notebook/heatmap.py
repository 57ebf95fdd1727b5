"""A series as the counts in the cells of a heatmap, plain arrays that anything can draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.notebook.value_axis import ValueAxis


@dataclass(frozen=True)
class Heatmap:
    """Counts of one layer over a grid of cells.

    counts (R, C): row r holds values from axis.edges[r] to axis.edges[r + 1], column c the steps
    from columns[c] to columns[c + 1]. outside: share of the finite values that the axis leaves out.
    """

    counts: FloatArray
    axis: ValueAxis
    columns: FloatArray
    outside: float


def series_to_heatmap(series: HistogramSeries, axis: ValueAxis, max_columns: int = 1000) -> Heatmap:
    """Counts of a series over the given rows; neighbouring steps are pooled to fit."""
    if len(series) == 0:
        return Heatmap(np.zeros((len(axis.edges) - 1, 1)), axis, np.array([-0.5, 0.5]), 0.0)
    size = -(-len(series) // max_columns)
    pooled = series.pool(np.arange(0, len(series), size)) if size > 1 else series
    counts = pooled.rebin(axis.edges)
    total = series.finite.sum()
    outside = 1 - counts.sum() / total if total else 0.0
    columns = step_edges(pooled.steps.astype(np.float64))
    return Heatmap(counts.T, axis, columns, max(float(outside), 0.0))


def step_edges(steps: FloatArray) -> FloatArray:
    """(C + 1,) borders half way between ascending steps, one or more; a single one is one wide."""
    if len(steps) < 2:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middle = (steps[1:] + steps[:-1]) / 2
    first, last = 2 * steps[0] - middle[0], 2 * steps[-1] - middle[-1]
    return np.concatenate([np.array([first]), middle, np.array([last])])

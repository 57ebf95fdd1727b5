"""Pictures of shares of values: where two layers differ, and the histograms of one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.plot_options import Scale
from tb_activation_hist.notebook.heatmap import step_edges
from tb_activation_hist.notebook.panel import (
    difference_norm,
    difference_ticks,
    pyplot,
    require,
    set_value_scale,
)
from tb_activation_hist.notebook.value_axis import ROWS, ValueAxis, value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIVERGING: Final = "RdBu_r"


def plot_difference(
    one: HistogramSeries,
    other: HistogramSeries,
    *,
    ax: Axes | None = None,
    lo: float | None = None,
    hi: float | None = None,
    scale: Scale = "linear",
    rows: int = ROWS,
    title: str | None = None,
    figsize: tuple[float, float] = (7.5, 3.6),
) -> Axes:
    """Where the values of `one` lie more often (red) or less often (blue) than those of `other`.

    The colour is the difference of the shares of the finite values in a cell, in percentage points.
    Drawn over the steps that both recorded; OptionError when there are none.
    """
    steps = np.intersect1d(one.steps, other.steps)
    if len(steps) == 0:
        msg = (
            "A difference needs recorded steps that both series share, but they have none in "
            "common."
        )
        raise OptionError(msg)
    axis = value_axis([one, other], rows, lo=lo, hi=hi, scale=scale)
    shares = [_shares(series.take(np.isin(series.steps, steps)), axis) for series in (one, other)]
    difference = 100 * (shares[0] - shares[1]).T
    if ax is None:
        _, ax = pyplot().subplots(figsize=figsize, layout="constrained")
    largest = float(np.abs(difference).max()) or 1.0
    mesh = ax.pcolormesh(
        step_edges(steps.astype(np.float64)),
        axis.edges,
        difference,
        cmap=DIVERGING,
        norm=difference_norm(largest),
        rasterized=True,
    )
    set_value_scale(ax, axis)
    ax.set(xlabel="step", ylabel="value", title=title or f"{one.layer}: difference")
    label = "difference of shares, percentage points"
    ax.figure.colorbar(mesh, ax=ax, label=label, pad=0.01, ticks=difference_ticks(largest))
    return ax


def plot_slice(
    series: HistogramSeries | Mapping[str, HistogramSeries],
    step: int | None = None,
    *,
    ax: Axes | None = None,
    lo: float | None = None,
    hi: float | None = None,
    scale: Scale = "linear",
    rows: int = ROWS,
    figsize: tuple[float, float] = (6.5, 3.6),
) -> Axes:
    """Histograms at one step, a line for each of the given series; returns the axes.

    step: the nearest recorded one is taken, by default the last. y is the share of the finite
    values in each of `rows` cells. OptionError for a step before the first or after the last.
    """
    named = series if isinstance(series, Mapping) else {series.layer: series}
    require(named, "series")
    if ax is None:
        _, ax = pyplot().subplots(figsize=figsize, layout="constrained")
    taken = {name: _at_step(each, step) for name, each in named.items()}
    axis = value_axis(list(taken.values()), rows, lo=lo, hi=hi, scale=scale)
    for name, each in taken.items():
        ax.stairs(_shares(each, axis)[0], axis.edges, label=f"{name}, step {each.steps[0]}", lw=1.5)
    if scale == "symlog":
        ax.set_xscale("symlog", linthresh=axis.linthresh)
    ends = (axis.edges[0], axis.edges[-1])
    ax.set(xlabel="value", ylabel="share of values", xlim=ends, ylim=(0, None))
    ax.legend(frameon=False)
    return ax


def _shares(series: HistogramSeries, axis: ValueAxis) -> FloatArray:
    return np.asarray(series.rebin(axis.edges) / np.maximum(series.finite, 1)[:, None], np.float64)


def _at_step(series: HistogramSeries, step: int | None) -> HistogramSeries:
    require(len(series), "records")
    first, last = int(series.steps[0]), int(series.steps[-1])
    if step is not None and not first <= step <= last:
        msg = f"step must be within the recorded steps {first} to {last}, but got {step!r}."
        raise OptionError(msg)
    nearest = -1 if step is None else int(np.argmin(np.abs(series.steps - step)))
    return series.take([nearest])

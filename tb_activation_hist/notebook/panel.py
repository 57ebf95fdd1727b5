"""The parts of a matplotlib panel: cells, scales, titles and marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tb_activation_hist.core.errors import MissingDependencyError, OptionError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.notebook.heatmap import Heatmap
from tb_activation_hist.notebook.value_axis import ValueAxis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import LogNorm, Normalize, SymLogNorm

COLOURS: Final = "viridis"
NON_FINITE_COLOUR: Final = "#d81b60"
WORTH_SAYING: Final = 0.0005
"""Share of values outside the picture from which on it is stated."""


def pyplot() -> Any:
    """matplotlib's pyplot; MissingDependencyError without it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as err:
        msg = "Pictures need matplotlib: pip install 'tb-activation-hist[plot]'"
        raise MissingDependencyError(msg) from err
    return plt


def require(given: object, what: str) -> None:
    """OptionError when `given` is empty."""
    if not given:
        msg = (
            f"There are no {what} to draw: nothing has been recorded yet (train first), or an "
            "empty list was given."
        )
        raise OptionError(msg)


def count_norm(heatmaps: Sequence[Heatmap]) -> LogNorm:
    """One colour scale for several heatmaps."""
    from matplotlib.colors import LogNorm

    most = max((float(heatmap.counts.max(initial=0)) for heatmap in heatmaps), default=0.0)
    return LogNorm(vmin=1, vmax=max(most, 10.0))


def difference_norm(largest: float) -> SymLogNorm:
    """Linear up to a hundredth of the largest, so that one cell does not hide the rest."""
    from matplotlib.colors import SymLogNorm

    return SymLogNorm(linthresh=largest / 100, vmin=-largest, vmax=largest)


def difference_ticks(largest: float) -> list[float]:
    """Zero and, on both sides, the powers of ten on the logarithmic part of the scale."""
    top = int(np.floor(np.log10(largest)))
    powers = [10.0**exponent for exponent in (top - 1, top)]
    return [*(-power for power in reversed(powers)), 0.0, *powers]


def draw_cells(ax: Axes, heatmap: Heatmap, norm: Normalize) -> QuadMesh:
    """Cells of one panel; those below one value get the darkest colour."""
    import matplotlib as mpl

    colours = mpl.colormaps[COLOURS]
    colours = colours.with_extremes(bad=colours(0.0), under=colours(0.0))
    mesh = ax.pcolormesh(
        heatmap.columns,
        heatmap.axis.edges,
        np.ma.masked_less(heatmap.counts, 1e-9),
        norm=norm,
        cmap=colours,
        rasterized=True,
    )
    ax.set_facecolor(colours(0.0))
    set_value_scale(ax, heatmap.axis)
    return mesh


def set_value_scale(ax: Axes, axis: ValueAxis) -> None:
    if axis.scale == "symlog":
        ax.set_yscale("symlog", linthresh=axis.linthresh)
    ax.set_ylim(axis.edges[0], axis.edges[-1])


def set_titles(ax: Axes, title: str, outside: float) -> None:
    """The layer's name, and what the value axis leaves out."""
    if title:
        ax.set_title(title, loc="left", fontsize="medium")
    if outside >= WORTH_SAYING:
        note = f"{outside:.1%} outside"
        ax.set_title(note, loc="right", fontsize="x-small", color="0.4")


def mark_non_finite(ax: Axes, series: HistogramSeries) -> None:
    """A mark at the top edge for each step with NaN or infinite values."""
    steps = series.steps[series.finite < series.n]
    if len(steps):
        ax.plot(
            steps,
            np.ones(len(steps)),
            "|",
            ms=8,
            mew=1.5,
            color=NON_FINITE_COLOUR,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            label="NaN or ±∞",
        )


def draw_legend(ax: Axes) -> None:
    """Name the marks and lines of a panel; nothing where there are none."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", fontsize="x-small", framealpha=0.8)

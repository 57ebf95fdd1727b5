"""matplotlib pictures of histograms: one layer, many layers, runs side by side, difference, slice.

Every function draws with pyplot, so that notebooks show the picture, and returns the axes.
Darkest: no value; the colour scale is logarithmic in the count.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.nearest import no_such
from tb_activation_hist.core.number_formats import NumberFormat
from tb_activation_hist.core.plot_options import AxesArray, Scale
from tb_activation_hist.notebook.format_strip import draw_number_format
from tb_activation_hist.notebook.heatmap import series_to_heatmap
from tb_activation_hist.notebook.panel import (
    count_norm,
    draw_cells,
    draw_legend,
    mark_non_finite,
    pyplot,
    require,
    set_titles,
)
from tb_activation_hist.notebook.shares import plot_difference, plot_slice
from tb_activation_hist.notebook.slices import plot_slices
from tb_activation_hist.notebook.update_ratios import plot_update_ratios
from tb_activation_hist.notebook.value_axis import ROWS, value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tb_activation_hist.core.grid import IntArray

__all__ = [
    "plot_difference",
    "plot_layers",
    "plot_runs",
    "plot_series",
    "plot_slice",
    "plot_slices",
    "plot_update_ratios",
    "series_to_html",
    "series_to_png",
]

PANEL_INCHES: Final = (5.2, 2.9)


def plot_series(
    series: HistogramSeries,
    *,
    ax: Axes | None = None,
    lo: float | None = None,
    hi: float | None = None,
    scale: Scale = "linear",
    rows: int = ROWS,
    title: str | None = None,
    figsize: tuple[float, float] = (7.5, 3.6),
    number_format: NumberFormat | None = None,
    format_scale: float = 1.0,
) -> Axes:
    """One layer: x the step, y the value, colour the count; returns the axes.

    lo, hi: ends of the value axis, by default those of the central 99.9 % of the values. scale:
    "linear" or "symlog". rows: cells of the value axis. Steps with NaN or infinite values are
    marked at the top edge. number_format, format_scale: a format whose limits are drawn as lines,
    and the share of values that a cast to it would lose, after that scale, in a strip below.
    """
    axis = value_axis([series], rows, lo=lo, hi=hi, scale=scale)
    if ax is None:
        _, ax = pyplot().subplots(figsize=figsize, layout="constrained")
    heatmap = series_to_heatmap(series, axis)
    mesh = draw_cells(ax, heatmap, count_norm([heatmap]))
    mark_non_finite(ax, series)
    set_titles(ax, series.layer if title is None else title, heatmap.outside)
    ax.set(xlabel="step", ylabel="value")
    ax.figure.colorbar(mesh, ax=ax, label="count", pad=0.01)
    if number_format is not None:
        draw_number_format(ax, series, number_format, format_scale)
    draw_legend(ax)
    return ax


def plot_layers(
    layers: Mapping[str, HistogramSeries],
    *,
    columns: int | None = None,
    lo: float | None = None,
    hi: float | None = None,
    scale: Scale = "linear",
    rows: int = ROWS,
    number_format: NumberFormat | None = None,
    format_scale: float = 1.0,
) -> AxesArray:
    """A grid with one panel for each layer, each with its own axes; returns the axes.

    columns: panels side by side, by default up to 3. The others: as in `plot_series`.
    """
    require(layers, "layers")
    columns = columns or min(len(layers), 3)
    lines = -(-len(layers) // columns)
    width, height = PANEL_INCHES
    figure, grid = pyplot().subplots(
        lines,
        columns,
        figsize=(width * columns, height * lines),
        layout="constrained",
        squeeze=False,
    )
    axes: AxesArray = grid.ravel()
    for ax, (name, series) in zip(axes, layers.items(), strict=False):
        plot_series(
            series,
            ax=ax,
            lo=lo,
            hi=hi,
            scale=scale,
            rows=rows,
            title=name,
            number_format=number_format,
            format_scale=format_scale,
        )
    for ax in axes[len(layers) :]:
        figure.delaxes(ax)
    return axes[: len(layers)]


def plot_runs(
    runs: Mapping[str, Mapping[str, HistogramSeries]],
    layers: str | Sequence[str] | None = None,
    *,
    lo: float | None = None,
    hi: float | None = None,
    scale: Scale = "linear",
    rows: int = ROWS,
    number_format: NumberFormat | None = None,
    format_scale: float = 1.0,
) -> AxesArray:
    """Runs side by side: a row for each layer, a column for each run; returns the axes (L, R).

    layers: one name or several, by default all of the first run. The panels of a row share value
    axis and colour scale. The others: as in `plot_series`. KeyError, with the nearest names, for a
    layer of no run.
    ``plot_runs(read_histograms("runs"), ["layer1", "layer2"])``
    """
    require(runs, "runs")
    names = _choose_layers(runs, layers)
    require(names, "layers")
    width, height = PANEL_INCHES
    axes: AxesArray
    _, axes = pyplot().subplots(
        len(names),
        len(runs),
        figsize=(width * len(runs), height * len(names)),
        layout="constrained",
        sharex="col",
        squeeze=False,
    )
    for line, name in zip(axes, names, strict=True):
        _draw_line(line, name, {run: runs[run].get(name) for run in runs}, (lo, hi), scale, rows)
    for ax, run in zip(axes[0], runs, strict=True):
        ax.set_title(run, fontweight="bold")
    for ax in axes[-1]:
        ax.set_xlabel("step")
    for line, name in zip(axes, names, strict=True):
        for ax, own in zip(line, runs.values(), strict=True):
            if number_format is not None and name in own:
                draw_number_format(ax, own[name], number_format, format_scale)
            draw_legend(ax)
    return axes


def _choose_layers(
    runs: Mapping[str, Mapping[str, HistogramSeries]], layers: str | Sequence[str] | None
) -> list[str]:
    """The given layers; KeyError for one that no run has."""
    if layers is None:
        return list(next(iter(runs.values())))
    names = [layers] if isinstance(layers, str) else list(layers)
    for name in names:
        if not any(name in run for run in runs.values()):
            known = dict.fromkeys(key for run in runs.values() for key in run)
            raise KeyError(no_such("layer", name, list(known)))
    return names


def _draw_line(
    line: AxesArray,
    name: str,
    found: Mapping[str, HistogramSeries | None],
    ends: tuple[float | None, float | None],
    scale: Scale,
    rows: int,
) -> None:
    """One layer of all runs, on one value axis and one colour scale."""
    present = [series for series in found.values() if series is not None]
    axis = value_axis(present, rows, lo=ends[0], hi=ends[1], scale=scale)
    heatmaps = [series_to_heatmap(series, axis) for series in present]
    norm = count_norm(heatmaps)
    drawn = iter(heatmaps)
    mesh = None
    for ax, series in zip(line, found.values(), strict=True):
        if series is None:
            ax.text(0.5, 0.5, "not recorded", ha="center", va="center", transform=ax.transAxes)
            ax.set(yticks=[], facecolor="0.95")
            continue
        heatmap = next(drawn)
        mesh = draw_cells(ax, heatmap, norm)
        mark_non_finite(ax, series)
        set_titles(ax, "", heatmap.outside)
    line[0].set_ylabel(name)
    if mesh is not None:
        line[0].figure.colorbar(mesh, ax=list(line), label="count", pad=0.01)


def plot_layer_stats(
    steps: IntArray, stats: tuple[FloatArray, FloatArray, FloatArray], near_zero: str, title: str
) -> AxesArray:
    """Mean, standard deviation and share near zero over the steps; returns the three axes."""
    axes: AxesArray
    figure, axes = pyplot().subplots(1, 3, figsize=(12, 3), layout="constrained")
    names = ("mean", "standard deviation", near_zero)
    for ax, values, name in zip(axes, stats, names, strict=True):
        ax.plot(steps, values, lw=1.2)
        ax.set(title=name, xlabel="step")
        ax.grid(alpha=0.3)
    axes[2].set_ylim(-0.02, 1.02)
    figure.suptitle(title)
    return axes


def series_to_png(series: HistogramSeries) -> bytes:
    """One layer as a PNG, without pyplot's global state."""
    pyplot()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    plot_series(series, ax=figure.add_subplot())
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()


def series_to_html(series: HistogramSeries) -> str:
    """One layer as an HTML image with its size in words."""
    image = base64.b64encode(series_to_png(series)).decode()
    words = f"{len(series):,} records, {int(series.n.sum()):,} values"
    return (
        f'<figure><img alt="heatmap" src="data:image/png;base64,{image}"/><p>{words}</p></figure>'
    )

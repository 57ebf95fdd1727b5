"""A number format on a heatmap: its limits as lines, and the share that a cast loses below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.number_formats import NumberFormat, check_scale, find_limits
from tb_activation_hist.notebook.heatmap import step_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRIP_PLACE: Final = (0.0, -0.13, 1.0, 0.1)
"""Left, bottom, width and height of the strip, in units of the heatmap's axes."""

LINE_COLOUR: Final = "white"
SEAM_COLOUR: Final = "black"


def draw_number_format(
    ax: Axes, series: HistogramSeries, number_format: NumberFormat, scale: float
) -> Axes:
    """Draw limits over a heatmap and the share lost under it; returns the axes of the strip.

    If nothing can be determined for the series, the strip says so.
    """
    _draw_limits(ax, number_format, check_scale(scale))
    strip = ax.inset_axes(STRIP_PLACE, sharex=ax)
    ax.tick_params(labelbottom=False)
    # Of panels above one another, the lowest names the axis.
    strip.tick_params(labelbottom=bool(ax.get_xlabel()))
    strip.set_xlabel(ax.get_xlabel())
    ax.set_xlabel("")
    strip.set(ylim=(0, 1), yticks=[])
    strip.set_ylabel("lost", rotation=0, ha="right", va="center", fontsize="x-small")
    words = "unknown"
    if series.scheme.zeros_known and len(series):
        lost = series.format_loss(number_format, scale).lost
        strip.stairs(lost, step_edges(series.steps.astype(float)), fill=True, color="0.7")
        words = f"at most {np.nanmax(lost, initial=0.0):.2%} lost"
    text = f"{number_format}: {words}"
    strip.text(0.995, 0.5, text, ha="right", va="center", size="x-small", transform=strip.transAxes)
    return strip


def _draw_limits(ax: Axes, number_format: NumberFormat, scale: float) -> None:
    """Lines at both sides of 0, where the value axis shows the limit."""
    from matplotlib.patheffects import Stroke, withStroke

    limits = find_limits(number_format)
    looks = (
        (limits.overflow_limit, "-", "too large"),
        (limits.normal_from, "--", "subnormal"),
        (limits.zero_up_to, ":", "0"),
    )
    seam: list[Stroke] = [withStroke(linewidth=2.4, foreground=SEAM_COLOUR)]
    low, high = ax.get_ylim()
    for size, style, meaning in looks:
        label = f"{number_format}: {meaning}"
        for value in (size / scale, -size / scale):
            if low <= value <= high:
                ax.axhline(
                    value,
                    color=LINE_COLOUR,
                    linestyle=style,
                    linewidth=1,
                    path_effects=seam,
                    label=label,
                )
                label = "_"

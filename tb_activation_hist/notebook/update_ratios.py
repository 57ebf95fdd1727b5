"""The size of the updates of many parameters over the steps, with the usual size as a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.update_ratio import UPDATES, USUAL_RATIO
from tb_activation_hist.notebook.panel import pyplot, require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

NAMED: Final = 20
"""Most lines that the legend names."""

ENDS: Final = 6
"""Lines that it names at either end where there are more."""


def plot_update_ratios(updates: Mapping[str, HistogramSeries], ax: Axes | None = None) -> Axes:
    """log10 of the updates' size relative to the weights', a line for each parameter.

    updates: series of the kind `updates` by name. ax: axes to draw on, by default those of a new
    figure. The dashed line at -3 is the usual size. Steps without a change are gaps. Of more than
    20 parameters, the legend names the six largest and the six smallest at the end. Returns the
    axes.
    """
    require(updates, "updates")
    if ax is None:
        _, ax = pyplot().subplots(figsize=(7.5, 4), layout="constrained")
    colours = pyplot().get_cmap("viridis")(np.linspace(0, 0.95, len(updates)))
    last: dict[Line2D, float] = {}
    for (name, series), colour in zip(updates.items(), colours, strict=True):
        known = np.isfinite(series.update_ratio)
        ratio = np.where(known, series.update_ratio, np.nan)
        label = name.removeprefix(UPDATES)
        (line,) = ax.plot(series.steps, ratio, lw=1.2, color=colour, label=label)
        last[line] = float(ratio[known][-1]) if known.any() else -np.inf
    usual = ax.axhline(USUAL_RATIO, color="black", ls="--", lw=1, label="usual: −3")
    ax.set(xlabel="step", ylabel="log10(rms of update / rms of weight)")
    ax.grid(alpha=0.3)
    lines, title = _choose_named(last)
    ax.legend(
        handles=[*lines, usual],
        title=title,
        title_fontsize="x-small",
        frameon=False,
        fontsize="x-small",
        loc="center left",
        bbox_to_anchor=(1, 0.5),
    )
    return ax


def _choose_named(last: Mapping[Line2D, float]) -> tuple[list[Line2D], str | None]:
    """The lines that a legend has room for, and its title. last: where each line ends."""
    if len(last) <= NAMED:
        return list(last), None
    ordered = sorted(last, key=lambda line: last[line], reverse=True)
    ends = [*ordered[:ENDS], *ordered[-ENDS:]]
    return ends, f"largest and smallest\nof {len(last):,} at the end"

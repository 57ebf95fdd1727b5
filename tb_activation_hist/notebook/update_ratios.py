"""The size of the updates of many parameters over the steps, with the usual size as a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.update_ratio import UPDATES, USUAL_RATIO
from tb_activation_hist.notebook.panel import pyplot, require

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_update_ratios(updates: Mapping[str, HistogramSeries], ax: Axes | None = None) -> Axes:
    """log10 of the updates' size relative to the weights', a line for each parameter.

    updates: series of the kind `updates` by name. ax: axes to draw on, by default those of a new
    figure. The dashed line at -3 is the usual size. Steps without a change are gaps. Returns the
    axes.
    """
    require(updates, "updates")
    if ax is None:
        _, ax = pyplot().subplots(figsize=(7.5, 4), layout="constrained")
    colours = pyplot().get_cmap("viridis")(np.linspace(0, 0.95, len(updates)))
    for (name, series), colour in zip(updates.items(), colours, strict=True):
        ratio = np.where(np.isfinite(series.update_ratio), series.update_ratio, np.nan)
        ax.plot(series.steps, ratio, lw=1.2, color=colour, label=name.removeprefix(UPDATES))
    ax.axhline(USUAL_RATIO, color="black", ls="--", lw=1, label="usual: −3")
    ax.set(xlabel="step", ylabel="log10(rms of update / rms of weight)")
    ax.grid(alpha=0.3)
    if len(updates) <= 20:
        ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax

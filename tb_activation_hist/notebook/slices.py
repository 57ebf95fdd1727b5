"""A split layer as a picture: x the step, y the slice, colour a statistic of the slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tb_activation_hist.core.slice_counts import SliceStatistic
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.notebook.heatmap import step_edges
from tb_activation_hist.notebook.panel import pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS: Final = {
    "zero_share": "share of zeros",
    "abs_max": "largest |x|",
    "rms": "root mean square",
}
ALWAYS_POSITIVE: Final = ("std", "abs_max", "rms")
MAX_COLUMNS: Final = 1000


def plot_slices(
    slices: SliceSeries, statistic: SliceStatistic = "zero_share", ax: Axes | None = None
) -> Axes:
    """x the step, y the slice, colour the statistic; returns the axes.

    The colour scale is linear for `zero_share` (0 to 1), `mean`, `min` and `max`, and logarithmic
    for `std`, `abs_max` and `rms`. Grey: no finite value, or 0 on a logarithmic scale. More than
    1,000 records are pooled. OptionError for an unknown statistic.
    """
    slices.statistic(statistic)
    if ax is None:
        _, ax = pyplot().subplots(figsize=(7.5, 3.6), layout="constrained")
    size = -(-len(slices) // MAX_COLUMNS)
    pooled = slices.pool(np.arange(0, len(slices), size)) if size > 1 else slices
    values = np.ma.masked_invalid(pooled.statistic(statistic).T)
    if statistic in ALWAYS_POSITIVE:
        values = np.ma.masked_less_equal(values, 0.0)
    ax.set_facecolor("0.8")
    ax.set(xlabel="step", ylabel="slice", title=slices.layer)
    if values.count():
        columns = step_edges(pooled.steps.astype(np.float64))
        rows = np.arange(slices.slices + 1) - 0.5
        mesh = ax.pcolormesh(columns, rows, values, norm=_norm(statistic, values), rasterized=True)
        ax.figure.colorbar(mesh, ax=ax, label=LABELS.get(statistic, statistic), pad=0.01)
    return ax


def _norm(statistic: SliceStatistic, values: Any) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    if statistic == "zero_share":
        return Normalize(0, 1)
    return (LogNorm if statistic in ALWAYS_POSITIVE else Normalize)(values.min(), values.max())

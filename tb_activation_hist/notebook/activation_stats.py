"""The methods that readers of the fastai book know from ``ActivationStats``, on our histograms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import NEAR_ZERO, FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.nearest import list_names, no_such
from tb_activation_hist.core.plot_options import AxesArray
from tb_activation_hist.notebook.panel import require
from tb_activation_hist.notebook.value_axis import value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _range_text(values: FloatArray) -> str:
    finite = values[np.isfinite(values)]
    return f"{finite.min():.3g} to {finite.max():.3g}" if len(finite) else "none"


class LayerStats(NamedTuple):
    """Statistics of one layer, each (S,) over the recorded steps."""

    mean: FloatArray
    std: FloatArray
    near_zero: FloatArray

    def __repr__(self) -> str:
        """One line: how many records, and the range of each statistic."""
        ranges = (f"{name} {_range_text(values)}" for name, values in self._asdict().items())
        return f"LayerStats({len(self.mean)} records, {', '.join(ranges)})"


class ActivationStatsReaders(ABC):
    """``layer_stats``, ``hist``, ``color_dim``, ``plot_layer_stats``, by layer name or number."""

    @property
    @abstractmethod
    def histograms(self) -> Mapping[str, HistogramSeries]:
        """What was recorded so far, by layer, in model order."""

    def series(self, layer: int | str | None = None) -> HistogramSeries:
        """One layer's histograms.

        layer: its name, or its position among the recorded layers, from 0; None: the only one.
        KeyError, with the nearest names, or IndexError for a layer that was not recorded;
        OptionError when nothing was recorded yet, or when None stands for several layers.
        """
        histograms = self.histograms
        names = list(histograms)
        require(names, "layers")
        if layer is None:
            return histograms[_only(names)]
        if isinstance(layer, str):
            if layer not in histograms:
                raise KeyError(no_such("layer", layer, names))
            return histograms[layer]
        if not -len(names) <= layer < len(names):
            msg = f"layer must be a name or a number from 0 to {len(names) - 1}, but got {layer!r}."
            raise IndexError(msg)
        return histograms[names[layer]]

    def layer_stats(
        self, layer: int | str | None = None, *, legacy_near_zero: bool = False
    ) -> LayerStats:
        """Mean, standard deviation and share near zero at each recorded step, (S,) each.

        layer: as in `series`. The share is from 0 to 1. A value is near zero where
        ``|x| <= 0.05``; with legacy_near_zero where ``x <= 0.05``, fastai's definition, which
        counts all negative values.
        """
        series = self.series(layer)
        near = share_up_to(series, NEAR_ZERO) if legacy_near_zero else series.share_near_zero()
        return LayerStats(series.mean, series.std, near)

    def hist(
        self,
        layer: int | str | None = None,
        bins: int = 40,
        lo: float | None = None,
        hi: float | None = None,
    ) -> FloatArray:
        """log(1 + count) over equal bins from lo to hi, (bins, S) float64.

        layer: as in `series`. lo, hi: by default all values but the outermost 0.1 % at each end.
        fastai's own bins are ``bins=40, lo=0, hi=10``. Values outside are left out.
        """
        series = self.series(layer)
        counts = series.rebin(value_axis([series], bins, lo=lo, hi=hi).edges)
        return np.asarray(np.log1p(counts.T), np.float64)

    def color_dim(
        self,
        layer: int | str | None = None,
        figsize: tuple[float, float] = (10, 5),
        ax: Axes | None = None,
    ) -> Axes:
        """Draw fastai's "colourful dimension" picture, with axes and a colour bar.

        layer: as in `series`. figsize: inches, of a new figure. ax: axes to draw on instead.
        Returns the axes.
        """
        from tb_activation_hist.notebook.plot import plot_series

        return plot_series(self.series(layer), ax=ax, figsize=figsize)

    def plot_layer_stats(
        self, layer: int | str | None = None, *, legacy_near_zero: bool = False
    ) -> AxesArray:
        """Draw mean, standard deviation and share near zero over the steps.

        layer: as in `series`. legacy_near_zero: as in `layer_stats`. Returns the three axes, (3,).
        """
        from tb_activation_hist.notebook.plot import plot_layer_stats

        stats = self.layer_stats(layer, legacy_near_zero=legacy_near_zero)
        series = self.series(layer)
        name = f"x ≤ {NEAR_ZERO}" if legacy_near_zero else f"|x| ≤ {NEAR_ZERO}"
        return plot_layer_stats(series.steps, stats, f"share with {name}", series.layer)


def _only(names: Sequence[str]) -> str:
    if len(names) > 1:
        msg = (
            f"layer must be given, because there are {len(names)}: "
            f"{list_names([*map(repr, names)])}."
        )
        raise OptionError(msg)
    return names[0]


def share_up_to(series: HistogramSeries, limit: float) -> FloatArray:
    """(S,) share of the finite values that are at most `limit`; NaN where there are none."""
    lowest = series.lower[0] if len(series.bins) else limit
    if lowest >= limit:
        return np.where(series.finite > 0, 0.0, np.nan)
    inside = series.rebin([lowest, limit])[:, 0]
    return np.where(series.finite > 0, inside / np.maximum(series.finite, 1), np.nan)

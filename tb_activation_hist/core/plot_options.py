"""Keyword arguments of the plots, for type checkers; `notebook.plot` has the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.number_formats import NumberFormat

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scale: TypeAlias = Literal["linear", "symlog"]
"""Scale of the value axis; symlog is linear around 0 and logarithmic beyond."""

AxesArray: TypeAlias = npt.NDArray[np.object_]
"""An array of matplotlib's ``Axes``."""


class ValueAxisOptions(TypedDict, total=False):
    """The value axis of a picture.

    lo, hi: its ends; None, the default: those of the central 99.9 % of the values.
    scale: "linear" (default) or "symlog". rows: number of cells along it, by default 128.
    """

    lo: float | None
    hi: float | None
    scale: Scale
    rows: int


class NumberFormatOptions(TypedDict, total=False):
    """What a cast to a number format would do, on a heatmap.

    number_format: its limits are drawn as lines, and the share of values lost in a strip below;
    None, the default: neither. format_scale: a power of two before the cast, by default 1.
    """

    number_format: NumberFormat | None
    format_scale: float


class RunsPlotOptions(ValueAxisOptions, NumberFormatOptions, total=False):
    """Runs side by side."""


class LayersPlotOptions(ValueAxisOptions, NumberFormatOptions, total=False):
    """A grid of layers. columns: panels side by side, by default at most 3."""

    columns: int | None


class SlicePlotOptions(ValueAxisOptions, total=False):
    """One step. ax: axes to draw on, by default those of a new figure of `figsize` inches."""

    ax: Axes | None
    figsize: tuple[float, float]


class DifferencePlotOptions(SlicePlotOptions, total=False):
    """The difference of two layers. title: by default that of the layer."""

    title: str | None


class SeriesPlotOptions(DifferencePlotOptions, NumberFormatOptions, total=False):
    """One layer. title: by default the layer's name."""

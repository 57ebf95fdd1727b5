"""Keyword arguments of the plots, for type checkers; `notebook.plot` has the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

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


class LayersPlotOptions(ValueAxisOptions, total=False):
    """A grid of layers. columns: panels side by side, by default at most 3."""

    columns: int | None


class SlicePlotOptions(ValueAxisOptions, total=False):
    """One step. ax: axes to draw on, by default those of a new figure of `figsize` inches."""

    ax: Axes | None
    figsize: tuple[float, float]


class SeriesPlotOptions(SlicePlotOptions, total=False):
    """One layer, or the difference of two. title: by default the layer's name."""

    title: str | None

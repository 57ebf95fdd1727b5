"""The value axis of a picture: which values are shown, and the rows between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.notebook.value_range import Interval, automatic_range, choose_linthresh

SCALES: Final = ("linear", "symlog")
ROWS: Final = 128
"""Rows of a picture where the caller gives none."""


@dataclass(frozen=True)
class ValueAxis:
    """The rows of a picture: (R + 1,) ascending edges, spaced evenly on the scale.

    linthresh: where a symlog scale, sign(x) * log(1 + |x| / linthresh), turns from linear to
    logarithmic.
    """

    edges: FloatArray
    scale: str = "linear"
    linthresh: float = 1.0


def value_axis(
    parts: Sequence[HistogramSeries],
    rows: int = ROWS,
    *,
    lo: float | None = None,
    hi: float | None = None,
    scale: str = "linear",
) -> ValueAxis:
    """Rows of a picture that suit all given series.

    lo, hi: ends of the values shown; by default those of `automatic_range`. scale: "linear", or
    "symlog".
    """
    if scale not in SCALES:
        msg = f"scale must be {' or '.join(map(repr, SCALES))}, but got {scale!r}."
        raise OptionError(msg)
    bottom, top = _ends(parts, lo, hi)
    if scale == "linear":
        return ValueAxis(_linear_edges(bottom, top, rows))
    automatic = lo is None and hi is None
    linthresh = choose_linthresh(parts, bottom, top, automatic=automatic)
    return ValueAxis(_symlog_edges(bottom, top, linthresh, rows), scale, linthresh)


def _ends(parts: Sequence[HistogramSeries], lo: float | None, hi: float | None) -> Interval:
    if lo is None or hi is None:
        bottom, top = automatic_range(parts)
        lo, hi = (bottom if lo is None else lo), (top if hi is None else hi)
    if not lo < hi:
        msg = f"The range of values must be from lo to a larger hi, but got {lo} and {hi}."
        raise OptionError(msg)
    return lo, hi


def _linear_edges(lo: float, hi: float, rows: int) -> FloatArray:
    return _round_to_zero(np.linspace(lo, hi, rows + 1), max(abs(lo), abs(hi)))


def _symlog_edges(lo: float, hi: float, linthresh: float, rows: int) -> FloatArray:
    ends = np.sign([lo, hi]) * np.log1p(np.abs([lo, hi]) / linthresh)
    even = np.linspace(ends[0], ends[1], rows + 1)
    edges = np.sign(even) * np.expm1(np.abs(even)) * linthresh
    edges[0], edges[-1] = lo, hi
    return _round_to_zero(edges, linthresh)


def _round_to_zero(edges: FloatArray, size: float) -> FloatArray:
    """An edge that should be 0 but missed it by rounding would split the zeros off their row."""
    inner = edges[1:-1]
    inner[np.abs(inner) < size * 1e-12] = 0.0
    return edges

"""How the scale of a layer's values goes over a run; a scale is a root mean square."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.distance import IntVector
from tb_activation_hist.findings.signals import Signals

BENT: Final = 0.3
"""Part of a rise by which a way must lie below the straight one to have begun at its bend."""

HISTORY_SHARE: Final = 0.05
"""Share of a run that must have passed before a change of scale is looked for."""


def usable_scales(signals: Signals) -> tuple[IntVector, FloatArray]:
    """Indices and scales of the records that can be compared with each other."""
    index = np.flatnonzero(signals.whole & np.isfinite(signals.rms))
    return index, signals.rms[index]


def earlier_scales(scale: FloatArray) -> FloatArray:
    """(S, W) for each of S records, the median scales of the windows before it; NaN for later ones.

    The first column is the run's first record, which alone comes before the first window.
    """
    windows = int(1 / HISTORY_SHARE)
    starts = np.unique(np.linspace(0, len(scale), windows, endpoint=False).astype(np.int64))
    ends = np.append(starts[1:], len(scale))
    medians = [float(np.median(scale[a:b])) for a, b in zip(starts, ends, strict=True)]
    number = np.searchsorted(starts, np.arange(len(scale)), side="right") - 1
    known = np.append(scale[0], medians)
    return np.where(np.arange(len(known)) <= number[:, None], known, np.nan)


def find_bend(size: FloatArray, first: int, at: int) -> int:
    """Where the way from record `first` to `at` turns upwards, if it does so sharply; else `first`.

    size: logarithms of scales. What grows slowly, as in health, and then far faster, is in trouble
    from there on.
    """
    way = size[first : at + 1]
    below = np.linspace(way[0], way[-1], len(way)) - way
    lowest = int(np.argmax(below))
    return first + lowest + 1 if below[lowest] > BENT * (way[-1] - way[0]) else first

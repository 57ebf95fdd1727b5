"""How the scale of a layer's values goes over a run; a scale is a root mean square."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.distance import IntVector, window_medians
from tb_activation_hist.findings.signals import Signals

BENT: Final = 0.3
"""Part of a rise by which a way must lie below the straight one to have begun at its bend."""

HISTORY_SHARE: Final = 0.05
"""Share of a run that must have passed before a change of scale is looked for."""


def usable_scales(signals: Signals) -> tuple[IntVector, FloatArray]:
    """Indices and scales of the records that can be compared with each other."""
    index = np.flatnonzero(signals.whole & np.isfinite(signals.rms))
    return index, signals.rms[index]


def earlier_scales(scale: FloatArray, extreme: np.ufunc) -> FloatArray:
    """(S,) the lowest or highest of the median scales of the windows before each of S records.

    extreme: `np.minimum` or `np.maximum`. The run's first record, which alone comes before the
    first window, counts as a window, too.
    """
    windows = int(1 / HISTORY_SHARE)
    starts = np.unique(np.linspace(0, len(scale), windows, endpoint=False).astype(np.int64))
    ends = np.append(starts[1:], len(scale))
    known = np.append(scale[0], window_medians(scale, starts, ends))
    reached: FloatArray = extreme.accumulate(known)
    return np.repeat(reached[:-1], ends - starts)


def find_bend(size: FloatArray, first: int, at: int) -> int:
    """Where the way from record `first` to `at` turns upwards, if it does so sharply; else `first`.

    size: logarithms of scales. What grows slowly, as in health, and then far faster, is in trouble
    from there on.
    """
    way = size[first : at + 1]
    below = np.linspace(way[0], way[-1], len(way)) - way
    lowest = int(np.argmax(below))
    return first + lowest + 1 if below[lowest] > BENT * (way[-1] - way[0]) else first

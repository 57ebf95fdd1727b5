"""Drift: how far a layer's distribution moves over a run, beside how much batches vary it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.findings.distance import (
    IntVector,
    Shapes,
    series_to_shapes,
    typical_size,
    window_starts,
)
from tb_activation_hist.findings.signals import Signals

LEAST_RECORDS: Final = 32
"""Minimum number of records to distinguish batch noise from learning."""

USUAL_GAPS: Final = 3
"""Times that a distance of steps between two records must occur to be usual."""


@dataclass(frozen=True, eq=False)
class Drift:
    """A layer's records in windows, and the distances between these.

    windows: how many at most. even: use records at equal distances of steps alone. Records of short
    batches and without finite values are left out.
    """

    signals: Signals
    windows: int
    even: bool = False

    @cached_property
    def records(self) -> IntVector:
        """Indices of the records that are used."""
        whole = np.flatnonzero(self.signals.whole)
        return whole[evenly_spaced(self.signals.series.steps[whole])] if self.even else whole

    @cached_property
    def starts(self) -> IntVector:
        """Where each window begins, as index into `records`."""
        return window_starts(len(self.records), self.windows)

    @cached_property
    def _used(self) -> HistogramSeries:
        return self.signals.series.take(self.records)

    @cached_property
    def scale(self) -> float:
        """Where the distance's axis turns from linear to logarithmic: the median |x|."""
        return typical_size(self._used)

    @cached_property
    def shapes(self) -> Shapes:
        """The windows, each pooled to one histogram."""
        return series_to_shapes(self._used.pool(self.starts), self.scale)

    @cached_property
    def batch_noise(self) -> float:
        """Distance between two windows that batches alone make, without any training.

        It is estimated from the even and the odd records of each window, which share whatever the
        training changes. NaN while each window is one record, and without any, as in a layer that
        was never finite.
        """
        if len(self.records) == len(self.starts) or len(self.records) == 0:
            return float("nan")
        number = np.searchsorted(self.starts, np.arange(len(self.records)), side="right") - 1
        position = np.arange(len(self.records)) - self.starts[number]
        order = np.lexsort((position, position % 2, number))
        half = 2 * number[order] + position[order] % 2
        begins = np.flatnonzero(np.append(True, np.diff(half) > 0))
        shapes = series_to_shapes(self._used.take(order).pool(begins), self.scale)
        pair = np.flatnonzero(np.diff(half[begins]) == 1)
        pair = pair[half[begins][pair] % 2 == 0]
        distances = shapes.distance(pair, pair + 1)
        return float(np.mean(distances) / np.sqrt(2)) if distances.size else float("nan")

    @cached_property
    def adjacent(self) -> FloatArray:
        """(W - 1,) distances from each window to the next."""
        index = np.arange(len(self.starts) - 1)
        return self.shapes.distance(index, index + 1)

    @cached_property
    def total(self) -> float:
        """Distance from the first window to the last."""
        return float(self.shapes.distance([0], [len(self.starts) - 1])[0])

    def record_shapes(self, begin: int, end: int) -> Shapes:
        """Single records, by index into `records`."""
        return series_to_shapes(self._used.take(slice(begin, end)), self.scale)


def evenly_spaced(steps: IntVector) -> IntVector:
    """Indices of steps, (S,) ascending, that lie at least the widest usual gap apart.

    A logger that keeps to its budget of time records more and more seldom.
    """
    gaps, times = np.unique(np.diff(steps), return_counts=True)
    usual = gaps[times >= USUAL_GAPS]
    if usual.size == 0 or gaps[0] == usual[-1]:
        return np.arange(len(steps))
    kept, due = [], int(steps[0])
    for index, step in enumerate(steps.tolist()):
        if step >= due:
            kept.append(index)
            due = step + int(usual[-1])
    return np.array(kept)

"""How the records of two series differ, step by step. numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.comparison.criterion import FEW_VALUES, Criterion
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import align_bins

BoolArray = npt.NDArray[np.bool_]

TOTALS: Final = ("n", "zeros", "nans", "pos_infs", "neg_infs")
NON_FINITE: Final = ("nans", "pos_infs", "neg_infs")

NEAREST_OCTAVE: Final = -10
"""The axis of distances is logarithmic down to 2**-10 of the larger root mean square, then linear,
so that zeros lie some ten octaves from typical values and not at an infinite distance."""

NOTHING: Final = 2.0**-16
"""Share of the root mean square below which values count as zeros where mass may move: rounding
makes tiny values of what is exactly 0 elsewhere."""


@dataclass(frozen=True, eq=False)
class SeriesDifference:
    """S records of two series that belong together, row by row.

    one, other: the series, each with S records. bins: (K,) bins of both. counts, other_counts:
    (S, K) counts of these.
    """

    one: HistogramSeries
    other: HistogramSeries
    bins: IntArray
    counts: npt.NDArray[Any]
    other_counts: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.one)

    @cached_property
    def unequal(self) -> BoolArray:
        """(S,) whether any count, minimum or maximum differs."""
        unequal: BoolArray = (self.counts != self.other_counts).any(axis=1)
        for name in (*TOTALS, "min", "max"):
            unequal |= getattr(self.one.tallies, name) != getattr(self.other.tallies, name)
        return unequal

    @cached_property
    def moved(self) -> FloatArray:
        """(S,) share of the values that must move to another bin: 0 equal, 1 nothing in common.

        NaN, +inf and -inf count as bins. Shares are compared, so records may differ in size.
        """
        own, its = _column(self.one.n), _column(self.other.n)
        apart = np.abs(self.counts / own - self.other_counts / its).sum(axis=1)
        for name in NON_FINITE:
            apart += np.abs(
                getattr(self.one, name) / own[:, 0] - getattr(self.other, name) / its[:, 0]
            )
        return np.where(self.unequal, apart / 2, 0.0)

    @cached_property
    def non_finite(self) -> BoolArray:
        """(S,) whether one has NaN, +inf or -inf, and the other has none of it."""
        pairs = [(getattr(self.one, name), getattr(self.other, name)) for name in NON_FINITE]
        differs: BoolArray = np.any([(own > 0) != (its > 0) for own, its in pairs], axis=0)
        return differs

    @cached_property
    def _centres(self) -> FloatArray:
        """(K,) centre of each bin; 0 for the one that holds 0."""
        scheme = self.one.scheme
        low, high = scheme.lower_edges(self.bins), scheme.upper_edges(self.bins)
        low, high = np.where(np.isinf(low), high, low), np.where(np.isinf(high), low, high)
        return np.where((low < 0) & (high > 0), 0.0, low / 2 + high / 2)

    def octaves(self, rows: Any = slice(None)) -> FloatArray:
        """Mean distance, in octaves, by which the finite values of these records must move."""
        unit = np.maximum(_root_mean_square(self.one), _root_mean_square(self.other))[rows]
        scaled = self._centres / np.ldexp(np.where(unit > 0, unit, 1.0), NEAREST_OCTAVE)[:, None]
        places = np.sign(scaled) * np.log2(1 + np.abs(scaled))
        apart = _cumulative(self.counts[rows]) - _cumulative(self.other_counts[rows])
        distance: FloatArray = (np.abs(apart[:, :-1]) * np.diff(places, axis=1)).sum(axis=1)
        return distance

    @property
    def shift(self) -> FloatArray:
        """(S,) by how much mean or root mean square differ, in octaves of the latter.

        Rounding hardly touches these; a record without values, or with values of 0 only, has none.
        """
        own, its = _root_mean_square(self.one), _root_mean_square(self.other)
        with np.errstate(all="ignore"):
            size = np.abs(np.log2(own / its))
            mean = np.abs(self.one.mean - self.other.mean) / np.maximum(own, its)
        return np.nan_to_num(np.maximum(size, mean), nan=0.0, posinf=0.0)

    def differs(
        self, criterion: Criterion, leniency: float = 1.0, shift: float = math.inf
    ) -> BoolArray:
        """(S,) whether the records differ by more than a criterion allows.

        leniency: factor of its default tolerance for this series. shift: largest one at the first
        step, with the default tolerance of "octaves".
        """
        if criterion.mode == "exact":
            return self.unequal
        octaves = criterion.mode == "octaves"
        far = self.octaves() if octaves else self._moved_beyond_noise()
        if criterion.tolerance is not None:
            farther: BoolArray = self.non_finite | (far > criterion.tolerance)
            return farther
        steps = self.one.steps
        beyond = far > criterion.limit * leniency * (1 + steps - steps[0])
        if octaves:
            beyond |= (steps == steps[0]) & (self.shift > shift)
        else:
            # A half for rounding: the product is a whole number when both have as many values.
            beyond &= far * np.minimum(self.one.n, self.other.n) > FEW_VALUES + 0.5
        differs: BoolArray = self.non_finite | beyond
        return differs

    def _moved_beyond_noise(self) -> FloatArray:
        """(S,) `moved`, with values that are nothing beside the others counted as zeros."""
        size = np.maximum(_root_mean_square(self.one), _root_mean_square(self.other))
        apart = self.counts / _column(self.one.n) - self.other_counts / _column(self.other.n)
        tiny = np.abs(self._centres) < (NOTHING * size)[:, None]
        among_tiny = np.where(tiny, np.abs(apart), 0).sum(axis=1)
        left = np.abs(np.where(tiny, apart, 0).sum(axis=1))
        moved: FloatArray = np.maximum(self.moved - (among_tiny - left) / 2, 0)
        return moved


def pair_records(
    one: HistogramSeries, other: HistogramSeries, offset: int = 0, last_step: int | None = None
) -> SeriesDifference:
    """The records of `one` at step s beside those of `other` at step s + offset.

    last_step: records of `one` after this step are left out.
    """
    steps, own, its = np.intersect1d(one.steps, other.steps - offset, return_indices=True)
    kept = len(steps) if last_step is None else int(np.searchsorted(steps, last_step, "right"))
    one, other = one.take(own[:kept]), other.take(its[:kept])
    bins, (counts, other_counts) = align_bins([one, other])
    return SeriesDifference(one, other, bins, counts, other_counts)


def _column(n: IntArray) -> FloatArray:
    return np.maximum(n, 1).astype(np.float64)[:, None]


def _cumulative(counts: npt.NDArray[Any]) -> FloatArray:
    """(S, K) share of the finite values in each bin and all below; 0 where there are none."""
    sums = np.cumsum(counts, axis=1, dtype=np.float64)
    total = sums[:, -1:] if sums.shape[1] else np.ones((len(sums), 1))
    shares: FloatArray = sums / np.maximum(total, 1)
    return shares


def _root_mean_square(series: HistogramSeries) -> FloatArray:
    size: FloatArray = np.sqrt(series.tallies.sum_sq / np.maximum(series.finite, 1))
    return np.where(np.isfinite(size), size, 0.0)

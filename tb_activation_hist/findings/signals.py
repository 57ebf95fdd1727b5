"""What the rules look at: figures per record, derived from one layer's histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import column_quantiles
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.scheme import AnyScheme
from tb_activation_hist.findings.thresholds import CollapsedThresholds, Thresholds

BoolArray = npt.NDArray[np.bool_]

EARLY_RECORDS = 5
"""Records at the start of a run whose median is the layer's early scale."""


RELAPSING_SHARE = 0.9
"""A state goes on over breaks while this share of the records since its begin shows it."""


@dataclass(frozen=True, eq=False)
class Signals:
    """Figures of one layer's records; arrays are (S,) over `series`, NaN where undefined."""

    info: LayerInfo
    series: HistogramSeries
    options: CollapsedThresholds

    @cached_property
    def non_finite(self) -> npt.NDArray[np.int64]:
        """Values that are NaN or infinite."""
        return self.series.n - self.series.finite

    @cached_property
    def whole(self) -> BoolArray:
        """Records of whole batches with finite values; a short last batch may mislead."""
        n = self.series.n
        typical = np.median(n[n > 0]) if np.any(n > 0) else 0
        return (2 * n >= typical) & (self.series.finite > 0)

    @property
    def first_whole(self) -> int:
        """Index of the first record of a whole batch; 0 without any."""
        return int(np.argmax(self.whole))

    @property
    def first_rms(self) -> float:
        """Root mean square in that record."""
        return float(self.rms[self.first_whole])

    @cached_property
    def zero_share(self) -> FloatArray:
        """Share of the finite values that are exactly 0."""
        return self._share(self.series.zeros)

    @cached_property
    def rms(self) -> FloatArray:
        """Root mean square of the finite values."""
        with np.errstate(over="ignore"):
            return np.sqrt(self._share(self.series.tallies.sum_sq))

    @cached_property
    def early_rms(self) -> float:
        """Median root mean square of the first few records; 0 when they are all zero."""
        early = self.rms[self.whole][:EARLY_RECORDS]
        return float(np.median(early)) if early.size else 0.0

    @cached_property
    def idle_share(self) -> FloatArray:
        """Share of the finite values that are 0 or tiny beside the layer's early scale."""
        tiny = self.options.collapsed_scale * self.early_rms
        inside = self.series.bin_counts[:, self.magnitudes <= tiny].sum(axis=1, dtype=np.int64)
        return self._share(np.maximum(inside, self.series.zeros))

    @cached_property
    def magnitudes(self) -> FloatArray:
        """(K,) sizes |x| of the occupied bins; see `bin_magnitudes`."""
        return bin_magnitudes(self.series.lower, self.series.upper)

    def magnitude_quantiles(self, share: float) -> FloatArray:
        """(S,) size |x| that `share` of the finite values stay under, to a bin's width."""
        if len(self.series.bins) == 0:
            return np.full(len(self.series), np.nan)
        order = np.argsort(self.magnitudes, kind="stable")
        found = column_quantiles(self.series.bin_counts, share, order)
        sizes = self.magnitudes[order][found.bins[:, 0]]
        return np.where(np.isnan(found.parts[:, 0]), np.nan, sizes)

    def _share(self, part: npt.NDArray[np.generic]) -> FloatArray:
        finite = self.series.finite
        return np.where(finite > 0, part / np.maximum(finite, 1), np.nan)


def bin_magnitudes(lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Size |x| that a bin's values have at most; 0 for the bin that holds 0 inside."""
    outer = np.maximum(np.abs(lower), np.abs(upper))
    return np.where((lower < 0) & (upper > 0), 0.0, outer)


def find_tiny_bins(scheme: AnyScheme, tiny: float) -> tuple[int, int]:
    """First bin, and the one after the last, of those whose values are all of size <= `tiny`."""
    low, high = scheme.values_to_bins([-tiny, tiny])
    bins = np.arange(low, high + 1)
    inside = bins[bin_magnitudes(scheme.lower_edges(bins), scheme.upper_edges(bins)) <= tiny]
    return (int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, 0)


def sustained_stretch(signals: Signals, state: BoolArray) -> tuple[int, int] | None:
    """First and last record of the first stretch in which a state lasts long enough.

    A short batch neither shows a state nor ends it.
    """
    used = np.flatnonzero(signals.whole)
    stretch = first_long_stretch(state[used], sustained_records(len(state), signals.options))
    return None if stretch is None else (int(used[stretch[0]]), int(used[stretch[1]]))


def last_relapse(signals: Signals, state: BoolArray, first: int) -> int:
    """Last record up to which a state that began at record `first` holds but for short breaks."""
    used = np.flatnonzero(signals.whole[first:]) + first
    holds = state[used]
    share = np.cumsum(holds) / np.arange(1, len(used) + 1)
    return int(used[np.flatnonzero(holds & (share >= RELAPSING_SHARE))[-1]])


def train_activations(layers: Sequence[Signals]) -> list[Signals]:
    """The layers' outputs in training, which most rules look at."""
    return [signals for signals in layers if is_train_activation(signals.info)]


def is_train_activation(info: LayerInfo) -> bool:
    return info.kind == "activations" and info.phase == "train"


def sustained_records(records: int, options: Thresholds) -> int:
    """How many records in a row a state must last, in a run of this length."""
    asked = int(np.ceil(options.sustained_share * records))
    return max(options.sustained_min, min(asked, options.sustained_max))


def first_long_stretch(state: BoolArray, length: int) -> tuple[int, int] | None:
    """First and last index of the first stretch of at least `length` true values in a row."""
    padded = np.concatenate([[False], state, [False]]).astype(np.int8)
    change = np.diff(padded)
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    for start, end in zip(starts, ends, strict=True):
        if end - start >= length:
            return int(start), int(end) - 1
    return None

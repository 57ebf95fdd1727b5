"""The value type: the histograms of one layer over the steps of one run. numpy only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.cumulative import quantiles, rebin
from tb_activation_hist.core.data_frame import series_to_dataframe
from tb_activation_hist.core.drawing import drawing
from tb_activation_hist.core.errors import MissingDependencyError
from tb_activation_hist.core.format_loss import (
    FormatLoss,
    find_best_scale,
    find_best_scales,
    find_format_loss,
)
from tb_activation_hist.core.grid import NEAR_ZERO, FloatArray, IntArray
from tb_activation_hist.core.number_formats import NumberFormat
from tb_activation_hist.core.plot_options import (
    DifferencePlotOptions,
    SeriesPlotOptions,
    SlicePlotOptions,
)
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.scheme import AnyScheme
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.core.update_ratio import log10_rms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from typing_extensions import Unpack


@dataclass(frozen=True, eq=False)
class HistogramSeries:
    """Histograms of one layer: S records over B bins.

    ``counts.sum(1) + nans + pos_infs + neg_infs == n`` always holds.
    """

    tallies: Tallies
    bins: IntArray
    """(K,) bin numbers occupied anywhere in the series, ascending."""
    bin_counts: npt.NDArray[Any]
    """(S, K) unsigned counts of `bins`, in the smallest type that holds them."""
    scheme: AnyScheme = FLOAT_BITS
    layer: str = ""
    dtype: str = "float32"
    """PyTorch's name of the recorded values' type, as far as it is known."""
    slices: SliceSeries | None = None
    """The layer's channels, units, heads or experts, where it was recorded with ``split``."""

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        """One line, such as ``HistogramSeries('fc', 48 records, steps 1 to 48, 137 bins)``."""
        steps = f", steps {self.steps[0]} to {self.steps[-1]}" if len(self) else ""
        return f"HistogramSeries({self.layer!r}, {len(self)} records{steps}, {len(self.bins)} bins)"

    @property
    def steps(self) -> IntArray:
        """(S,) int64, ascending."""
        return self.tallies.steps

    @property
    def wall_times(self) -> FloatArray:
        """(S,) float64, seconds since 1970."""
        return self.tallies.wall_times

    @property
    def n(self) -> IntArray:
        """(S,) int64, all values, non-finite ones included."""
        return self.tallies.n

    @property
    def zeros(self) -> IntArray:
        """(S,) int64, values equal to 0 (both signs); they are also in the bin that holds 0."""
        return self.tallies.zeros

    @property
    def nans(self) -> IntArray:
        """(S,) int64, in no bin."""
        return self.tallies.nans

    @property
    def pos_infs(self) -> IntArray:
        """(S,) int64, in no bin."""
        return self.tallies.pos_infs

    @property
    def neg_infs(self) -> IntArray:
        """(S,) int64, in no bin."""
        return self.tallies.neg_infs

    @cached_property
    def finite(self) -> IntArray:
        """(S,) int64, number of finite values."""
        return self.n - self.nans - self.pos_infs - self.neg_infs

    @cached_property
    def min(self) -> FloatArray:
        """(S,) float64, smallest finite value; NaN where there is none."""
        return np.where(self.finite > 0, self.tallies.min, np.nan)

    @cached_property
    def max(self) -> FloatArray:
        """(S,) float64, largest finite value; NaN where there is none."""
        return np.where(self.finite > 0, self.tallies.max, np.nan)

    @cached_property
    def mean(self) -> FloatArray:
        """(S,) float64, exact mean of the finite values; NaN where there are none."""
        return np.where(self.finite > 0, self.tallies.sum / np.maximum(self.finite, 1), np.nan)

    @cached_property
    def std(self) -> FloatArray:
        """(S,) float64, exact population standard deviation (divisor n) of the finite values."""
        with np.errstate(over="ignore", invalid="ignore"):
            square = self.tallies.sum_sq / np.maximum(self.finite, 1)
            return np.sqrt(np.maximum(square - self.mean**2, 0.0))

    @cached_property
    def update_ratio(self) -> FloatArray:
        """(S,) float64, log10 of the root mean square; of `updates`, that of their relative size.

        Updates are stored divided by the weights' root mean square, so this is log10(rms of the
        update / rms of the weight), about -3 as a rule. -inf where all are 0, NaN where none is
        finite.
        """
        return log10_rms(self.finite, self.tallies.sum_sq)

    @cached_property
    def lower(self) -> FloatArray:
        """(K,) nominal left edges of the occupied bins, finite; the first reaches to `min`."""
        edges = self.scheme.lower_edges(self.bins)
        lowest = np.min(self.tallies.min, initial=np.inf)
        if len(edges) and (np.isinf(edges[0]) or lowest < edges[0]):
            edges[0] = min(lowest, self.scheme.upper_edges(self.bins)[0])
        return edges

    @cached_property
    def upper(self) -> FloatArray:
        """(K,) nominal right edges of the occupied bins, finite; the last reaches to `max`."""
        edges = self.scheme.upper_edges(self.bins)
        highest = np.max(self.tallies.max, initial=-np.inf)
        if len(edges) and (np.isinf(edges[-1]) or highest > edges[-1]):
            edges[-1] = max(highest, self.scheme.lower_edges(self.bins)[-1])
        return edges

    @cached_property
    def _columns(self) -> IntArray:
        """Column of each occupied bin in `counts`, where a gap takes one column."""
        gap = self.lower[1:] > self.upper[:-1]
        return np.concatenate([[0], np.cumsum(1 + gap)]).astype(np.int64)[: len(self.bins)]

    @cached_property
    def edges(self) -> FloatArray:
        """(B + 1,) float64 ascending edges; a gap between occupied bins is one empty bin.

        Bin i is [edges[i], edges[i + 1]), the last one closed, so that ``numpy.histogram(x,
        edges)`` counts the same. Stored negative bins are open at the other end: their edges are
        the next float64 above the nominal ones. `LinearBins` counts as ``torch.histc`` does, whose
        rounding may put a value that lies on an edge into the bin on its other side.
        """
        if len(self.bins) == 0:
            return np.zeros(1)
        edges = np.empty(self._columns[-1] + 2)
        edges[self._columns + 1] = self.upper
        edges[self._columns] = self.lower
        if self.scheme.closed_towards_zero:
            edges = np.where(edges < 0, np.nextafter(edges, 0.0), edges)
            edges[0] = np.min(self.tallies.min, initial=edges[0])
        return edges

    @cached_property
    def counts(self) -> IntArray:
        """(S, B) int64 counts of the finite values; zeros lie in the bin that holds 0."""
        counts = np.zeros((len(self), len(self.edges) - 1), dtype=np.int64)
        counts[:, self._columns] = self.bin_counts
        return counts

    def rebin(self, edges: npt.ArrayLike) -> FloatArray:
        """Counts over other bins, (S, len(edges) - 1) float64; see `cumulative.rebin`.

        edges: ascending. Values outside are left out. Exact if no stored bin is cut. ValueError if
        the edges do not ascend, or if there are fewer than two.
        """
        given = np.asarray(edges, dtype=np.float64)
        if given.ndim != 1 or len(given) < 2 or not np.all(np.diff(given) >= 0):
            msg = f"rebin expects two or more ascending edges without NaN, but got {edges!r}."
            raise ValueError(msg)
        return rebin(self.lower, self.upper, self.bin_counts, edges)

    def quantile(self, q: float | Sequence[float]) -> FloatArray:
        """(S,) value below which a share q of the finite values lies; (S, Q) for Q shares.

        q: 0 to 1. Linear inside a bin (at most 1/16 octave wide), kept inside [min, max]; NaN
        where a record has no finite value.
        """
        shares = np.atleast_1d(np.asarray(q, dtype=np.float64))
        if not np.all((shares >= 0) & (shares <= 1)):
            msg = f"quantile expects shares from 0 to 1, but got {q!r}."
            raise ValueError(msg)
        values = quantiles(self.lower, self.upper, self.bin_counts, shares)
        # Not numpy's clip, which takes ten times as long for a few values.
        values = np.minimum(np.maximum(values, self.min[:, None]), self.max[:, None])
        return values[:, 0] if np.ndim(q) == 0 else values

    def share_near_zero(self, eps: float = NEAR_ZERO) -> FloatArray:
        """(S,) share of the finite values with |x| <= eps; NaN where there are none."""
        inside = self.rebin([-eps, eps])[:, 0]
        return np.where(self.finite > 0, inside / np.maximum(self.finite, 1), np.nan)

    def format_loss(self, number_format: NumberFormat, scale: float = 1.0) -> FormatLoss:
        """Shares of the values that a cast of ``scale * x`` to a number format would lose, (S,).

        number_format: "fp16", "bf16", "e4m3" (``torch.float8_e4m3fn``) or "e5m2". scale: a power of
        two. Values round to the nearest, ties to even; zeros do not underflow. Exact for e4m3 and
        e5m2, where the counts of bins decide; within 0.01 percentage points for fp16 and bf16,
        whose limits lie inside a bin. Estimated for `LinearBins`; `uncertain` bounds the error.
        OptionError for another format or scale, and for histograms that another tool wrote.
        """
        return find_format_loss(self, number_format, scale)

    def best_scale(self, number_format: NumberFormat) -> float:
        """The power of two, 2**-126 to 2**127, that loses the fewest values.

        Over all records together, it has the fewest values that underflow or overflow; among equal
        scales, the fewest subnormal values; then it is the scale nearest to 1, and of two equally
        near the smaller one, which leaves more headroom. 1.0 if all values are 0. OptionError as in
        `format_loss`.
        """
        return find_best_scale(self, number_format)

    def best_scale_per_step(self, number_format: NumberFormat) -> FloatArray:
        """(S,) the best scale of each record by itself; see `best_scale`."""
        return find_best_scales(self, number_format)

    def take(self, index: Any) -> HistogramSeries:
        """The records at an index array, slice or mask; bins that become empty stay."""
        tallies = self.tallies.take(index)
        slices = None if self.slices is None else self.slices.at_steps(tallies.steps)
        return replace(self, tallies=tallies, bin_counts=self.bin_counts[index], slices=slices)

    def pool(self, starts: npt.ArrayLike) -> HistogramSeries:
        """Merge neighbouring records exactly, from each start index up to the next one."""
        start = np.asarray(starts, dtype=np.int64)
        counts = np.add.reduceat(self.bin_counts, start, axis=0, dtype=np.uint64)
        slices = None if self.slices is None else _pool_slices(self.slices, self.steps[start])
        tallies = self.tallies.pool(start)
        return replace(self, tallies=tallies, bin_counts=compact(counts), slices=slices)

    def plot(self, **options: Unpack[SeriesPlotOptions]) -> Axes:
        """Draw a heatmap with matplotlib: x the step, y the value, colour the count.

        Steps with NaN or infinite values are marked at the top edge. number_format: a format whose
        limits are drawn as lines, and the share of values that a cast to it loses in a strip below.
        Returns the axes.
        MissingDependencyError without matplotlib.
        """
        return drawing().plot_series(self, **options)

    def plot_difference(
        self, other: HistogramSeries, **options: Unpack[DifferencePlotOptions]
    ) -> Axes:
        """Draw this series minus `other`, over the steps that both recorded.

        The colour is the difference of the shares of the finite values in a cell, in percentage
        points. Returns the axes. OptionError if the series have no step in common.
        """
        return drawing().plot_difference(self, other, **options)

    def plot_slice(self, step: int | None = None, **options: Unpack[SlicePlotOptions]) -> Axes:
        """Draw the histogram at one step; y is the share of the finite values in each cell.

        step: the nearest recorded step is drawn; by default the last. Returns the axes.
        OptionError for a step before the first or after the last record.
        """
        return drawing().plot_slice(self, step, **options)

    def _repr_png_(self) -> bytes | None:
        """A heatmap in notebooks; None without matplotlib."""
        try:
            return drawing().series_to_png(self)
        except MissingDependencyError:
            return None

    def _repr_html_(self) -> str | None:
        """An HTML image of the heatmap, with the size of the series in words."""
        try:
            return drawing().series_to_html(self)
        except MissingDependencyError:
            return None

    def to_dataframe(
        self,
        *,
        counts: bool = False,
        number_formats: NumberFormat | Sequence[NumberFormat] = (),
        scale: float = 1.0,
    ) -> pd.DataFrame:
        """A pandas data frame with one row for each record.

        Columns: step, wall_time, n, zeros, nans, pos_infs, neg_infs, mean, std, min, max, p05, p25,
        p50, p75, p95. Updates also have update_ratio. counts: one row for each record and occupied
        bin instead, with the columns step, wall_time, lower, upper, count. number_formats: formats
        of `format_loss`; each adds three columns to the records, such as e4m3_underflow,
        e4m3_subnormal and e4m3_overflow, with `scale`; NaN for histograms that another tool wrote.
        OptionError for both at once. MissingDependencyError without pandas.
        """
        formats = (number_formats,) if isinstance(number_formats, str) else tuple(number_formats)
        return series_to_dataframe(self, counts=counts, number_formats=formats, scale=scale)


def _pool_slices(slices: SliceSeries, first_steps: IntArray) -> SliceSeries:
    """Slices merged as the histograms are: from each of these steps up to the next one."""
    starts = np.unique(np.searchsorted(slices.steps, first_steps))
    return slices.pool(starts[starts < len(slices)]) if len(slices) else slices


def compact(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Counts in the smallest unsigned type of at least 32 bits that holds them."""
    fits = counts.size == 0 or counts.max() < 2**32
    return counts.astype(np.uint32 if fits else np.uint64, copy=False)

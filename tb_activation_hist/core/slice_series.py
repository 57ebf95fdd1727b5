"""The value type of a split layer: its slices over the steps of one run. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.drawing import drawing
from tb_activation_hist.core.errors import MissingDependencyError, OptionError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.slice_counts import SLICE_STATISTICS, SLICE_TOTALS, SliceStatistic

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ROUNDING: Final = 1e-6
"""Standard deviation, as a share of the mean, that sums of equal float64 values may show."""

SLICE_COLUMNS: Final = (
    "step", "wall_time", "slice", *SLICE_TOTALS, "mean", "std", "min", "max", "zero_share",
)  # fmt: skip
"""Columns of a table of slices; one row for each record and slice that has values."""


@dataclass(frozen=True, eq=False)
class SliceTallies:
    """Steps, times, totals and moments of K slices in S records.

    steps: (S,) int64, ascending. wall_times: (S,) float64, seconds since 1970.
    n, zeros, non_finite: (S, K) int64. low, high, sum, sum_sq: (S, K) float64, over the finite
    values; low > high where there are none.
    """

    steps: IntArray
    wall_times: FloatArray
    n: IntArray
    zeros: IntArray
    non_finite: IntArray
    low: FloatArray
    high: FloatArray
    sum: FloatArray
    sum_sq: FloatArray

    def take(self, index: Any) -> SliceTallies:
        """The records at an index array, slice or mask."""
        return SliceTallies(*(getattr(self, name)[index] for name in FIELDS))

    def pool(self, starts: IntArray) -> SliceTallies:
        """Merge the records from each start to the next; a merged step and time is the last."""
        last = np.append(starts[1:], len(self.steps)) - 1

        def added(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            with np.errstate(over="ignore", invalid="ignore"):
                return np.add.reduceat(values, starts, axis=0)

        return SliceTallies(
            steps=self.steps[last],
            wall_times=self.wall_times[last],
            n=added(self.n),
            zeros=added(self.zeros),
            non_finite=added(self.non_finite),
            low=np.minimum.reduceat(self.low, starts, axis=0),
            high=np.maximum.reduceat(self.high, starts, axis=0),
            sum=added(self.sum),
            sum_sq=added(self.sum_sq),
        )

    def widen(self, slices: int) -> SliceTallies:
        """With this number of slices; the additional ones have no values."""
        more = slices - self.n.shape[1]
        if more == 0:
            return self
        filling = (0, 0, 0, np.inf, -np.inf, 0, 0)
        wide = (
            np.pad(getattr(self, name), ((0, 0), (0, more)), constant_values=fill)
            for name, fill in zip(FIELDS[2:], filling, strict=True)
        )
        return SliceTallies(self.steps, self.wall_times, *wide)

    @cached_property
    def finite(self) -> IntArray:
        """(S, K) int64, number of finite values."""
        return self.n - self.non_finite

    @cached_property
    def _divisor(self) -> IntArray:
        """(S, K) number of finite values, 1 where there are none."""
        return np.maximum(self.finite, 1)

    @cached_property
    def mean(self) -> FloatArray:
        """(S, K) mean of the finite values; NaN where there are none."""
        with np.errstate(invalid="ignore"):
            return self.where_finite(self.sum / self._divisor)

    @cached_property
    def std(self) -> FloatArray:
        """(S, K) population standard deviation of the finite values; 0 where all are equal."""
        # In place: the allocations take as long as the arithmetic.
        with np.errstate(over="ignore", invalid="ignore"):
            spread = self.sum_sq / self._divisor
            spread -= np.square(self.mean)
            np.sqrt(np.maximum(spread, 0.0, out=spread), out=spread)
        # Rounded, the ends of values that differ a little may be one number.
        equal = np.nonzero(self.low == self.high)
        spread[equal] *= spread[equal] > ROUNDING * np.abs(self.mean[equal])
        return self.where_finite(spread)

    def where_finite(self, values: npt.NDArray[Any]) -> FloatArray:
        """Values (S, K), and NaN where a slice has no finite one."""
        if self.finite.min(initial=1) > 0:
            return values
        return np.where(self.finite > 0, values, np.nan)


FIELDS: Final = tuple(field.name for field in fields(SliceTallies))


@dataclass(frozen=True, eq=False)
class SliceSeries:
    """S records of a layer's K slices along one dimension (channels, units, heads, experts).

    n, zeros and non_finite are exact. The other figures are those of the finite values; unless
    `exact`, min, max and std are rounded to 2.2 % (4.4 % where batches make them jump, 9.1 % where
    a slice has at most 100 values) and the mean to 1/64 (1/32, 1/16) of the std. A record in which
    the layer had fewer slices has n = 0 in the rest.
    """

    tallies: SliceTallies
    layer: str = ""
    dimension: int | None = None
    """The dimension of the layer's tensors that was split, as it was given."""
    exact: bool = False
    """Whether no figure was rounded when it was stored."""

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def slices(self) -> int:
        """K, the number of slices."""
        return int(self.n.shape[1])

    def __repr__(self) -> str:
        """One line, such as ``SliceSeries('fc', 512 slices, 48 records, steps 1 to 48)``."""
        steps = f", steps {self.steps[0]} to {self.steps[-1]}" if len(self) else ""
        return f"SliceSeries({self.layer!r}, {self.slices} slices, {len(self)} records{steps})"

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
        """(S, K) int64, all values of each slice, non-finite ones included."""
        return self.tallies.n

    @property
    def zeros(self) -> IntArray:
        """(S, K) int64, values equal to 0."""
        return self.tallies.zeros

    @property
    def non_finite(self) -> IntArray:
        """(S, K) int64, values that are NaN or infinite."""
        return self.tallies.non_finite

    @property
    def finite(self) -> IntArray:
        """(S, K) int64, number of finite values."""
        return self.tallies.finite

    @property
    def mean(self) -> FloatArray:
        """(S, K) float64, mean of the finite values; NaN where there are none."""
        return self.tallies.mean

    @property
    def std(self) -> FloatArray:
        """(S, K) float64, population standard deviation of the finite values (divisor n)."""
        return self.tallies.std

    @cached_property
    def min(self) -> FloatArray:
        """(S, K) float64, smallest finite value; NaN where there is none."""
        return self.tallies.where_finite(self.tallies.low)

    @cached_property
    def max(self) -> FloatArray:
        """(S, K) float64, largest finite value; NaN where there is none."""
        return self.tallies.where_finite(self.tallies.high)

    @cached_property
    def abs_max(self) -> FloatArray:
        """(S, K) float64, largest size |x| of a finite value; NaN where there is none."""
        return np.maximum(np.abs(self.min), np.abs(self.max))

    @cached_property
    def rms(self) -> FloatArray:
        """(S, K) float64, root mean square of the finite values; NaN where there are none."""
        with np.errstate(invalid="ignore"):
            root = np.sqrt(self.tallies.sum_sq / np.maximum(self.finite, 1))
        return self.tallies.where_finite(root)

    @cached_property
    def zero_share(self) -> FloatArray:
        """(S, K) float64, share of the finite values equal to 0; NaN where there are none."""
        return self.tallies.where_finite(self.zeros / np.maximum(self.finite, 1))

    def statistic(self, name: SliceStatistic) -> FloatArray:
        """(S, K) of one of `SLICE_STATISTICS`; OptionError for any other name."""
        if name not in SLICE_STATISTICS:
            allowed = ", ".join(SLICE_STATISTICS)
            msg = f"A statistic of slices must be one of {allowed}, but got {name!r}."
            raise OptionError(msg)
        values: FloatArray = getattr(self, name)
        return values

    def take(self, index: Any) -> SliceSeries:
        """The records at an index array, slice or mask."""
        return replace(self, tallies=self.tallies.take(index))

    def at_steps(self, steps: IntArray) -> SliceSeries:
        """The records of these steps, as far as there are any."""
        return self.take(np.isin(self.steps, steps))

    def pool(self, starts: npt.ArrayLike) -> SliceSeries:
        """Merge neighbouring records: from each start index up to the next one."""
        return replace(self, tallies=self.tallies.pool(np.asarray(starts, dtype=np.int64)))

    def to_dataframe(self) -> pd.DataFrame:
        """A pandas data frame with one row for each record and slice that has values.

        Columns: step, wall_time, slice, n, zeros, non_finite, mean, std, min, max, zero_share.
        MissingDependencyError without pandas.
        """
        try:
            import pandas as pd
        except ImportError as err:
            msg = "to_dataframe needs pandas: pip install 'tb-activation-hist[pandas]'"
            raise MissingDependencyError(msg) from err
        return pd.DataFrame(self.to_columns())

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """The columns of `to_dataframe`, each (records x slices with values,)."""
        record, unit = np.nonzero(self.n)
        columns: dict[str, npt.NDArray[Any]] = {
            "step": self.steps[record],
            "wall_time": self.wall_times[record],
            "slice": unit.astype(np.int64),
        }
        return {
            name: columns[name] if name in columns else getattr(self, name)[record, unit]
            for name in SLICE_COLUMNS
        }

    def plot(self, statistic: SliceStatistic = "zero_share", ax: Axes | None = None) -> Axes:
        """Draw a heatmap with matplotlib: x the step, y the slice, colour the statistic.

        Returns the axes. OptionError for an unknown statistic; MissingDependencyError without
        matplotlib.
        """
        return drawing().plot_slices(self, statistic, ax)


def concatenate_slices(parts: Sequence[SliceSeries]) -> SliceSeries:
    """Records of several parts of one layer, one part after the other.

    The result has the largest number of slices of any part.
    """
    slices = max(part.slices for part in parts)
    wide = [part.tallies.widen(slices) for part in parts]
    columns = (np.concatenate([getattr(part, name) for part in wide]) for name in FIELDS)
    exact = all(part.exact for part in parts)
    return replace(parts[0], tallies=SliceTallies(*columns), exact=exact)

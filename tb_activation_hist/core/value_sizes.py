"""The values of a series by their size |x|, and how many are larger than a limit. numpy only.

Where a limit lies on the edge of a bin, the number of values beyond it is a sum of counts. Inside a
bin, values are taken as spread evenly over the numbers that their own dtype has there, between the
record's extremes, one of which each extreme is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.number_formats import FORMAT_LIMITS
from tb_activation_hist.core.schemes.scheme import AnyScheme
from tb_activation_hist.core.tallies import Tallies

RECORDS_AT_ONCE: Final = 512
"""Records whose cumulative counts are held at a time."""

DECIDED: Final = 2.0**-12
"""A bin counts as decided when all but this part of its numbers lie on one side of a limit."""

FLOAT32: Final = (23, -126)
DTYPE_DIGITS: Final = {
    "float64": (52, -1022),
    **{own.dtype: (own.mantissa_bits, own.exponent) for own in FORMAT_LIMITS.values()},
}
"""Mantissa bits and exponent of the smallest normal number; other dtypes as float32."""


class BinnedSeries(Protocol):
    """What of a `HistogramSeries` is read here."""

    @property
    def tallies(self) -> Tallies: ...

    @property
    def bins(self) -> IntArray: ...

    @property
    def bin_counts(self) -> npt.NDArray[Any]: ...

    @property
    def scheme(self) -> AnyScheme: ...

    @property
    def layer(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def finite(self) -> IntArray: ...

    @property
    def lower(self) -> FloatArray: ...

    @property
    def upper(self) -> FloatArray: ...


class Side(NamedTuple):
    """The values of one sign, or those around 0 but not 0 itself, by their size |x|.

    lower, upper: (K,) ascending sizes. cumulative: (S, K + 1) values in the bins before each.
    smallest, largest: (S,) sizes that no value of the side lies beyond, and that one may have.
    """

    lower: FloatArray
    upper: FloatArray
    cumulative: IntArray
    smallest: FloatArray
    largest: FloatArray


class Sizes(NamedTuple):
    """All sides. spacing: the distance from a size to the next one that the dtype has."""

    sides: Sequence[Side]
    spacing: Callable[[float], float]


def split_by_size(series: BinnedSeries) -> Iterator[Sizes]:
    """The values of a series by size, some records at a time."""
    for start in range(0, max(len(series.bin_counts), 1), RECORDS_AT_ONCE):
        part = slice(start, start + RECORDS_AT_ONCE)
        yield _to_sizes(series, series.tallies.take(part), series.bin_counts[part])


def sum_by_size(series: BinnedSeries) -> Sizes:
    """All records of a series, of which there must be one, as a single record."""
    tallies = series.tallies.pool(np.zeros(1, np.int64))
    return _to_sizes(series, tallies, series.bin_counts.sum(axis=0, dtype=np.int64)[None])


def _to_sizes(series: BinnedSeries, tallies: Tallies, bin_counts: npt.NDArray[Any]) -> Sizes:
    lower, upper, counts = series.lower, series.upper, bin_counts.astype(np.int64)
    zero = np.flatnonzero(series.bins == series.scheme.values_to_bins([0.0])[0])
    counts[:, zero] = np.maximum(counts[:, zero] - tallies.zeros[:, None], 0)
    least, most = tallies.min, tallies.max
    around = (lower < 0) & (upper > 0)
    positive, negative = (upper > 0) & ~around, upper <= 0
    sides = (
        _to_side(lower[positive], upper[positive], counts[:, positive], least, most),
        _to_side(-upper[negative], -lower[negative], counts[:, negative], -most, -least),
        _to_side(
            np.zeros(around.sum()),
            np.maximum(-lower, upper)[around],
            counts[:, around],
            np.maximum(least, -most),
            np.maximum(-least, most),
        ),
    )
    return Sizes(sides, _find_spacing(series))


def _to_side(
    lower: FloatArray, upper: FloatArray, counts: IntArray, least: FloatArray, most: FloatArray
) -> Side:
    order = np.argsort(lower)
    upper = upper[order]
    # The last bin may be closed at its outer end.
    upper[-1:] = np.nextafter(upper[-1:], np.inf)
    before = np.zeros((len(counts), 1), np.int64)
    cumulative = np.concatenate([before, counts[:, order].cumsum(axis=1)], axis=1)
    return Side(lower[order], upper, cumulative, np.maximum(least, 0), np.maximum(most, 0))


def _find_spacing(series: BinnedSeries) -> Callable[[float], float]:
    """The distance between a size and the next one that the recorded values can have."""
    digits, exponent = DTYPE_DIGITS.get(series.dtype, FLOAT32)
    if _has_smaller_than(series, math.ldexp(1.0, exponent - digits)):
        # Divided by a loss scale since: they keep their digits, but not the smallest exponent.
        exponent = FLOAT32[1]

    def spacing(size: float) -> float:
        return math.ldexp(
            1.0, max(math.frexp(size)[1] - 1 if size else exponent, exponent) - digits
        )

    return spacing


def _has_smaller_than(series: BinnedSeries, size: float) -> bool:
    own = np.maximum(np.abs(series.lower), np.abs(series.upper)) <= size
    holds_zero = (series.lower <= 0) & (series.upper >= 0)
    return bool(series.bin_counts[:, own & ~holds_zero].any())


class Beyond(NamedTuple):
    """Values above a limit, (S,), and by how many their number may be wrong, (S,)."""

    values: FloatArray
    doubt: FloatArray


def count_beyond(sizes: Sizes, limit: float, *, included: bool) -> Beyond:
    """Values whose size is above a limit or, where that is included, equal to it."""
    parts = [_count_side(side, limit, sizes.spacing, included=included) for side in sizes.sides]
    return Beyond(*(sum(each) for each in zip(*parts, strict=True)))


def _count_side(
    side: Side, limit: float, spacing: Callable[[float], float], *, included: bool
) -> Beyond:
    column = int(np.searchsorted(side.upper, limit, side="right"))
    total, none = side.cumulative[:, -1].astype(np.float64), np.zeros(len(side.cumulative))
    if column == len(side.upper):
        return Beyond(none, none)
    lower = side.lower[column]
    if limit < lower or (included and limit == lower):
        return Beyond(total - side.cumulative[:, column], none)
    part = _divide_bin(side, column, limit, spacing, included=included)
    return Beyond(total - side.cumulative[:, column + 1] + part.values, part.doubt)


def _divide_bin(
    side: Side, column: int, limit: float, spacing: Callable[[float], float], *, included: bool
) -> Beyond:
    """The values beyond a limit inside a bin, by how many numbers of their dtype lie there."""
    count = side.cumulative[:, column + 1] - side.cumulative[:, column]
    lower, upper = side.lower[column], side.upper[column]
    share = _share_beyond(side, column, limit, spacing, included=included)
    # One value has the smallest size, one the largest.
    beyond = side.largest >= limit if included else side.largest > limit
    least = (beyond & (side.largest < upper)).astype(np.int64)
    within = side.smallest < limit if included else side.smallest <= limit
    most = count - (within & (side.smallest >= lower) & (side.smallest > 0))
    decided = (share < DECIDED) | (share > 1 - DECIDED)
    values = np.where(decided, np.rint(share * count), share * count)
    values = values.clip(least, most).clip(0, count)
    doubt = np.where(decided, 0, np.maximum(values - least, most - values).clip(0, count))
    return Beyond(values, doubt)


def _share_beyond(
    side: Side, column: int, limit: float, spacing: Callable[[float], float], *, included: bool
) -> FloatArray:
    """(S,) share of the dtype's numbers in a bin, between the record's extremes, beyond a limit."""
    lower, upper = side.lower[column], side.upper[column]
    apart = spacing(lower)
    first = lower or apart
    last = max(upper - apart, first)
    start = side.smallest.clip(first, last)
    numbers = np.rint((side.largest.clip(start, last) - start) / apart) + 1
    place = (limit - start) / apart
    reached = numbers - (np.ceil(place) if included else np.floor(place) + 1)
    # What is rounded to a power of two comes from half as far below it as above.
    narrow = (start == first) & (spacing(np.nextafter(first, 0)) < apart)
    share: FloatArray = (reached / (numbers - 0.25 * narrow)).clip(0, 1)
    return share

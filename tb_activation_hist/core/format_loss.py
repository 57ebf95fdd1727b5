"""What a cast to another number format would do to recorded values. numpy only.

Bins are 1/16 octave wide. Where a limit of a format lies on the edge of a bin, the number of values
beyond it is a sum of counts. That holds for all limits of e4m3 and e5m2 with every power of two as
the scale, and for the size up to which values underflow in fp16. The other limits lie inside a bin:
65,520 and 2**-14 - 2**-25 of fp16, and those of bf16. There the values are taken as spread evenly
over the numbers that their own dtype has in the bin, between the record's extremes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.number_formats import (
    FORMAT_LIMITS,
    SCALE_EXPONENTS,
    FormatLimits,
    NumberFormat,
    check_scale,
    find_limits,
)
from tb_activation_hist.core.schemes.explicit_bins import ExplicitBins

if TYPE_CHECKING:
    from tb_activation_hist.core.histogram import HistogramSeries

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

FOREIGN: Final = (
    "The histograms of {layer!r} cannot tell what {format} would lose: another tool wrote them, "
    "which counts no zeros apart and has bins that are wider than the format's limits. Record the "
    "layer with ActivationHistLogger."
)


@dataclass(frozen=True, eq=False)
class FormatLoss:
    """What a cast of ``scale * x`` to a number format does to the values of each record.

    All shares are of the finite values, 0 to 1, (S,) float64, NaN where a record has none. NaN and
    infinite values count in none of them.
    """

    number_format: NumberFormat
    scale: float
    steps: IntArray
    """(S,) int64, those of the series."""
    underflow: FloatArray
    """Values other than 0 that become 0."""
    subnormal: FloatArray
    """Values that become subnormal: they keep fewer digits than the format's mantissa has."""
    overflow: FloatArray
    """Values too large even when rounded; they become NaN, ±∞ or, in a saturating cast, ±max."""
    uncertain: FloatArray
    """How far `lost` may be off at most: 0 where bins and limits meet, so that it is exact."""

    @property
    def lost(self) -> FloatArray:
        """(S,) share that underflows or overflows."""
        return self.underflow + self.overflow


def find_format_loss(series: HistogramSeries, number_format: str, scale: float) -> FormatLoss:
    """See `HistogramSeries.format_loss`."""
    limits = _check(series, number_format)
    parts = [_count_lost(part, limits, check_scale(scale)) for part in _sized(series)]
    counts = _Lost(*map(np.concatenate, zip(*parts, strict=True)))
    with np.errstate(invalid="ignore"):
        shares = [each / np.where(series.finite > 0, series.finite, np.nan) for each in counts]
    return FormatLoss(_name(limits), float(scale), series.steps, *shares)


def find_best_scale(series: HistogramSeries, number_format: str) -> float:
    """See `HistogramSeries.best_scale`."""
    whole = series.pool([0]) if len(series) else series
    scales = find_best_scales(whole, number_format)
    return float(scales[0]) if len(scales) else 1.0


def find_best_scales(series: HistogramSeries, number_format: str) -> FloatArray:
    """See `HistogramSeries.best_scale_per_step`."""
    limits = _check(series, number_format)
    parts = [_choose_scales(part, limits) for part in _sized(series)]
    return np.concatenate([np.ones(0), *parts])


def _check(series: HistogramSeries, number_format: str) -> FormatLimits:
    limits = find_limits(number_format)
    if isinstance(series.scheme, ExplicitBins):
        raise OptionError(FOREIGN.format(layer=series.layer, format=number_format))
    return limits


def _name(limits: FormatLimits) -> NumberFormat:
    return next(name for name, own in FORMAT_LIMITS.items() if own is limits)


class _Side(NamedTuple):
    """The values of one sign, or those around 0 but not 0 itself, by their size |x|.

    lower, upper: (K,) ascending sizes. cumulative: (S, K + 1) values in the bins before each.
    smallest, largest: (S,) sizes that no value of the side lies beyond, and that one may have.
    """

    lower: FloatArray
    upper: FloatArray
    cumulative: IntArray
    smallest: FloatArray
    largest: FloatArray


class _Sizes(NamedTuple):
    """All sides. spacing: the distance from a size to the next one that the dtype has."""

    sides: Sequence[_Side]
    spacing: Callable[[float], float]


class _Lost(NamedTuple):
    """Numbers of values, (S,) each; whole where bins decide."""

    underflow: FloatArray
    subnormal: FloatArray
    overflow: FloatArray
    uncertain: FloatArray


def _sized(series: HistogramSeries) -> Iterator[_Sizes]:
    """The series by size, some records at a time."""
    spacing = _find_spacing(series)
    for start in range(0, max(len(series), 1), RECORDS_AT_ONCE):
        yield _to_sizes(series.take(slice(start, start + RECORDS_AT_ONCE)), spacing)


def _to_sizes(series: HistogramSeries, spacing: Callable[[float], float]) -> _Sizes:
    lower, upper, counts = series.lower, series.upper, series.bin_counts.astype(np.int64)
    zero = np.flatnonzero(series.bins == series.scheme.values_to_bins([0.0])[0])
    counts[:, zero] = np.maximum(counts[:, zero] - series.zeros[:, None], 0)
    least, most = series.tallies.min, series.tallies.max
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
    return _Sizes(sides, spacing)


def _to_side(
    lower: FloatArray, upper: FloatArray, counts: IntArray, least: FloatArray, most: FloatArray
) -> _Side:
    order = np.argsort(lower)
    upper = upper[order]
    # The last bin may be closed at its outer end.
    upper[-1:] = np.nextafter(upper[-1:], np.inf)
    before = np.zeros((len(counts), 1), np.int64)
    cumulative = np.concatenate([before, counts[:, order].cumsum(axis=1)], axis=1)
    return _Side(lower[order], upper, cumulative, np.maximum(least, 0), np.maximum(most, 0))


def _find_spacing(series: HistogramSeries) -> Callable[[float], float]:
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


def _has_smaller_than(series: HistogramSeries, size: float) -> bool:
    own = np.maximum(np.abs(series.lower), np.abs(series.upper)) <= size
    holds_zero = (series.lower <= 0) & (series.upper >= 0)
    return bool(series.bin_counts[:, own & ~holds_zero].any())


def _count_lost(sizes: _Sizes, limits: FormatLimits, scale: float) -> _Lost:
    """How many values of each record underflow, become subnormal, overflow."""
    over = _count_from(sizes, limits.overflow_limit / scale, included=limits.overflow_at_limit)
    kept = _count_from(sizes, limits.zero_up_to / scale, included=False)
    normal = _count_from(sizes, limits.normal_from / scale, included=True)
    total = sum(side.cumulative[:, -1] for side in sizes.sides)
    doubt = over.doubt + kept.doubt
    return _Lost(total - kept.values, kept.values - normal.values, over.values, doubt)


class _Beyond(NamedTuple):
    """Values above a limit, (S,), and by how many their number may be wrong, (S,)."""

    values: FloatArray
    doubt: FloatArray


def _count_from(sizes: _Sizes, limit: float, *, included: bool) -> _Beyond:
    """Values whose size is above a limit or, where that is included, equal to it."""
    parts = [_count_side(side, limit, sizes.spacing, included=included) for side in sizes.sides]
    return _Beyond(*(sum(each) for each in zip(*parts, strict=True)))


def _count_side(
    side: _Side, limit: float, spacing: Callable[[float], float], *, included: bool
) -> _Beyond:
    column = int(np.searchsorted(side.upper, limit, side="right"))
    total, none = side.cumulative[:, -1].astype(np.float64), np.zeros(len(side.cumulative))
    if column == len(side.upper):
        return _Beyond(none, none)
    lower = side.lower[column]
    if limit < lower or (included and limit == lower):
        return _Beyond(total - side.cumulative[:, column], none)
    part = _divide_bin(side, column, limit, spacing, included=included)
    return _Beyond(total - side.cumulative[:, column + 1] + part.values, part.doubt)


def _divide_bin(
    side: _Side, column: int, limit: float, spacing: Callable[[float], float], *, included: bool
) -> _Beyond:
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
    return _Beyond(values, doubt)


def _share_beyond(
    side: _Side, column: int, limit: float, spacing: Callable[[float], float], *, included: bool
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


def _choose_scales(sizes: _Sizes, limits: FormatLimits) -> FloatArray:
    """The best scale of each record, (S,)."""
    candidates = _candidates(sizes, limits)
    lost, subnormal = np.empty((2, len(candidates), len(sizes.sides[0].smallest)))
    for row, exponent in enumerate(candidates):
        counts = _count_lost(sizes, limits, math.ldexp(1.0, exponent))
        lost[row], subnormal[row] = counts.underflow + counts.overflow, counts.subnormal
    fewest = lost == lost.min(axis=0)
    chosen = np.where(fewest, subnormal, np.inf).argmin(axis=0)
    scales: FloatArray = np.ldexp(1.0, np.array(candidates)[chosen])
    return scales


def _candidates(sizes: _Sizes, limits: FormatLimits) -> list[int]:
    """Exponents between which all values overflow or underflow, that of scale 1 first.

    Of two as good, the first one counts: that nearer to 1, and of these the smaller one.
    """
    sides = [side for side in sizes.sides if side.cumulative[:, -1].any()]
    if not sides:
        return [0]
    occupied = [side.cumulative[:, 1:].any(axis=0) for side in sides]
    largest = max(float(side.largest.max()) for side in sides)
    smallest = min(float(side.lower[own].min()) for side, own in zip(sides, occupied, strict=True))
    ends = [
        math.log2(limits.overflow_limit / largest),
        math.log2(limits.normal_from / max(smallest, 2.0**-149)),
    ]
    least, most = SCALE_EXPONENTS
    low, high = max(math.floor(min(*ends, 0)) - 1, least), min(math.ceil(max(*ends, 0)) + 1, most)
    return sorted(range(low, high + 1), key=lambda exponent: (abs(exponent), exponent))

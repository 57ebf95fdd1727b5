"""What a cast to another number format would do to recorded values. numpy only.

Bins are 1/16 octave wide. All limits of e4m3 and e5m2 lie on the edges of bins, with every power of
two as the scale, and so does the size up to which values underflow in fp16: there counts decide.
The other limits lie inside a bin: 65,520 and 2**-14 - 2**-25 of fp16, and those of bf16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

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
from tb_activation_hist.core.table import FORMAT_WAYS
from tb_activation_hist.core.value_sizes import (
    BinnedSeries,
    Sizes,
    count_beyond,
    split_by_size,
    sum_by_size,
)

FOREIGN: Final = (
    "The histograms of {layer!r} cannot tell what {format} would lose: they were written by "
    "another tool, which does not count zeros separately and has bins that are too wide. Record "
    "the layer with ActivationHistLogger."
)


@dataclass(frozen=True, eq=False)
class FormatLoss:
    """What a cast of ``scale * x`` to a number format does to the values of each record.

    All are shares of the finite values, 0 to 1, (S,) float64, NaN for a record without any. NaN and
    infinite values are not counted.
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


def find_format_loss(series: BinnedSeries, number_format: str, scale: float) -> FormatLoss:
    """See `HistogramSeries.format_loss`."""
    limits = _check(series, number_format)
    parts = [_count_lost(part, limits, check_scale(scale)) for part in split_by_size(series)]
    counts = _Lost(*map(np.concatenate, zip(*parts, strict=True)))
    with np.errstate(invalid="ignore"):
        shares = [each / np.where(series.finite > 0, series.finite, np.nan) for each in counts]
    return FormatLoss(_name(limits), float(scale), series.tallies.steps, *shares)


def format_columns(
    series: BinnedSeries, formats: Sequence[NumberFormat], scale: float
) -> dict[str, FloatArray]:
    """The columns that formats add to a table of records; NaN where nothing can be determined."""
    columns: dict[str, FloatArray] = {}
    for name in formats:
        find_limits(name)
        loss = find_format_loss(series, name, scale) if series.scheme.zeros_known else None
        none = np.full(len(series.bin_counts), np.nan)
        columns |= {f"{name}_{way}": getattr(loss, way, none) for way in FORMAT_WAYS}
    return columns


def find_best_scale(series: BinnedSeries, number_format: str) -> float:
    """See `HistogramSeries.best_scale`."""
    limits = _check(series, number_format)
    if len(series.bin_counts) == 0:
        return 1.0
    return float(_choose_scales(sum_by_size(series), limits)[0])


def find_best_scales(series: BinnedSeries, number_format: str) -> FloatArray:
    """See `HistogramSeries.best_scale_per_step`."""
    limits = _check(series, number_format)
    parts = [_choose_scales(part, limits) for part in split_by_size(series)]
    return np.concatenate([np.ones(0), *parts])


def _check(series: BinnedSeries, number_format: str) -> FormatLimits:
    limits = find_limits(number_format)
    if not series.scheme.zeros_known:
        raise OptionError(FOREIGN.format(layer=series.layer, format=number_format))
    return limits


def _name(limits: FormatLimits) -> NumberFormat:
    return next(name for name, own in FORMAT_LIMITS.items() if own is limits)


class _Lost(NamedTuple):
    """Numbers of values, (S,) each; whole where bins decide."""

    underflow: FloatArray
    subnormal: FloatArray
    overflow: FloatArray
    uncertain: FloatArray


def _count_lost(sizes: Sizes, limits: FormatLimits, scale: float) -> _Lost:
    """How many values of each record underflow, become subnormal, overflow."""
    over = count_beyond(sizes, limits.overflow_limit / scale, included=limits.overflow_at_limit)
    kept = count_beyond(sizes, limits.zero_up_to / scale, included=False)
    normal = count_beyond(sizes, limits.normal_from / scale, included=True)
    total = sum(side.cumulative[:, -1] for side in sizes.sides)
    doubt = over.doubt + kept.doubt
    return _Lost(total - kept.values, kept.values - normal.values, over.values, doubt)


def _choose_scales(sizes: Sizes, limits: FormatLimits) -> FloatArray:
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


def _candidates(sizes: Sizes, limits: FormatLimits) -> list[int]:
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

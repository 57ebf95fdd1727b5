"""The automatic range of a value axis, and where a symlog axis turns linear.

The page chooses both in the same way (frontend: math/common_range.ts, math/range.ts,
view/panel/value_range.ts); tests/golden/value_axes.json holds both sides together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import central_range
from tb_activation_hist.core.record_sizes import RecordReaches, find_reaches, usual_size

MARGIN: Final = 0.02
"""Margin beyond the central values, as a fraction of the range."""

EXPLODING_RATIO: Final = 1000
"""Beyond this many times the usual size a series counts as exploding ..."""

HARMLESS: Final = 100
"""... unless it stays below this size, which some healthy networks reach."""

ONSET: Final = 2
"""An exploding series adds the records up to this many times the size of the others."""

AUTO_DECADES: Final = 8
"""Maximum number of decades of a symlog axis over the automatic range."""

ALL_DECADES: Final = 76
"""Maximum number of decades of a symlog axis over a given range: as many as float32 has."""

Interval = tuple[float, float]


class CommonRange(NamedTuple):
    """Ends of an axis, and the sizes (largest absolute values) that it has to separate."""

    lo: float
    hi: float
    sizes: list[float]


class _Profile(NamedTuple):
    """The central ranges of a series and of its records. usual: size of the median record."""

    central: Interval
    records: RecordReaches
    usual: float


def automatic_range(parts: Sequence[HistogramSeries]) -> Interval:
    """The ends of an axis that suits all given series; 0 and 1 where nothing finite was recorded.

    The union of the central 99.9 % of the values of each, with a margin of 2 %. Exploding series
    add only their beginning; see `common_range`.
    """
    common = common_range(parts)
    return (0.0, 1.0) if common is None else _pad(common.lo, common.hi)


def common_range(parts: Sequence[HistogramSeries]) -> CommonRange | None:
    """The union of the central ranges of all series; None without any finite value.

    A series whose central range is more than 1,000 times the usual size of the middle series (the
    lower of two) is exploding. Only those of its records count that are not much larger than the
    others. So neither one run nor the end of one can flatten the rest.
    """
    profiles = _profiles(parts)
    if not profiles:
        return None
    usual = [profile.usual for profile in profiles if profile.usual > 0]
    limit = max(HARMLESS, EXPLODING_RATIO * _lower_median(usual))
    calm = [p.central for p in profiles if _size(p.central) <= limit]
    limited = len(calm) < len(profiles) and len(usual) > 0
    ranges = [profile.central for profile in profiles]
    most = math.inf
    if limited:
        most = ONSET * max(*map(_size, calm), _lower_median(usual), 0.0)
        exploding = [p for p in profiles if _size(p.central) > limit]
        ranges = calm + [onset for p in exploding for onset in _onset(p, most)]
    # Those of beginnings depend on how records are pooled, which must not decide about the axis.
    held = calm if limited else ranges
    sizes = [size for size in [*map(_size, held), *usual] if 0 < size <= most]
    return CommonRange(min(lo for lo, _ in ranges), max(hi for _, hi in ranges), sizes)


def sizes_of(parts: Sequence[HistogramSeries]) -> list[float]:
    """Sizes of all series, and of the median record of each."""
    sizes = [size for p in _profiles(parts) for size in (_size(p.central), p.usual)]
    return [size for size in sizes if size > 0]


def choose_linthresh(
    parts: Sequence[HistogramSeries], lo: float, hi: float, *, automatic: bool
) -> float:
    """The absolute value below which a symlog axis from lo to hi is nearly linear.

    A decade below the smallest size that the axis has to separate, and two or more below its
    larger end; but at most `AUTO_DECADES`, or `ALL_DECADES`, below that end. automatic: the ends
    are those of `automatic_range`, which leaves out the sizes of an explosion.
    """
    common = common_range(parts) if automatic else None
    sizes = sizes_of(parts) if common is None else common.sizes
    most = max(abs(lo), abs(hi))
    decades = AUTO_DECADES if automatic else ALL_DECADES
    least = max(min(sizes, default=most), most * 10.0**-decades)
    return 10.0 ** min(math.floor(math.log10(least)) - 1, math.floor(math.log10(most)) - 2)


def _profiles(parts: Sequence[HistogramSeries]) -> list[_Profile]:
    """Of the series that have any finite value."""
    known = ((series, central_range(series)) for series in parts)
    return [_profile(series, central) for series, central in known if central is not None]


def _profile(series: HistogramSeries, central: Interval) -> _Profile:
    records = find_reaches(series)
    # A few tall records of a mostly flat series may lie beyond its central range.
    return _Profile(central, records, min(usual_size(records.size), _size(central)))


def _onset(profile: _Profile, most: float) -> list[Interval]:
    """The part of an exploding series whose records are not larger than `most`, if any."""
    lo, hi, size = profile.records
    early = size <= most
    if not early.any():
        return []
    return [(float(lo[early].min()), float(hi[early].max()))]


def _pad(lo: float, hi: float) -> Interval:
    """Add a margin at both ends, except below a lower end at 0; zeros need a row above one at 0."""
    low, high = _widen(lo, hi)
    margin = (high - low) * MARGIN
    return (0.0 if low == 0 else low - margin), high + margin


def _widen(lo: float, hi: float) -> Interval:
    """Ends that are (almost) equal, moved apart by the value's own size, or to -0.5 and 0.5."""
    if hi > lo and hi - lo > max(abs(lo), abs(hi)) * 1e-9:
        return lo, hi
    half = abs(lo) / 2 if lo else 0.5
    return lo - half, hi + half


def _size(interval: Interval) -> float:
    return max(abs(interval[0]), abs(interval[1]))


def _lower_median(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2] if values else 0.0

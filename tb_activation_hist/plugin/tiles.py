"""Makes tiles: pools records into columns and merges bins, with exact sums and nothing clipped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import TAIL, sum_records
from tb_activation_hist.plugin import schema
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tb_activation_hist.plugin.tile_layout import to_wire_order

WHOLE: Final = 2.0**53
"""Largest cell number; float64 cannot distinguish cells beyond it."""

Interval = tuple[float, float]

NO_COUNTS: Final = np.zeros((0, 0), np.uint32)


@dataclass(frozen=True)
class Span:
    """Columns [first, last) of 2**level records each; column c begins at record c * 2**level."""

    level: int
    first: int
    last: int

    def records(self, total: int) -> slice:
        """The records in these columns."""
        return slice(self.first << self.level, min(self.last << self.level, total))

    def starts(self, total: int) -> IntArray:
        """Index of each column's first record within `records`."""
        part = self.records(total)
        return np.arange(0, max(part.stop - part.start, 0), 1 << self.level, dtype=np.int64)

    def since(self, record: int) -> Span:
        """Only the columns that hold records from this one on."""
        return Span(self.level, min(max(self.first, record >> self.level), self.last), self.last)


@dataclass(frozen=True)
class MergedBins:
    """The bins of a series that have counts, and how they are merged into the bins of a tile.

    occupied: positions in the series of the bins with counts. starts: for each merged bin, the
    position in `occupied` of its first bin. lower, upper: edges of the merged bins.
    """

    occupied: IntArray
    starts: IntArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class Tile:
    """A tile's description, and its arrays as `tile_layout.TILE_ARRAYS` lists them."""

    head: schema.TileDescription
    arrays: Mapping[str, npt.NDArray[Any]]


def make_tile(loaded: LoadedSeries, request: schema.TileRequest) -> Tile:
    """Make the tile that is asked for."""
    series = loaded.series
    asked = choose_span(series.steps, request.steps, request.columns)
    part = asked.records(len(series))
    whole = part == slice(0, len(series))
    overview = loaded.overview if whole else sum_records(series.take(part))
    central, extent = value_range(overview)
    unit = choose_unit(central, extent, request)
    # The overview of the whole series has the series' own edges, already at hand.
    bins = merge_bins(overview, overview if whole else series, unit)
    span = newer_columns(series.steps, asked, request)
    counts = pool_counts(series, span, bins)
    columns = pool_columns(series, span)
    dtypes = choose_dtypes(columns, counts)
    head: schema.TileDescription = {
        "run": request.run,
        "tag": request.tag,
        "source": request.source,
        "revision": loaded.revision,
        "records": len(series),
        "missing": loaded.missing,
        "hint": loaded.hint,
        "level": span.level,
        "first_column": span.first,
        "columns": span.last - span.first,
        "bins": len(bins.starts),
        "unit": unit,
        "range": central,
        "extent": extent,
        "usual": loaded.usual_size,
        "first_step": int(series.steps[0]) if len(series) else 0,
        "last_step": int(series.steps[-1]) if len(series) else 0,
        "dtypes": dtypes,
    }
    arrays = columns | {"lower": bins.lower, "upper": bins.upper, "counts": counts}
    return Tile(head, to_wire_order(arrays, dtypes))


def choose_span(steps: IntArray, asked: tuple[float, float] | None, columns: int) -> Span:
    """Choose the columns with a record at the asked steps, at the lowest level that allows."""
    lo, hi = asked or (-np.inf, np.inf)
    first = int(np.searchsorted(steps, lo, side="left"))
    last = int(np.searchsorted(steps, hi, side="right")) - 1
    if last < first:
        return Span(0, first, first)
    level = 0
    while (last >> level) - (first >> level) >= columns:
        level += 1
    return Span(level, first >> level, (last >> level) + 1)


def newer_columns(steps: IntArray, asked: Span, request: schema.TileRequest) -> Span:
    """The asked columns from the record `since` on.

    All of them where a column pools more records than when that record was the newest one: then
    none of the columns that were asked for before is one of these.
    """
    if request.since is None:
        return asked
    before = choose_span(steps[: request.since + 1], request.steps, request.columns)
    return asked if before.level < asked.level else asked.since(request.since)


def value_range(overview: HistogramSeries) -> tuple[Interval | None, Interval | None]:
    """The central range and the extent of the finite values of a record; None without any."""
    if overview.finite[0] <= 0:
        return None, None
    low, high = overview.quantile([TAIL, 1 - TAIL])[0].tolist()
    return (low, high), (float(overview.min[0]), float(overview.max[0]))


def choose_unit(
    central: Interval | None, extent: Interval | None, request: schema.TileRequest
) -> int | None:
    """Choose the exponent of the cells in which bins are merged; None: no bins are merged."""
    if request.unit is not None or request.rows == 0 or central is None or extent is None:
        return request.unit
    # Where nearly all values are equal (a collapsed layer), the rest still needs a scale.
    width = central[1] - central[0] or extent[1] - extent[0]
    if not 0 < width < math.inf:
        return None
    return math.frexp(width / request.rows)[1] - 1


def merge_bins(overview: HistogramSeries, edges: HistogramSeries, unit: int | None) -> MergedBins:
    """Merge the bins that have counts in `overview`; `edges` has the same bins."""
    occupied = np.flatnonzero(overview.bin_counts[0])
    lower, upper = edges.lower[occupied], edges.upper[occupied]
    starts = merge_starts(lower, upper, unit)
    last = np.append(starts[1:], len(occupied))[: len(starts)] - 1
    return MergedBins(occupied, starts, lower[starts], upper[last])


def merge_starts(lower: FloatArray, upper: FloatArray, unit: int | None) -> IntArray:
    """The index of the first bin of each merged bin.

    Neighbours that lie inside the same cell [k * 2**unit, (k + 1) * 2**unit) are merged. The zero
    bin lies in two cells, so it never is.
    """
    if unit is None or len(lower) == 0:
        return np.arange(len(lower))
    size = math.ldexp(1.0, unit)
    with np.errstate(over="ignore"):
        cell = np.floor(lower / size)
        inside = (upper / size <= cell + 1) & (np.abs(cell) < WHOLE)
    same = inside[1:] & inside[:-1] & (cell[1:] == cell[:-1])
    return np.flatnonzero(np.append(True, ~same))


def pool_columns(series: HistogramSeries, span: Span) -> dict[str, npt.NDArray[Any]]:
    """The arrays with one value for each column, by name."""
    part = series.tallies.take(span.records(len(series)))
    first = span.starts(len(series))
    last = np.append(first[1:], len(part.steps))[: len(first)] - 1
    pooled = part.pool(first) if len(first) else part
    column = replace(series, tallies=pooled, bins=series.bins[:0], bin_counts=NO_COUNTS)
    return {
        "first_step": part.steps[first],
        "last_step": part.steps[last],
        "first_wall_time": part.wall_times[first],
        "last_wall_time": part.wall_times[last],
        "records": last - first + 1,
        "n": column.n,
        "zeros": column.zeros,
        "nans": column.nans,
        "pos_infs": column.pos_infs,
        "neg_infs": column.neg_infs,
        "mean": column.mean,
        "std": column.std,
        "min": column.min,
        "max": column.max,
    }


def choose_dtypes(
    columns: Mapping[str, npt.NDArray[Any]], counts: npt.NDArray[Any]
) -> schema.TileDtypes:
    """The narrowest types that hold a tile's steps and counts."""
    first, last = columns["first_step"], columns["last_step"]
    wide = np.any(first < -(2**31)) or np.any(last >= 2**31)
    return {
        "step": "int64" if wide else "int32",
        "count": "uint64" if counts.itemsize == 8 else "uint32",
    }


def sum_groups(counts: npt.NDArray[Any], size: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Sum each `size` neighbouring rows; the last group may be smaller.

    This is twenty times as fast as ``np.add.reduceat``, which does not know that groups are equal.
    """
    if size == 1:
        return counts
    whole = len(counts) // size
    groups: npt.NDArray[Any] = (
        counts[: whole * size].reshape(whole, size, counts.shape[1]).sum(axis=1, dtype=kind)
    )
    rest = counts[whole * size :]
    if len(rest) == 0:
        return groups
    return np.concatenate([groups, rest.sum(axis=0, dtype=kind)[None]])


def pool_records(series: HistogramSeries, level: int) -> HistogramSeries:
    """Each 2**level neighbouring records as one, without their slices."""
    if level == 0 or len(series) == 0:
        return series
    tallies = series.tallies.pool(np.arange(0, len(series), 1 << level))
    counts = sum_groups(series.bin_counts, 1 << level, np.dtype(np.uint64))
    return replace(series, tallies=tallies, bin_counts=counts, slices=None)


def pool_counts(series: HistogramSeries, span: Span, bins: MergedBins) -> npt.NDArray[Any]:
    """The counts as an array of (bins, columns): records are pooled and bins merged."""
    part, starts = series.bin_counts[span.records(len(series))], span.starts(len(series))
    if len(starts) == 0 or len(bins.starts) == 0:
        return np.zeros((len(bins.starts), len(starts)), dtype="<u4")
    n = series.n[span.records(len(series))]
    wide = np.add.reduceat(n, starts).max() >= 2**32
    kind = np.dtype("<u8" if wide else "<u4")
    part = sum_groups(part, 1 << span.level, kind)
    by_bin = np.ascontiguousarray(part.T[bins.occupied], dtype=kind)
    return np.add.reduceat(by_bin, bins.starts, axis=0, dtype=kind)

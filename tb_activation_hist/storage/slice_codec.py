"""Block bytes <-> slices; the only file that knows how the slices of a split layer are stored.

A block holds 1 to 32 consecutive records of one layer:

    offset  size  little-endian
    0       4     magic b"AHS" and the format version (1)
    4       2     R, number of records
    6       1     E, 1 when the moments are exact, 0 when they are rounded
    7       1     P, steps per octave of rounded moments; 0 when they are exact
    8       4     K, number of slices; R * K is at most 2**19
    12      4     session, a random number per writer
    16      8     ordinal of the first record, from 0 within the session
    24      7     W, a byte for each column below: bytes per number in the first record (low four
                  bits) and in the others (high four bits): 0, 1, 2, 4 or 8
    31      1     0
    32      ...   zlib stream of the payload

The payload is a sequence of byte-shuffled arrays (all first bytes, then all second bytes, ...):
R int64 steps (the first, then differences), R int64 wall times in milliseconds (likewise), R int64
of the smallest n of each record, and seven columns: n (less that smallest one), zeros, non_finite,
and either min, max, sum, sum_sq, as R * K float64 (E = 1), or min, max, std, mean as codes (E = 0).
A column of whole numbers has K of the first record, each less the one of the slice before, and
(R - 1) * K of the others, each less what is predicted: a quarter of the way from the prediction
before to the number before, rounded down. All are zigzag-coded, in W bytes each; 0 bytes when all
are 0.

The code of a number x is 0 for 0, else its sign times round(P log2|x|) + 1100 P. The mean's code is
round(2 P mean / std), with the std as it is decoded; where the std is 0 all values are equal, and
the mean is the min. So powers of two, zeros and equal values are kept exactly, min and max keep
their order, and an error is at most 2**(1 / (2 P)) - 1: 2.2 % for P = 16, 4.4 % for P = 8, 9.1 %
for P = 4.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.names import check_version
from tb_activation_hist.core.slice_counts import MAX_SLICES
from tb_activation_hist.core.slice_series import SliceSeries, SliceTallies
from tb_activation_hist.core.stored_json import LARGEST
from tb_activation_hist.storage.byte_planes import Payload, differences, shuffle
from tb_activation_hist.storage.deflate import deflate, inflate
from tb_activation_hist.storage.slice_columns import (
    WIDTHS,
    decode_sizes,
    encode_sizes,
    pack,
    unpack,
)

SLICE_BLOCK_VERSION: Final = 1
SLICE_MAGIC: Final = b"AHS"
MAX_RECORDS: Final = 32
MAX_CELLS: Final = 2**19
"""Maximum of records times slices of a block: a damaged one takes at most 30 MB."""

STEPS_PER_OCTAVE: Final = (16, 8, 4)
"""Precisions of rounded moments: that of the grid of the histograms; a coarser one is taken where a
block would be larger than `SLICE_BYTES` has it, the last one only for slices of `FEW_VALUES` and in
blocks of `MANY_RECORDS` and `MANY_CELLS`."""

FEW_VALUES: Final = 100
"""Values up to which chance moves a slice's std by more than 7 %, and its mean by a tenth of it."""

MANY_RECORDS: Final = 16
"""Records from which on a large block tells that figures vary: the first one cannot be predicted,
and takes more bytes than the others."""

MANY_CELLS: Final = 1024
"""Records times slices from which on what every block takes besides its figures is little."""

SLICE_BYTES: Final = 1.5
"""Bytes for each slice and record from which on a block is stored less precisely: its figures vary
so much from record to record that they are mostly chance."""

SMALL_BLOCK: Final = 1024
"""Bytes up to which it is not."""

HEADER: Final = struct.Struct("<3sBHBBIIQ7sx")
EXACT_WIDTHS: Final = 8 | 8 << 4


@dataclass(frozen=True)
class SliceBlock:
    """Decoded block. session and ordinal identify the records of a writer that it holds."""

    series: SliceSeries
    session: int
    ordinal: int


class _Header(NamedTuple):
    records: int
    exact: int
    per_octave: int
    slices: int
    session: int
    ordinal: int
    widths: bytes

    @property
    def payload_bytes(self) -> int:
        cells = ((w & 15) + (self.records - 1) * (w >> 4) for w in self.widths)
        return 24 * self.records + self.slices * sum(cells)

    @property
    def good(self) -> bool:
        """Whether all that the header asks for is within bounds."""
        moments = self.widths[3:]
        return (
            1 <= self.records <= MAX_RECORDS
            and 1 <= self.slices <= MAX_SLICES
            and self.records * self.slices <= MAX_CELLS
            and all(w & 15 in WIDTHS and w >> 4 in WIDTHS for w in self.widths)
            and (
                set(moments) == {EXACT_WIDTHS} and self.per_octave == 0
                if self.exact == 1
                else self.exact == 0 and self.per_octave >= 1
            )
        )


def encode_slices(
    series: SliceSeries,
    session: int,
    ordinal: int,
    precisions: Sequence[int] = STEPS_PER_OCTAVE,
) -> bytes:
    """Bytes of one block; `series` holds 1 to 32 records, at most `MAX_CELLS` slices in all.

    Moments are stored as they are when ``series.exact``, else rounded. precisions: steps per octave
    to try, the finest first; the last one that fits the values is taken in any case.
    """
    least = series.n.min(axis=1)
    times = np.rint(1000 * series.wall_times).astype(np.int64)
    head = b"".join(shuffle(differences(each)) for each in (series.steps, times))
    head += shuffle(least)
    totals = [series.n - least[:, None], series.zeros, series.non_finite]
    data = b""
    for per_octave in (0,) if series.exact else _fit_precisions(precisions, series):
        columns = _pack_columns(totals, series, per_octave)
        fields = (len(series), series.exact, per_octave, series.slices, session, ordinal)
        widths = bytes(width for width, _ in columns)
        data = HEADER.pack(SLICE_MAGIC, SLICE_BLOCK_VERSION, *fields, widths)
        data += deflate(b"".join([head, *(column for _, column in columns)]))
        if len(data) <= max(SLICE_BYTES * series.n.size, SMALL_BLOCK):
            break
    return data


def _fit_precisions(precisions: Sequence[int], series: SliceSeries) -> Sequence[int]:
    """Those that are not coarser than the values and records allow."""
    many = len(series) >= MANY_RECORDS and series.n.size >= MANY_CELLS
    if many or series.n.max() <= FEW_VALUES:
        return precisions
    return [each for each in precisions if each >= STEPS_PER_OCTAVE[1]] or STEPS_PER_OCTAVE[1:2]


def read_precision(data: bytes) -> int:
    """Steps per octave of a block's moments; 0 when they are exact."""
    return _read_header(data).per_octave


def _pack_columns(
    totals: list[IntArray], series: SliceSeries, per_octave: int
) -> list[tuple[int, bytes]]:
    """Widths and bytes of all seven columns; per_octave: 0 for exact moments."""
    if per_octave:
        return pack([*totals, *_to_codes(series, per_octave)])
    moments = (series.tallies.low, series.tallies.high, series.tallies.sum, series.tallies.sum_sq)
    return pack(totals) + [(EXACT_WIDTHS, shuffle(each)) for each in moments]


def decode_slices(data: bytes, layer: str = "", dimension: int | None = None) -> SliceBlock:
    """Inverse of `encode_slices`; FormatError for damaged bytes or a newer version.

    The arrays of the result keep what `SliceSeries` promises of them, whatever the bytes were.
    """
    header = _read_header(data)
    records, slices = header.records, header.slices
    payload = Payload(inflate(data[HEADER.size :], header.payload_bytes, _damaged(data)))
    steps = payload.take_row(records, "<i8").cumsum()
    wall_times = payload.take_row(records, "<i8").cumsum() / 1000
    least = payload.take_row(records, "<i8")
    shape = (records, slices)
    n, zeros, non_finite = (unpack(payload, width, shape) for width in header.widths[:3])
    n += least[:, None]
    if header.exact:
        moments = [payload.take_row(records * slices, "<f8").reshape(shape) for _ in range(4)]
    else:
        codes = [unpack(payload, width, shape) for width in header.widths[3:]]
        moments = _from_codes(codes, n - non_finite, header.per_octave)
    tallies = SliceTallies(steps, wall_times, n, zeros, non_finite, *moments)
    series = SliceSeries(tallies, layer, dimension, bool(header.exact))
    broken = _find_broken_promise(series)
    if broken:
        msg = f"A block of slices of {len(data)} bytes is damaged ({broken}); it is left out."
        raise FormatError(msg)
    return SliceBlock(series, header.session, header.ordinal)


def _read_header(data: bytes) -> _Header:
    if len(data) < HEADER.size or data[:3] != SLICE_MAGIC:
        msg = f"Not a block of slices: it begins with {data[:8]!r}, not {SLICE_MAGIC!r}."
        raise FormatError(msg)
    _, version, *fields = HEADER.unpack_from(data)
    check_version("block of slices", version, SLICE_BLOCK_VERSION)
    header = _Header(*fields)
    if not header.good:
        raise FormatError(_damaged(data))
    return header


def _find_broken_promise(series: SliceSeries) -> str:
    """What a series does not keep of what `SliceSeries` promises; empty when all is kept."""
    steps = series.steps.tolist()
    if any(map(operator.ge, steps, steps[1:])):
        return "its steps do not ascend"
    finite = series.finite
    counts = (series.n, series.zeros, series.non_finite, finite, finite - series.zeros)
    least = min(map(np.min, counts))
    if least < 0 or series.n.max() > LARGEST:
        return "it has a count out of range"
    some = finite > 0
    low, high = series.tallies.low[some], series.tallies.high[some]
    if not np.all((low <= high) & np.isfinite(low) & np.isfinite(high)):
        return "its smallest value lies above its largest"
    empty = series.tallies.low[~some] > series.tallies.high[~some]
    return "" if empty.all() else "it has a range without values"


def _to_codes(series: SliceSeries, per_octave: int) -> list[FloatArray]:
    """min, max, std and mean as whole numbers; 0 where nothing is finite."""
    sizes = series.tallies.low, series.tallies.high, series.std
    codes = [encode_sizes(each, per_octave) for each in sizes]
    std = codes[-1]
    with np.errstate(all="ignore"):
        mean = series.mean / decode_sizes(std, per_octave)
        mean *= 2 * per_octave
    mean[(std <= 0) | np.isnan(mean)] = 0.0
    np.rint(np.clip(mean, -LARGEST, LARGEST, out=mean), out=mean)
    return [*codes, mean]


def _from_codes(codes: list[IntArray], finite: IntArray, per_octave: int) -> list[FloatArray]:
    """min, max, sum and sum of squares."""
    low, high, std = (decode_sizes(each, per_octave) for each in codes[:3])
    with np.errstate(all="ignore"):
        mean = np.where(std > 0, codes[3] / (2.0 * per_octave) * std, low)
        total, squares = mean * finite, (mean**2 + std**2) * finite
    ends = np.where(finite > 0, low, np.inf), np.where(finite > 0, high, -np.inf)
    return [*ends, total, squares]


def _damaged(data: bytes) -> str:
    return f"A block of slices of {len(data)} bytes is damaged (cut off?); it is left out."

"""Block bytes <-> histograms; the only file that knows the stored layout.

A block holds 1 to 32 consecutive records of one layer:

    offset  size  little-endian
    0       4     magic b"AHB" and the format version (1)
    4       2     R, number of records
    6       2     K, number of occupied bins
    8       1     W, bytes per count difference: 1, 2, 4 or 8
    9       1     V, bytes per count once decoded: 4 or 8
    10      2     0
    12      4     session, a random number per writer
    16      8     ordinal of the first record, from 0 within the session
    24      ...   zlib stream of the payload

The payload is a sequence of byte-shuffled arrays (all first bytes, then all second bytes, ...):
K int16 bin numbers (the first, then differences), R int64 steps (likewise), R float64 wall times,
R int64 each of n, zeros, nans, pos_infs, neg_infs (likewise), R float64 each of min, max, sum,
sum_sq, and K*R counts, bin by bin: each as its zigzag-coded difference to the record before,
modulo 2**(8 V), in W bytes. Shuffling puts the high bytes of neighbouring numbers, which rarely
differ, side by side. What is left has few repeats but skewed byte frequencies, so zlib runs with
its run-length strategy: as small as the default one, three times faster (see ARCHITECTURE.md).
"""

from __future__ import annotations

import math
import operator
import struct
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import check_version
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.registry import MAX_SLOTS, bin_limits
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.stored_json import LARGEST
from tb_activation_hist.core.table import MOMENTS, TOTALS
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.byte_planes import (
    differences,
    shuffle,
    shuffle_each,
    zigzag,
)
from tb_activation_hist.storage.deflate import deflate, inflate

BLOCK_VERSION: Final = 1
BLOCK_RECORDS: Final = 32
"""Maximum number of records of one block."""

MAX_BINS: Final = MAX_SLOTS
"""Maximum number of occupied bins of one block."""

MAGIC: Final = b"AHB"
HEADER: Final = struct.Struct("<3sBHHBB2xIQ")

BYTES_PER_RECORD: Final = 8 * (2 + len(TOTALS) + len(MOMENTS))
BYTES_PER_BIN: Final = 2


@dataclass(frozen=True)
class Block:
    """Decoded block. session and ordinal identify the records of a writer that it holds."""

    series: HistogramSeries
    session: int
    ordinal: int


@dataclass(frozen=True)
class BlockSpan:
    """Which records of a writer a block holds: `records` of them from `ordinal` on."""

    session: int
    ordinal: int
    records: int


def peek_span(data: bytes) -> BlockSpan | None:
    """The span of a block without decoding it; None when its header cannot be read."""
    try:
        header = _read_header(data)
    except FormatError:
        return None
    return BlockSpan(header.session, header.ordinal, header.records)


class _Header(NamedTuple):
    records: int
    bins: int
    width: int
    count_width: int
    session: int
    ordinal: int

    @property
    def payload_bytes(self) -> int:
        per_record = BYTES_PER_RECORD + self.bins * self.width
        return self.bins * BYTES_PER_BIN + self.records * per_record


def _read_header(data: bytes) -> _Header:
    """The header; FormatError unless all that it asks for is within bounds."""
    if data[:3] != MAGIC:
        msg = f"Not a block of histograms: it begins with {data[:8]!r}, not {MAGIC!r}."
        raise FormatError(msg)
    if len(data) < HEADER.size:
        raise FormatError(_damaged(data))
    _, version, *fields = HEADER.unpack_from(data)
    check_version("block", version, BLOCK_VERSION)
    header = _Header(*fields)
    good = (
        1 <= header.records <= BLOCK_RECORDS
        and header.bins <= MAX_BINS
        and header.width in (1, 2, 4, 8)
        and header.count_width in (4, 8)
        and header.width <= header.count_width
    )
    if not good:
        raise FormatError(_damaged(data))
    return header


def encode_block(series: HistogramSeries, session: int, ordinal: int) -> bytes:
    """Bytes of one block; `series` holds 1 to 32 records."""
    tallies = series.tallies
    changes = narrow_numbers(zigzag(differences(series.bin_counts.T)))
    parts = [
        shuffle(differences(series.bins.astype(np.int16))),
        shuffle(differences(tallies.steps)),
        shuffle(tallies.wall_times),
        shuffle_each(differences(np.stack([getattr(tallies, name) for name in TOTALS]))),
        shuffle_each(np.stack([getattr(tallies, name) for name in MOMENTS])),
        shuffle(changes),
    ]
    sizes = (len(series), len(series.bins), changes.itemsize, series.bin_counts.itemsize)
    header = HEADER.pack(MAGIC, BLOCK_VERSION, *sizes, session, ordinal)
    return header + deflate(b"".join(parts))


def decode_block(
    data: bytes, scheme: Scheme | None = None, layer: str = "", dtype: str = "float32"
) -> Block:
    """Inverse of `encode_block`; FormatError for damaged bytes or a newer version.

    The arrays of the result keep what `HistogramSeries` promises of them, whatever the bytes were.
    """
    header = _read_header(data)
    payload = Payload(inflate(data[HEADER.size :], header.payload_bytes, _damaged(data)))
    numbers = payload.take(1, header.bins, np.dtype("<i2"))[0].cumsum(dtype=np.int64)
    steps = payload.take(1, header.records, np.dtype("<i8"))[0].cumsum()
    wall_times = payload.take(1, header.records, np.dtype("<f8"))[0]
    integers = payload.take(len(TOTALS), header.records, np.dtype("<i8")).cumsum(axis=1)
    moments = payload.take(len(MOMENTS), header.records, np.dtype("<f8"))
    shape = (header.bins, header.records)
    changes = payload.take_wide(shape, header.width, np.dtype(f"u{header.count_width}"))
    counts = _unzigzag(np.ascontiguousarray(changes.T))
    # Adding rows is three times as fast here as np.cumsum(axis=0).
    for row in range(1, header.records):
        counts[row] += counts[row - 1]
    series = HistogramSeries(
        tallies=Tallies(steps, wall_times, *integers, *moments),
        bins=numbers,
        bin_counts=counts,
        scheme=scheme or FLOAT_BITS,
        layer=layer,
        dtype=dtype,
    )
    broken = find_broken_promise(series, *bin_limits(scheme or FLOAT_BITS))
    if broken:
        msg = f"A block of {len(data)} bytes is damaged ({broken}); the records in it are lost."
        raise FormatError(msg)
    return Block(series, header.session, header.ordinal)


def find_broken_promise(series: HistogramSeries, first_bin: int, last_bin: int) -> str:
    """What a series does not keep of what `HistogramSeries` promises; empty when all is kept.

    A few dozen numbers are looked at, for which plain Python takes less time than numpy.
    """
    tallies, bins = series.tallies, series.bins
    steps = tallies.steps.tolist()
    if any(map(operator.ge, steps, steps[1:])):
        return "its steps do not ascend"
    if len(bins) and not (first_bin <= bins[0] and bins[-1] <= last_bin and _ascend(bins)):
        return "its bins do not ascend"
    if not all(map(math.isfinite, tallies.wall_times.tolist())):
        return "it has a time that is not finite"
    wide = series.bin_counts.itemsize == 8
    if wide and series.bin_counts.sum(axis=1, dtype=np.float64).max() > 2 * LARGEST:
        return "it has a count out of range"
    names = (*TOTALS, "min", "max")
    sums = series.bin_counts.sum(axis=1, dtype=np.uint64).tolist()
    rows = zip(sums, *(getattr(tallies, name).tolist() for name in names), strict=True)
    return next(filter(None, map(_find_wrong_total, rows)), "")


def _ascend(bins: npt.NDArray[Any]) -> bool:
    return bool((bins[1:] > bins[:-1]).all())


def _find_wrong_total(row: tuple[Any, ...]) -> str:
    """What is wrong in one record's sum of counts, totals, min and max."""
    counted, n, zeros, nans, pos_infs, neg_infs, low, high = row
    if min(zeros, nans, pos_infs, neg_infs) < 0 or n > LARGEST:
        return "it has a count out of range"
    if counted + nans + pos_infs + neg_infs != n or zeros > counted:
        return "its counts do not add up"
    if counted and not -math.inf < low <= high < math.inf:
        return "its smallest value lies above its largest"
    return "" if counted or low > high else "it has a range without values"


class Payload:
    """Takes one array after another off the uncompressed payload, which holds all of them."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._offset = 0

    def take(self, arrays: int, length: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """The next arrays of `length` numbers each, unshuffled, as (arrays, length)."""
        planes = self._bytes(arrays * dtype.itemsize, length)
        numbers = planes.reshape(arrays, dtype.itemsize, length).transpose(0, 2, 1)
        rows: npt.NDArray[Any] = numbers.copy().view(dtype)
        return rows.reshape(arrays, length)

    def take_wide(
        self, shape: tuple[int, int], width: int, dtype: np.dtype[Any]
    ) -> npt.NDArray[Any]:
        """The next numbers of `width` bytes each as a wider type, byte by byte: no transposing."""
        planes = self._bytes(width, shape[0] * shape[1])
        numbers: npt.NDArray[Any] = planes[-1].astype(dtype)
        for plane in planes[-2::-1]:
            numbers <<= 8
            numbers |= plane
        return numbers.reshape(shape)

    def _bytes(self, width: int, length: int) -> npt.NDArray[np.uint8]:
        """(width, length) bytes: first bytes of all numbers, second bytes ..."""
        size = width * length
        data = np.frombuffer(self._payload, np.uint8, size, self._offset)
        self._offset += size
        return data.reshape(width, length)


def _damaged(data: bytes) -> str:
    return f"A block of {len(data)} bytes is damaged (cut off?); the records in it are lost."


def _unzigzag(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Inverse of `zigzag`, as unsigned numbers, which wrap."""
    signs: npt.NDArray[Any] = codes & 1
    np.negative(signs, out=signs)
    signs ^= codes >> 1
    return signs


def narrow_numbers(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Unsigned numbers in the smallest type that holds them."""
    largest = int(counts.max(initial=0))
    width = next(width for width in (1, 2, 4, 8) if largest < 1 << (8 * width))
    return counts.astype(np.dtype(f"u{width}"), copy=False)

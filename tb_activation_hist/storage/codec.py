"""Block bytes <-> histograms; the only file that knows the stored layout.

A block holds 1 to 65,535 consecutive records of one layer:

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

import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.histogram import HistogramSeries, Tallies
from tb_activation_hist.core.names import check_version
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.table import MOMENTS, TALLIES

BLOCK_VERSION: Final = 1
BLOCK_RECORDS: Final = 32
"""Records a writer puts into one block, at most."""

MAGIC: Final = b"AHB"
HEADER: Final = struct.Struct("<3sBHHBB2xIQ")


@dataclass(frozen=True)
class Block:
    """Decoded block. session and ordinal tell which records of a writer it holds."""

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
    if len(data) < HEADER.size or data[:3] != MAGIC or data[3] > BLOCK_VERSION:
        return None
    _, _, records, _, _, _, session, ordinal = HEADER.unpack_from(data)
    return BlockSpan(session, ordinal, records)


def encode_block(series: HistogramSeries, session: int, ordinal: int) -> bytes:
    """Bytes of one block; `series` holds 1 to 65,535 records."""
    tallies = series.tallies
    changes = _narrow(_zigzag(_differences(series.bin_counts)))
    parts = [_shuffle(_differences(series.bins.astype(np.int16)))]
    parts.append(_shuffle(_differences(tallies.steps)))
    parts.append(_shuffle(tallies.wall_times))
    parts += [_shuffle(_differences(getattr(tallies, name))) for name in TALLIES]
    parts += [_shuffle(getattr(tallies, name)) for name in MOMENTS]
    parts.append(_shuffle(changes.T))
    sizes = (len(series), len(series.bins), changes.itemsize, series.bin_counts.itemsize)
    header = HEADER.pack(MAGIC, BLOCK_VERSION, *sizes, session, ordinal)
    return header + _deflate(b"".join(parts))


def decode_block(data: bytes, scheme: Scheme | None = None, layer: str = "") -> Block:
    """Inverse of `encode_block`; FormatError for damaged bytes or a newer version."""
    if len(data) < HEADER.size or data[:3] != MAGIC:
        msg = f"Not a block of histograms: it begins with {data[:8]!r}, not {MAGIC!r}."
        raise FormatError(msg)
    _, version, records, bins, width, count_width, session, ordinal = HEADER.unpack_from(data)
    check_version("block", version, BLOCK_VERSION)
    payload = _Payload(_inflate(data[HEADER.size :]), data)
    numbers = np.cumsum(payload.take(bins, np.dtype("<i2")), dtype=np.int64)
    steps = np.cumsum(payload.take(records, np.dtype("<i8")))
    wall_times = payload.take(records, np.dtype("<f8"))
    integers = [np.cumsum(payload.take(records, np.dtype("<i8"))) for _ in TALLIES]
    moments = [payload.take(records, np.dtype("<f8")) for _ in MOMENTS]
    changes = payload.take_wide((bins, records), width, np.dtype(f"u{count_width}"))
    payload.finish()
    counts = _unzigzag(np.ascontiguousarray(changes.T))
    # Adding rows is three times as fast here as np.cumsum(axis=0).
    for row in range(1, records):
        counts[row] += counts[row - 1]
    series = HistogramSeries(
        tallies=Tallies(steps, wall_times, *integers, *moments),
        bins=numbers,
        bin_counts=counts,
        scheme=scheme or FLOAT_BITS,
        layer=layer,
    )
    return Block(series, session, ordinal)


class _Payload:
    """Takes one array after another off the uncompressed payload."""

    def __init__(self, payload: bytes, block: bytes) -> None:
        self._payload = payload
        self._block = block
        self._offset = 0

    def take(self, length: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """The next array of `length` numbers, unshuffled."""
        rows: npt.NDArray[Any] = self._bytes(dtype.itemsize, length).T.copy()
        return rows.view(dtype).reshape(length)

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
        if self._offset + size > len(self._payload):
            raise FormatError(_damaged(self._block))
        data = np.frombuffer(self._payload, np.uint8, size, self._offset)
        self._offset += size
        return data.reshape(width, length)

    def finish(self) -> None:
        """Nothing may be left over."""
        if self._offset != len(self._payload):
            raise FormatError(_damaged(self._block))


def _deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return compressor.compress(data) + compressor.flush()


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error as err:
        raise FormatError(_damaged(data)) from err


def _damaged(data: bytes) -> str:
    return f"A block of {len(data)} bytes is damaged (cut off?); the records in it are lost."


def _shuffle(values: npt.NDArray[Any]) -> bytes:
    flat = np.ascontiguousarray(values).reshape(-1)
    little = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    rows: npt.NDArray[np.uint8] = little.view(np.uint8).reshape(-1, flat.itemsize)
    data: bytes = rows.T.tobytes()
    return data


def _differences(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The first row, then each row less the one before."""
    changes: npt.NDArray[Any] = values.copy()
    changes[1:] -= values[:-1]
    return changes


def _zigzag(changes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...: small numbers of both signs get small codes.

    Both ways the arithmetic is that of unsigned numbers, which wrap.
    """
    signed = changes.view(f"i{changes.itemsize}")
    codes: npt.NDArray[Any] = (signed << 1) ^ (signed >> (8 * changes.itemsize - 1))
    return codes.view(changes.dtype)


def _unzigzag(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    signs: npt.NDArray[Any] = codes & 1
    np.negative(signs, out=signs)
    signs ^= codes >> 1
    return signs


def _narrow(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Counts in the smallest unsigned type that holds them."""
    largest = int(counts.max(initial=0))
    width = next(width for width in (1, 2, 4, 8) if largest < 1 << (8 * width))
    return counts.astype(np.dtype(f"u{width}"), copy=False)

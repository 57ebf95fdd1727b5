"""Block bytes <-> histograms; the only file that knows the stored layout.

A block holds 1 to 65,535 consecutive records of one layer:

    offset  size  little-endian
    0       4     magic b"AHB" and the format version (1)
    4       2     R, number of records
    6       2     K, number of occupied bins
    8       1     W, bytes per count: 1, 2, 4 or 8
    9       3     0
    12      4     session, a random number per writer
    16      8     ordinal of the first record, from 0 within the session
    24      ...   zlib stream of the payload

The payload is a sequence of byte-shuffled arrays (all first bytes, then all second bytes, ...):
K int16 bin numbers (the first, then differences), R int64 steps (likewise), R float64 wall times,
R int64 each of n, zeros, nans, pos_infs, neg_infs (likewise), R float64 each of min, max, sum,
sum_sq, and K*R counts of W bytes, bin by bin. Shuffling puts the high bytes of neighbouring
numbers, which rarely differ, side by side, where zlib finds them.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.errors import FormatError
from tb_activation_hist.grid import FLOAT_BITS, Scheme
from tb_activation_hist.histogram import HistogramSeries, Tallies
from tb_activation_hist.names import check_version

BLOCK_VERSION: Final = 1
BLOCK_RECORDS: Final = 32
"""Records a writer puts into one block, at most."""

MAGIC: Final = b"AHB"
HEADER: Final = struct.Struct("<3sBHHB3xIQ")
COMPRESSION: Final = 6
"""zlib level; measured on ResNet-18 activations, see ARCHITECTURE.md."""

INTEGERS: Final = ("n", "zeros", "nans", "pos_infs", "neg_infs")
MOMENTS: Final = ("min", "max", "sum", "sum_sq")


@dataclass(frozen=True)
class Block:
    """Decoded block. session and ordinal tell which records of a writer it holds."""

    series: HistogramSeries
    session: int
    ordinal: int


def encode_block(series: HistogramSeries, session: int, ordinal: int) -> bytes:
    """Bytes of one block; `series` holds 1 to 65,535 records."""
    tallies = series.tallies
    counts = _narrow(series.bin_counts)
    parts = [_shuffle(_differences(series.bins.astype(np.int16)))]
    parts.append(_shuffle(_differences(tallies.steps)))
    parts.append(_shuffle(tallies.wall_times))
    parts += [_shuffle(_differences(getattr(tallies, name))) for name in INTEGERS]
    parts += [_shuffle(getattr(tallies, name)) for name in MOMENTS]
    parts.append(_shuffle(counts.T))
    header = HEADER.pack(
        MAGIC, BLOCK_VERSION, len(series), len(series.bins), counts.itemsize, session, ordinal
    )
    return header + zlib.compress(b"".join(parts), COMPRESSION)


def decode_block(data: bytes, scheme: Scheme | None = None, layer: str = "") -> Block:
    """Inverse of `encode_block`; FormatError for damaged bytes or a newer version."""
    if len(data) < HEADER.size or data[:3] != MAGIC:
        msg = f"Not a block of histograms: it begins with {data[:8]!r}, not {MAGIC!r}."
        raise FormatError(msg)
    _, version, records, bins, width, session, ordinal = HEADER.unpack_from(data)
    check_version("block", version, BLOCK_VERSION)
    payload = _Payload(_inflate(data[HEADER.size :]), data)
    numbers = np.cumsum(payload.take(bins, np.dtype("<i2")), dtype=np.int64)
    steps = np.cumsum(payload.take(records, np.dtype("<i8")))
    wall_times = payload.take(records, np.dtype("<f8"))
    integers = [np.cumsum(payload.take(records, np.dtype("<i8"))) for _ in INTEGERS]
    moments = [payload.take(records, np.dtype("<f8")) for _ in MOMENTS]
    counts = payload.take(bins * records, np.dtype(f"<u{width}")).reshape(bins, records)
    payload.finish()
    series = HistogramSeries(
        tallies=Tallies(steps, wall_times, *integers, *moments),
        bins=numbers,
        bin_counts=np.ascontiguousarray(counts.T, dtype=np.uint64 if width == 8 else np.uint32),
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
        size = length * dtype.itemsize
        if self._offset + size > len(self._payload):
            raise FormatError(_damaged(self._block))
        data = np.frombuffer(self._payload, np.uint8, size, self._offset)
        self._offset += size
        rows: npt.NDArray[Any] = data.reshape(dtype.itemsize, length).T.copy()
        return rows.view(dtype).reshape(length)

    def finish(self) -> None:
        """Nothing may be left over."""
        if self._offset != len(self._payload):
            raise FormatError(_damaged(self._block))


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
    return np.diff(values, prepend=values.dtype.type(0))


def _narrow(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Counts in the smallest unsigned type that holds them."""
    largest = int(counts.max(initial=0))
    width = next(width for width in (1, 2, 4, 8) if largest < 1 << (8 * width))
    return counts.astype(np.dtype(f"u{width}"), copy=False)

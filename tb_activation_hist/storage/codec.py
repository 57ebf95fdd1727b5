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

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import check_version
from tb_activation_hist.core.schemes.float_bits import FLOAT_BITS
from tb_activation_hist.core.schemes.registry import MAX_SLOTS, bin_limits
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.table import MOMENTS, TOTALS
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.byte_planes import (
    differences,
    gather_numbers,
    narrow_numbers,
    shuffle,
    shuffle_each,
    unzigzag,
    zigzag,
)
from tb_activation_hist.storage.deflate import deflate, inflate
from tb_activation_hist.storage.promises import find_broken_promises, sum_bins

BLOCK_VERSION: Final = 1
BLOCK_RECORDS: Final = 32
"""Maximum number of records of one block."""

DECODED_TOGETHER: Final = 16
"""Most blocks whose numbers are put together; those of more do not fit a processor's cache."""

MAX_BINS: Final = MAX_SLOTS
"""Maximum number of occupied bins of one block."""

MAGIC: Final = b"AHB"
HEADER: Final = struct.Struct("<3sBHHBB2xIQ")

BYTES_PER_RECORD: Final = 8 * (2 + len(TOTALS) + len(MOMENTS))
BYTES_PER_BIN: Final = 2

BROKEN: Final = "A block of {bytes} bytes is damaged ({why}); the records in it are lost."


class BlockSpan(NamedTuple):
    """Which records of a writer a block holds: `records` of them from `ordinal` on."""

    session: int
    ordinal: int
    records: int


@dataclass(frozen=True)
class Block:
    """Decoded block. session and ordinal identify the records of a writer that it holds."""

    series: HistogramSeries
    session: int
    ordinal: int

    @property
    def span(self) -> BlockSpan:
        return BlockSpan(self.session, self.ordinal, len(self.series))


def peek_span(data: bytes) -> BlockSpan | None:
    """The span of a block without decoding it; None when its header cannot be read."""
    try:
        header = _read_header(data)
    except FormatError:
        return None
    return BlockSpan(header.session, header.ordinal, header.records)


class _Form(NamedTuple):
    """What blocks have in common that are decoded together."""

    records: int
    width: int
    count_width: int
    has_bins: bool


class _Header(NamedTuple):
    records: int
    bins: int
    width: int
    count_width: int
    session: int
    ordinal: int

    @property
    def form(self) -> _Form:
        return _Form(self.records, self.width, self.count_width, self.bins > 0)

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
    return close_block(b"".join(parts), sizes, session, ordinal)


def close_block(
    payload: bytes, sizes: tuple[int, int, int, int], session: int, ordinal: int
) -> bytes:
    """The block of a payload. sizes: R, K, W and V, as the module's text names them."""
    header = HEADER.pack(MAGIC, BLOCK_VERSION, *sizes, session, ordinal)
    return header + deflate(payload)


def decode_block(
    data: bytes, scheme: Scheme | None = None, layer: str = "", dtype: str = "float32"
) -> Block:
    """Inverse of `encode_block`; FormatError for damaged bytes or a newer version.

    The arrays of the result keep what `HistogramSeries` promises of them, whatever the bytes were.
    """
    (block,) = decode_blocks([data], scheme, layer, dtype)
    if isinstance(block, FormatError):
        raise block
    return block


def decode_blocks(
    blocks: Sequence[bytes],
    scheme: Scheme | None = None,
    layer: str = "",
    dtype: str = "float32",
) -> list[Block | FormatError]:
    """`decode_block` of several blocks of one layer; an error in place of each that is damaged."""
    return decode_layers(blocks, [layer] * len(blocks), scheme, dtype)


def decode_layers(
    blocks: Sequence[bytes],
    layers: Sequence[str],
    scheme: Scheme | None = None,
    dtype: str = "float32",
) -> list[Block | FormatError]:
    """`decode_blocks` of blocks of several layers, for each of which its layer is given.

    Blocks of one form go through the same calls of numpy, which are few and long: those of single
    blocks take five times as long, and threads that make them wait for the interpreter. The counts
    of blocks that were decoded together share memory.
    """
    found: dict[int, Block | FormatError] = {}
    by_form: dict[_Form, dict[int, _Opened]] = {}
    for place, data in enumerate(blocks):
        try:
            opened = _open(data)
        except FormatError as err:
            found[place] = err
        else:
            by_form.setdefault(opened.header.form, {})[place] = opened
    for form, alike in by_form.items():
        places, whole = list(alike), list(alike.values())
        for start in range(0, len(whole), DECODED_TOGETHER):
            part = slice(start, start + DECODED_TOGETHER)
            own = [layers[place] for place in places[part]]
            decoded = _decode_alike(form, whole[part], own, scheme or FLOAT_BITS, dtype)
            found.update(zip(places[part], decoded, strict=True))
    return [found[place] for place in range(len(blocks))]


class _Opened(NamedTuple):
    """A block whose payload is inflated."""

    header: _Header
    payload: npt.NDArray[np.uint8]
    stored_bytes: int


def _open(data: bytes) -> _Opened:
    """FormatError unless the payload has the bytes that the header asks for."""
    header = _read_header(data)
    payload = inflate(data[HEADER.size :], header.payload_bytes, _damaged(data))
    return _Opened(header, np.frombuffer(payload, np.uint8), len(data))


def _decode_alike(
    form: _Form, opened: Sequence[_Opened], layers: Sequence[str], scheme: Scheme, dtype: str
) -> list[Block | FormatError]:
    payloads = [each.payload for each in opened]
    sizes = np.array([each.header.bins for each in opened])
    tallies_at = BYTES_PER_BIN * sizes
    counts_at = tallies_at + BYTES_PER_RECORD * form.records
    ends = sizes.cumsum()
    starts = ends - sizes
    spans = [slice(*span) for span in zip(starts.tolist(), ends.tolist(), strict=True)]
    jumps = gather_numbers(payloads, 0 * sizes, sizes, BYTES_PER_BIN, "<u2").view("<i2")
    bins = [jumps[span].cumsum(dtype=np.int64) for span in spans]
    steps, wall_times, totals, moments = _take_tallies(payloads, tallies_at, form.records)
    changes = gather_numbers(
        payloads, counts_at, sizes * form.records, form.width, f"<u{form.count_width}"
    )
    counts = unzigzag(np.ascontiguousarray(changes.reshape(-1, form.records).T))
    # Adding rows is three times as fast here as np.cumsum(axis=0).
    for row in range(1, form.records):
        counts[row] += counts[row - 1]
    sums = sum_bins(counts, starts).T
    limits = bin_limits(scheme)
    broken = find_broken_promises(steps, wall_times, totals, moments, bins, sums, limits)

    def to_block(i: int) -> Block | FormatError:
        header, _, stored_bytes = opened[i]
        if broken[i]:
            return FormatError(BROKEN.format(bytes=stored_bytes, why=broken[i]))
        tallies = Tallies(steps[i], wall_times[i], *totals[:, i], *moments[:, i])
        series = HistogramSeries(tallies, bins[i], counts[:, spans[i]], scheme, layers[i], dtype)
        return Block(series, header.session, header.ordinal)

    return [to_block(i) for i in range(len(opened))]


def _take_tallies(
    payloads: Sequence[npt.NDArray[np.uint8]], begins: IntArray, records: int
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """(G, R) steps, (G, R) wall times, (T, G, R) totals and (T, G, R) moments of G blocks."""
    size = BYTES_PER_RECORD * records
    rows = [each[at : at + size] for each, at in zip(payloads, begins.tolist(), strict=True)]
    planes = np.stack(rows).reshape(len(rows), -1, 8, records).transpose(1, 0, 3, 2)
    numbers = np.ascontiguousarray(planes).view("<i8")[..., 0]
    reals = numbers.view("<f8")
    moments_at = 2 + len(TOTALS)
    totals = numbers[2:moments_at].cumsum(axis=-1)
    return numbers[0].cumsum(axis=-1), reals[1], totals, reals[moments_at:]


def _damaged(data: bytes) -> str:
    return f"A block of {len(data)} bytes is damaged (cut off?); the records in it are lost."

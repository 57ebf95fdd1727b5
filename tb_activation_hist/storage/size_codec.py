"""Bytes <-> records of parameters' sizes; the only file that knows their stored layout.

A block holds 1 to 32 consecutive records of the same P parameters. It is stored under the tag
``parameter_sizes`` and the plugin name ``activation_hist_sizes``, one tag for the run:

    offset  size  little-endian
    0       4     magic b"AHP" and the format version (1)
    4       2     R, number of records
    6       2     0
    8       4     P, number of parameters
    12      4     H, bytes of the head
    16      4     session, a random number per writer
    20      8     ordinal of the first record, from 0 within the session
    28      ...   zlib stream of the payload

The payload is the head, JSON in UTF-8, ``{"parameters": [{"name", "shape", "dtype"}, ...]}``, then
byte-shuffled arrays (all first bytes, then all second bytes, ...): R int64 steps, R float64 wall
times; R*P uint8 requires_grad, R*P int8 whether an optimizer has the parameter (1, 0; -1: not
known), R*P float64 learning rates (NaN: not known); R*3*P int8 flags "same as the record before"
(1, 0; -1: not known); R*3*P int64 each of n, zeros, non_finite; R*3*P float64 each of min, max,
sum, sum_sq. The three kinds are weights, weight_gradients and updates; n is -1 where a kind was not
measured. `core.parameter_sizes` says what the numbers mean.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.names import MAX_AXES, check_version
from tb_activation_hist.core.parameter_sizes import (
    NOT_MEASURED,
    SIZE_MOMENTS,
    SIZE_TOTALS,
    SIZED_KINDS,
    ParameterInfo,
    SizeRecord,
)
from tb_activation_hist.core.stored_json import LARGEST, is_whole, read_json_object
from tb_activation_hist.storage.byte_planes import Payload, shuffle
from tb_activation_hist.storage.deflate import deflate, inflate

SIZES_MAGIC: Final = b"AHP"
SIZE_BLOCK_VERSION: Final = 1
MAX_RECORDS: Final = 32
MAX_ROWS: Final = 2**18
"""Maximum of records times parameters of a block: a damaged one takes at most 60 MB."""

MAX_HEAD_BYTES: Final = 2**25
HEADER: Final = struct.Struct("<3sBH2xIIIQ")
ROW_BYTES: Final = 1 + 1 + 8 + 3 * (1 + 8 * (len(SIZE_TOTALS) + len(SIZE_MOMENTS)))


class SizeBlock(NamedTuple):
    """Decoded block. session and ordinal identify the records of a writer that it holds."""

    records: tuple[SizeRecord, ...]
    session: int
    ordinal: int


class _Header(NamedTuple):
    records: int
    parameters: int
    head_bytes: int
    session: int
    ordinal: int

    @property
    def payload_bytes(self) -> int:
        return self.head_bytes + self.records * (16 + self.parameters * ROW_BYTES)

    @property
    def good(self) -> bool:
        """Whether all that the header asks for is within bounds."""
        return (
            1 <= self.records <= MAX_RECORDS
            and self.records * self.parameters <= MAX_ROWS
            and self.head_bytes <= MAX_HEAD_BYTES
        )


def encode_sizes(records: Sequence[SizeRecord], session: int, ordinal: int) -> bytes:
    """Bytes of one block of 1 to 32 records, which have the same parameters."""
    infos = [
        {"name": each.name, "shape": list(each.shape), "dtype": each.dtype}
        for each in records[0].parameters
    ]
    head = json.dumps({"parameters": infos}, separators=(",", ":")).encode()
    header = HEADER.pack(
        SIZES_MAGIC, SIZE_BLOCK_VERSION, len(records), len(infos), len(head), session, ordinal
    )
    return header + deflate(head + b"".join(shuffle(each) for each in _to_arrays(records)))


def _to_arrays(records: Sequence[SizeRecord]) -> list[npt.NDArray[Any]]:
    totals = np.stack([each.totals for each in records]).astype(np.int64)
    moments = np.stack([each.moments for each in records]).astype(np.float64)
    return [
        np.array([each.step for each in records], np.int64),
        np.array([each.wall_time for each in records], np.float64),
        np.stack([each.trainable for each in records]).astype(np.uint8),
        np.stack([each.optimized for each in records]).astype(np.int8),
        np.stack([each.rates for each in records]).astype(np.float64),
        np.stack([each.same for each in records]).astype(np.int8),
        *np.moveaxis(totals, -1, 0),
        *np.moveaxis(moments, -1, 0),
    ]


def decode_sizes(data: bytes) -> SizeBlock:
    """Inverse of `encode_sizes`; FormatError for damaged bytes or a newer version."""
    header = _read_header(data)
    stream = inflate(data[HEADER.size :], header.payload_bytes, _damaged(data))
    infos = _read_head(stream[: header.head_bytes], header.parameters)
    payload = Payload(stream[header.head_bytes :])
    rows, width = header.records, header.parameters

    def take(shape: tuple[int, ...], dtype: str) -> npt.NDArray[Any]:
        return payload.take_row(math.prod(shape), dtype).reshape(shape)

    steps, times = take((rows,), "<i8"), take((rows,), "<f8")
    trainable, optimized = take((rows, width), "u1") != 0, take((rows, width), "i1")
    rates = take((rows, width), "<f8")
    cells = (rows, len(SIZED_KINDS), width)
    same = take(cells, "i1")
    totals = np.stack([take(cells, "<i8") for _ in SIZE_TOTALS], axis=-1)
    moments = np.stack([take(cells, "<f8") for _ in SIZE_MOMENTS], axis=-1)
    broken = _find_broken_promise(steps, times, (optimized, same), totals, moments)
    if broken:
        msg = f"A block of sizes of {len(data)} bytes is damaged ({broken}); it is left out."
        raise FormatError(msg)
    records = [
        SizeRecord(int(step), float(time), infos, *columns)
        for step, time, *columns in zip(
            steps, times, totals, moments, same, trainable, optimized, rates, strict=True
        )
    ]
    return SizeBlock(tuple(records), header.session, header.ordinal)


def _read_header(data: bytes) -> _Header:
    if len(data) < HEADER.size or data[:3] != SIZES_MAGIC:
        msg = f"Not a block of sizes: it begins with {data[:8]!r}, not {SIZES_MAGIC!r}."
        raise FormatError(msg)
    _, version, *fields = HEADER.unpack_from(data)
    check_version("block of sizes", version, SIZE_BLOCK_VERSION)
    header = _Header(*fields)
    if not header.good:
        raise FormatError(_damaged(data))
    return header


def _read_head(head: bytes, parameters: int) -> tuple[ParameterInfo, ...]:
    what = "head of a block of sizes"
    infos = read_json_object(head, what).get("parameters")
    if not isinstance(infos, list) or len(infos) != parameters or not all(map(_is_info, infos)):
        raise FormatError(f"The {what} is damaged; the block is left out.")
    return tuple(ParameterInfo(each["name"], tuple(each["shape"]), each["dtype"]) for each in infos)


def _is_info(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and isinstance(value.get("dtype"), str)
        and isinstance(value.get("shape"), list)
        and len(value["shape"]) <= MAX_AXES
        and all(map(is_whole, value["shape"]))
    )


def _find_broken_promise(
    steps: npt.NDArray[Any],
    times: npt.NDArray[Any],
    flags: Sequence[npt.NDArray[Any]],
    totals: npt.NDArray[Any],
    moments: npt.NDArray[Any],
) -> str:
    """What records do not keep of what `SizeRecord` promises; empty when all is kept."""
    if not (np.diff(steps) > 0).all():
        return "its steps do not ascend"
    if not np.isfinite(times).all():
        return "it has a time that is not finite"
    if not all(((each >= -1) & (each <= 1)).all() for each in flags):
        return "it has a flag that there is not"
    n, zeros, non_finite = np.moveaxis(totals, -1, 0)
    known = n != NOT_MEASURED
    counts = np.stack([n, zeros, non_finite, n - non_finite - zeros])[:, known]
    if counts.min(initial=0) < 0 or counts.max(initial=0) > LARGEST:
        return "it has a count out of range"
    low, high = moments[..., 0], moments[..., 1]
    some = known & (n > non_finite)
    bounded = (low <= high) & np.isfinite(low) & np.isfinite(high)
    return "" if bounded[some].all() else "its smallest value lies above its largest"


def _damaged(data: bytes) -> str:
    return f"A block of sizes of {len(data)} bytes is damaged (cut off?); it is left out."

"""The zlib streams in which blocks keep their payloads."""

from __future__ import annotations

import zlib
from typing import Any

from tb_activation_hist.core.errors import FormatError

try:
    from zlib_ng import zlib_ng
except ImportError:
    inflating: Any = zlib
else:
    # A third of zlib's time. Not for compressing, so that files do not depend on what is installed.
    inflating = zlib_ng


def deflate(data: bytes) -> bytes:
    """Compress a payload: shuffled bytes have few repeats, so runs alone are looked for."""
    compressor = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return compressor.compress(data) + compressor.flush()


def inflate(stream: bytes, size: int, damaged: str) -> bytes:
    """The payload, which must have `size` bytes; no more than one byte above is ever held.

    Raises:
        FormatError: With the text `damaged`, for a stream that is no such payload.
    """
    inflater = inflating.decompressobj()
    try:
        # One byte more, so that a longer payload is noticed and the checksum is reached.
        payload: bytes = inflater.decompress(stream, size + 1)
    except inflating.error as err:
        raise FormatError(damaged) from err
    if len(payload) != size or not inflater.eof:
        raise FormatError(damaged)
    return payload

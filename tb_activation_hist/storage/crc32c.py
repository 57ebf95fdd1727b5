"""CRC-32C of event file records, by google-crc32c, or by numpy where that is not compiled.

TensorBoard's own is a Python loop over the bytes: 180 ns each, with the interpreter locked.
google-crc32c takes 0.06 ns. It has no wheels for some platforms, and is missing where the sources
are run without an installation; then numpy takes one look-up per byte, about 3 ns: a CRC is linear
over XOR, so each byte contributes a number that depends only on its value and its distance from
the end; the contributions are looked up and XORed.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

CRC32C_POLYNOMIAL: Final = 0x82F63B78
ONES: Final = 0xFFFFFFFF
SPAN: Final = 256
"""Bytes looked up at once; the table of all their contributions takes 256 KiB.

More would be slower where a training uses the processor's cache too.
"""

Table = npt.NDArray[np.uint32]


@cache
def _byte_table() -> Table:
    """CRC register after one byte, starting from 0."""
    register = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        register = (register >> 1) ^ np.where(
            register & 1, np.uint32(CRC32C_POLYNOMIAL), np.uint32(0)
        )
    return register


@cache
def _span_table() -> Table:
    """(SPAN, 256): what each byte value adds to the register, for each place in a span."""
    first = _byte_table()
    table = np.empty((SPAN, 256), dtype=np.uint32)
    table[-1] = first
    for place in range(SPAN - 2, -1, -1):
        table[place] = (table[place + 1] >> 8) ^ first[table[place + 1] & 255]
    return table


@cache
def _skip_lists() -> list[list[int]]:
    """What each byte of a register becomes when SPAN zero bytes follow, the lowest byte first."""
    return [row.tolist() for row in _span_table()[:4]]


def numpy_crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of `data`."""
    if len(data) < 64:
        return _short_crc32c(data)
    # Zeros in front leave a register that starts at 0 unchanged.
    padding = -len(data) % SPAN
    places = np.zeros(len(data) + padding, dtype=np.intp)
    places[padding:] = np.frombuffer(data, np.uint8)
    places[padding : padding + 4] ^= 255
    spans = places.reshape(-1, SPAN)
    spans += np.arange(0, 256 * SPAN, 256)
    parts = np.bitwise_xor.reduce(_span_table().reshape(-1).take(spans), axis=1)
    low, second, third, high = _skip_lists()
    register = 0
    for part in parts.tolist():
        skipped = low[register & 255] ^ second[register >> 8 & 255]
        register = part ^ skipped ^ third[register >> 16 & 255] ^ high[register >> 24]
    return register ^ ONES


def _short_crc32c(data: bytes) -> int:
    table = _short_table()
    register = ONES
    for byte in data:
        register = (register >> 8) ^ table[(register ^ byte) & 255]
    return register ^ ONES


@cache
def _short_table() -> list[int]:
    table: list[int] = _byte_table().tolist()
    return table


def load_crc32c() -> Callable[[bytes], int]:
    """What computes the CRC-32C (Castagnoli) of bytes here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its own Python code is slow
            library = importlib.import_module("google_crc32c")
    except ImportError:
        return numpy_crc32c
    compiled: Callable[[bytes], int] = library.value
    return compiled if library.implementation == "c" else numpy_crc32c


crc32c: Final = load_crc32c()


def masked_crc32c(data: bytes) -> int:
    """CRC-32C in the rotated form that event files store."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & ONES

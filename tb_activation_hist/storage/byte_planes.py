"""Numbers <-> shuffled bytes: all first bytes of an array, then all second bytes, and so on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import IntArray


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

    def take_row(self, length: int, dtype: str) -> npt.NDArray[Any]:
        """The next array alone."""
        row: npt.NDArray[Any] = self.take(1, length, np.dtype(dtype))[0]
        return row

    def take_wide(self, length: int, width: int) -> npt.NDArray[np.uint64]:
        """The next numbers of `width` bytes each, 0 to 8, as uint64."""
        numbers = np.zeros(length, np.uint64)
        for at, plane in enumerate(self._bytes(width, length)):
            numbers |= plane.astype(np.uint64) << np.uint64(8 * at)
        return numbers

    def _bytes(self, width: int, length: int) -> npt.NDArray[np.uint8]:
        """(width, length) bytes: first bytes of all numbers, second bytes ..."""
        size = width * length
        data = np.frombuffer(self._payload, np.uint8, size, self._offset)
        self._offset += size
        return data.reshape(width, length)


def shuffle(values: npt.NDArray[Any]) -> bytes:
    """The first bytes of all numbers, little-endian, then all second bytes ...."""
    return shuffle_each(values.reshape(1, -1))


def shuffle_each(rows: npt.NDArray[Any]) -> bytes:
    """(A, N): each row shuffled, one row after the other."""
    little = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
    planes: npt.NDArray[np.uint8] = little.view(np.uint8).reshape(*rows.shape, rows.itemsize)
    data: bytes = planes.transpose(0, 2, 1).tobytes()
    return data


def differences(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(..., N): the first number of each row, then each less the one before."""
    changes: npt.NDArray[Any] = values.copy(order="K")
    changes[..., 1:] -= values[..., :-1]
    return changes


def zigzag(changes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...: small numbers of both signs get small codes.

    Both ways the arithmetic is that of unsigned numbers, which wrap; the codes are unsigned.
    """
    signed = changes.view(f"i{changes.itemsize}")
    codes: npt.NDArray[Any] = signed << 1
    codes ^= signed >> (8 * changes.itemsize - 1)
    return codes.view(f"u{changes.itemsize}")


def unzigzag(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Inverse of `zigzag`."""
    signs: npt.NDArray[Any] = codes & 1
    np.negative(signs, out=signs)
    signs ^= codes >> 1
    return signs


def narrow_numbers(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Unsigned numbers in the smallest type that holds them."""
    largest = int(counts.max(initial=0))
    width = next(width for width in (1, 2, 4, 8) if largest < 1 << (8 * width))
    return counts.astype(np.dtype(f"u{width}"), copy=False)


def gather_numbers(
    payloads: Sequence[npt.NDArray[np.uint8]],
    begins: IntArray,
    lengths: IntArray,
    width: int,
    dtype: str,
) -> npt.NDArray[Any]:
    """Shuffled numbers of several payloads, one after the other, as a type that is as wide or more.

    Each payload has `lengths` of them, of `width` bytes, from the byte `begins` on. Bytes are put
    together by shifting, which is faster than transposing them.
    """
    parts = list(zip(payloads, begins.tolist(), lengths.tolist(), strict=True))

    def plane(number: int) -> npt.NDArray[np.uint8]:
        offsets = ((data, begin + number * size, size) for data, begin, size in parts)
        return np.concatenate([data[at : at + size] for data, at, size in offsets])

    numbers: npt.NDArray[Any] = plane(width - 1).astype(dtype)
    for number in range(width - 2, -1, -1):
        numbers <<= 8
        numbers |= plane(number)
    return numbers

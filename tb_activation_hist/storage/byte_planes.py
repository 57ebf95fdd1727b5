"""Numbers as the bytes that blocks hold: differences, small codes, byte after byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def differences(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(..., N): the first number of each row, then each less the one before."""
    changes: npt.NDArray[Any] = values.copy(order="K")
    changes[..., 1:] -= values[..., :-1]
    return changes


def zigzag(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...: small numbers of both signs get small codes.

    Unsigned numbers are taken as differences that have wrapped. The codes are unsigned.
    """
    signed = numbers.view(f"i{numbers.itemsize}")
    codes: npt.NDArray[Any] = signed << 1
    codes ^= signed >> (8 * numbers.itemsize - 1)
    return codes.view(f"u{numbers.itemsize}")


def shuffle(values: npt.NDArray[Any]) -> bytes:
    """The first bytes of all numbers, little-endian, then all second bytes ...."""
    return shuffle_each(values.reshape(1, -1))


def shuffle_each(rows: npt.NDArray[Any]) -> bytes:
    """(A, N): each row shuffled, one row after the other."""
    little = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
    planes: npt.NDArray[np.uint8] = little.view(np.uint8).reshape(*rows.shape, rows.itemsize)
    data: bytes = planes.transpose(0, 2, 1).tobytes()
    return data

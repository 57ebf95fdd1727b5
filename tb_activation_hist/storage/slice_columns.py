"""The columns of a stored block of slices: whole numbers, sizes as whole numbers, and bytes.

`slice_codec` describes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.storage.byte_planes import Payload, differences, shuffle, unzigzag, zigzag

OFFSET_OCTAVES: Final = 1100
"""More than the octaves between 1 and the smallest float64, so that the code of no number is 0."""

WIDTHS: Final = (0, 1, 2, 4, 8)
"""Bytes that a whole number may take."""

NARROW: Final = 2**28
"""Numbers up to here can be packed in 32 bits, also with a prediction's bits behind the point."""

MEMORY: Final = 2
"""A prediction moves 1 / 2**MEMORY of the way to the newest number."""


def pack(columns: Sequence[npt.NDArray[Any]]) -> list[tuple[int, bytes]]:
    """Widths and bytes of (R, K) columns of whole numbers, which may be floats.

    All columns are predicted together: the calls take most of the time for few slices. One without
    anything but zeros, as most totals are, takes no bytes.
    """
    largest = [max(column.max(), -column.min()) for column in columns]
    used = [at for at, size in enumerate(largest) if size > 0]
    packed = [(0, b"")] * len(columns)
    if not used:
        return packed
    # In 32 bits all takes half the time.
    dtype = np.int32 if max(largest) < NARROW else np.int64
    numbers = np.empty((len(columns[0]), len(used), columns[0].shape[1]), dtype)
    for place, at in enumerate(used):
        numbers[:, place] = columns[at]
    residuals = zigzag(_to_residuals(numbers))
    starts = zigzag(differences(numbers[0]))
    for place, at in enumerate(used):
        packed[at] = _pack_column(starts[place], residuals[:, place])
    return packed


def _pack_column(first: npt.NDArray[Any], others: npt.NDArray[Any]) -> tuple[int, bytes]:
    width, wide = _width(first), _width(others)
    return width | wide << 4, _planes(first, width) + _planes(others, wide)


def unpack(payload: Payload, widths: int, shape: tuple[int, int]) -> IntArray:
    records, slices = shape
    numbers = np.empty(shape, np.int64)
    numbers[0] = _take_signed(payload, slices, widths & 15).cumsum()
    others = _take_signed(payload, (records - 1) * slices, widths >> 4)
    _from_residuals(numbers, others.reshape(records - 1, slices))
    return numbers


def _take_signed(payload: Payload, length: int, width: int) -> IntArray:
    return unzigzag(payload.take_wide(length, width)).view(np.int64)


def _to_residuals(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(R - 1, ...): what prediction leaves of all records but the first."""
    residuals = np.empty((len(numbers) - 1, *numbers.shape[1:]), numbers.dtype)
    state = numbers[0] << MEMORY
    for now, left in zip(numbers[1:], residuals, strict=True):
        np.right_shift(state, MEMORY, out=left)
        np.subtract(now, left, out=left)
        state += left
    return residuals


def _from_residuals(numbers: IntArray, residuals: IntArray) -> None:
    """Fill in all records but the first."""
    state = numbers[0] << MEMORY
    for record, residual in enumerate(residuals, 1):
        np.add(residual, state >> MEMORY, out=numbers[record])
        state += residual


def _width(codes: npt.NDArray[Any]) -> int:
    largest = int(codes.max(initial=0))
    return next(width for width in WIDTHS if largest < 1 << (8 * width))


def _planes(codes: npt.NDArray[Any], width: int) -> bytes:
    return shuffle(codes.astype(np.dtype(f"<u{width}"))) if width else b""


def encode_sizes(values: FloatArray, per_octave: int) -> FloatArray:
    """Sign and logarithm of each number, as one whole number that ascends with it.

    0 and what is not finite give 0.
    """
    codes = np.abs(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.log2(codes, out=codes)
        codes += OFFSET_OCTAVES
        codes *= per_octave
    np.rint(codes, out=codes)
    np.copysign(codes, values, out=codes)
    codes[~np.isfinite(codes)] = 0.0
    return codes


def decode_sizes(codes: npt.NDArray[Any], per_octave: int) -> FloatArray:
    largest = np.finfo(np.float64).max
    with np.errstate(over="ignore", under="ignore"):
        sizes = np.exp2(np.abs(codes) / per_octave - OFFSET_OCTAVES)
    return np.where(codes == 0, 0.0, np.sign(codes) * np.minimum(sizes, largest))

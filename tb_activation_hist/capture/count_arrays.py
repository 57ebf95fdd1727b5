"""Counting numpy arrays as tensors on the CPU are counted, without torch.

The C extension reads an array in place, as it reads a tensor. Where it is missing, numpy counts:
bins, counts, totals and extremes are the same, the sums may differ in their last digits.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.capture.count_kernels import load_c_extension
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.float_bits import NEGATIVE, SHIFT
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, CompiledKernel, Scheme
from tb_activation_hist.core.table import TOTALS

DTYPE_CODES: Final = {"float32": 0, "float16": 1, "bfloat16": 2, "float64": 3}
"""What the C extension calls the dtypes that it reads."""

PIECE: Final = 1 << 30
"""Values that are counted at once, so that no int32 slot of the C extension overflows."""


def is_countable_dtype(dtype: np.dtype[Any]) -> bool:
    """Whether an array holds floating-point numbers that float32 or float64 holds exactly.

    Those are float16, float32, float64, and bfloat16 and the 8-bit and smaller floats of ml_dtypes.
    """
    if dtype.kind not in "fV" or not np.can_cast(dtype, np.float64):
        return False
    # ml_dtypes' small integers are of kind V too; they cannot hold a half.
    return bool(np.array(0.5).astype(dtype).astype(np.float64) == 0.5)


def count_array(values: npt.NDArray[Any], scheme: Scheme) -> RecordCounts:
    """One row: the counts of all values. values: any shape, of a countable dtype."""
    flat, repeat = to_flat(values)
    slots, totals = np.zeros(scheme.slots, np.int64), np.zeros(len(TOTALS), np.int64)
    moments = np.array([np.inf, -np.inf, 0.0, 0.0])
    extension = load_c_extension()
    for start in range(0, len(flat), PIECE):
        piece = flat[start : start + PIECE]
        if isinstance(extension, ModuleType) and scheme.kernel is not None:
            _count_with_c(extension, scheme.kernel, piece, (slots, totals, moments))
        else:
            _count_with_numpy(scheme, piece, (slots, totals, moments))
    occupied = np.flatnonzero(slots)
    ends = np.array([0, len(occupied)], np.int64)
    entries = scheme.order_slots(ends, occupied, slots[occupied] * repeat)
    moments[2:] *= repeat
    return RecordCounts(scheme, *entries, totals[None] * repeat, moments[None])


def to_flat(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], int]:
    """(N,) the values in the order in which a tensor's are read, and how often each counts.

    Dense memory is read as it lies, whatever the order of its axes; a broadcast value is read once.
    """
    if values.size == 0:
        return np.zeros(0, np.float32), 1
    held = values[tuple(slice(0, 1) if step == 0 else slice(None) for step in values.strides)]
    flat = held.ravel("K" if _is_dense(held) else "C")
    if flat.dtype.name not in DTYPE_CODES:
        flat = flat.astype(np.float32)
    elif not flat.dtype.isnative:
        flat = flat.astype(flat.dtype.newbyteorder("="))
    return flat, values.size // held.size


def _is_dense(values: npt.NDArray[Any]) -> bool:
    """Whether the values fill a piece of memory, in any order of the axes."""
    next_stride = values.itemsize
    for stride, size in sorted(zip(values.strides, values.shape, strict=True)):
        if size > 1 and stride != next_stride:
            return False
        next_stride *= size
    return True


def _count_with_c(
    module: ModuleType,
    kernel: CompiledKernel,
    values: npt.NDArray[Any],
    into: tuple[IntArray, IntArray, FloatArray],
) -> None:
    slots, totals, moments = into
    row = np.zeros(len(slots), np.int32)
    module.count(
        row.ctypes.data, totals.ctypes.data, moments.ctypes.data,
        values.ctypes.data, len(values), DTYPE_CODES[values.dtype.name], 1, 1, len(slots), *kernel,
    )  # fmt: skip
    slots += row


def _count_with_numpy(
    scheme: Scheme, values: npt.NDArray[Any], into: tuple[IntArray, IntArray, FloatArray]
) -> None:
    slots, totals, moments = into
    own = values if values.dtype == np.float64 else values.astype(np.float32)
    finite = own[np.isfinite(own)]
    tests = own == 0, np.isnan(own), np.isposinf(own), np.isneginf(own)
    totals += np.array([len(own), *(np.count_nonzero(test) for test in tests)])
    if len(finite) == 0:
        return
    slots += np.bincount(_to_slots(finite, scheme), minlength=len(slots))
    wide = finite.astype(np.float64)
    # A zero has no sign, as in the C extension.
    moments[0] = min(moments[0], wide.min() + 0.0)
    moments[1] = max(moments[1], wide.max() + 0.0)
    with np.errstate(over="ignore"):
        moments[2:] += wide.sum(), np.square(wide).sum()


def _to_slots(values: npt.NDArray[Any], scheme: Scheme) -> npt.NDArray[Any]:
    """Slots of finite float32 or float64 values."""
    kernel = scheme.kernel
    if kernel is None:
        bins = scheme.slots_to_bins(np.arange(scheme.slots))
        return np.searchsorted(bins, scheme.values_to_bins(values))
    if kernel == FLOAT_BITS_KERNEL:
        return _to_float_slots(values)
    return _to_linear_slots(values, kernel)


def _to_float_slots(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    with np.errstate(over="ignore", under="ignore"):
        nearest = values.astype(np.float32)
    # Rounded to nearest, then one step back where that went away from zero: truncation.
    away = np.abs(nearest.astype(np.float64)) > np.abs(values)
    bits = nearest.view(np.uint32) - away.astype(np.uint32)
    slots: npt.NDArray[Any] = (bits >> SHIFT).astype(np.int64) & (2 * NEGATIVE - 1)
    return slots


def _to_linear_slots(values: npt.NDArray[Any], kernel: CompiledKernel) -> npt.NDArray[Any]:
    """Slots of torch.histc's bins, with its arithmetic in the values' own precision."""
    lo, hi, bins = (values.dtype.type(each) for each in (kernel.lo, kernel.hi, kernel.bins))
    inside = np.clip(values, lo, hi)
    slots = ((inside - lo) * bins / (hi - lo)).astype(np.int64) + 1
    slots = np.where(values < lo, 0, np.minimum(slots, kernel.bins))
    return np.where(values > hi, kernel.bins + 1, slots)

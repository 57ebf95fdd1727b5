"""Counting on CUDA: one Triton kernel reads the values once, for bins, totals and moments.

No synchronisation with the host and no data-dependent launch, so it can be captured in a CUDA
graph; the switch is read on the device. A slot is counted with a global atomic, which piles up
where many values share a slot: zeros, and the least and greatest slot of a block, are therefore
counted by reduction. That covers collapsed, constant, two-valued and saturated layers.
"""

# Triton's language has its own types, and upper case for what is known at compile time.
# ruff: noqa: ANN001, ANN202, N803, N806, RET505, SIM108

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import torch
import triton
import triton.language as tl

from tb_activation_hist.capture import count_torch
from tb_activation_hist.capture.host_counts import MOMENTS_PER_ROW, ROW_HEAD, TOTALS_PER_ROW
from tb_activation_hist.core.schemes.float_bits import NEGATIVE, SHIFT
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, CompiledKernel

BLOCK: Final = 2048
"""Values of one program and round; 16 for each thread of 4 warps."""

PROGRAMS_PER_PROCESSOR: Final = 8
"""Programs that share a multiprocessor; more would only add atomics at their ends."""

_MOMENTS_BYTES: Final = tl.constexpr(8 * MOMENTS_PER_ROW)
_TOTALS_BYTES: Final = tl.constexpr(8 * TOTALS_PER_ROW)
_HEAD_BYTES: Final = tl.constexpr(ROW_HEAD)
_SHIFT: Final = tl.constexpr(SHIFT)
_NEGATIVE: Final = tl.constexpr(NEGATIVE)


@triton.jit
def _float_keys(values, IS_DOUBLE: tl.constexpr):  # type: ignore[no-untyped-def]
    """Slots, but -1 - slot for negative values: ascending. Doubles are truncated."""
    nearest = values.to(tl.float32)
    bits = nearest.to(tl.int32, bitcast=True)
    if IS_DOUBLE:
        bits -= (tl.abs(nearest.to(tl.float64)) > tl.abs(values)).to(tl.int32)
    magnitude = (bits & 0x7FFFFFFF) >> _SHIFT
    return tl.where(bits < 0, -1 - magnitude, magnitude)


@triton.jit
def _split(values, IS_DOUBLE: tl.constexpr):  # type: ignore[no-untyped-def]
    """Bits without the sign, and whether the sign is set; no arithmetic, so denormals stay."""
    if IS_DOUBLE:
        bits = values.to(tl.int64, bitcast=True)
        return bits & 0x7FFFFFFFFFFFFFFF, bits < 0
    else:
        bits = values.to(tl.int32, bitcast=True)
        return bits & 0x7FFFFFFF, bits < 0


@triton.jit
def _add_some(address, number):  # type: ignore[no-untyped-def]
    tl.atomic_add(address, number, mask=number != 0, sem="relaxed")


@triton.jit
def _linear_keys(  # type: ignore[no-untyped-def]
    values, finite, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr
):
    """Slots of torch.histc's bins, with its arithmetic in the values' own precision."""
    low, high = tl.full((), LO, values.dtype), tl.full((), HI, values.dtype)
    known = tl.where(finite, values, low)
    inside = tl.minimum(tl.maximum(known, low), high)
    scaled = (inside - low) * BINS
    # div_rn exists for float32 only; the plain division of doubles is exactly rounded anyway.
    if values.dtype == tl.float32:
        place = tl.div_rn(scaled, high - low)
    else:
        place = scaled / (high - low)
    key = tl.minimum(place.to(tl.int32) + 1, BINS)
    key = tl.where(known < low, 0, key)
    return tl.where(known > high, BINS + 1, key)


@triton.jit
def _key_to_slot(key, BINS: tl.constexpr):  # type: ignore[no-untyped-def]
    if BINS == 0:
        return tl.where(key < 0, _NEGATIVE - 1 - key, key)
    else:
        return key


@triton.jit
def _add_keys(counts, key, live, repeat, BINS: tl.constexpr):  # type: ignore[no-untyped-def]
    """Add a block's keys: its least and greatest by reduction, those between by atomics."""
    most = tl.max(tl.where(live, key, -2147483648))
    least = tl.min(tl.where(live, key, 2147483647))
    at_most = tl.sum((live & (key == most)).to(tl.int32))
    at_least = tl.where(least == most, 0, tl.sum((live & (key == least)).to(tl.int32)))
    times = repeat.to(tl.int32)
    _add_some(counts + tl.where(at_most > 0, _key_to_slot(most, BINS), 0), at_most * times)
    _add_some(counts + tl.where(at_least > 0, _key_to_slot(least, BINS), 0), at_least * times)
    between = live & (key != most) & (key != least)
    ones = tl.zeros_like(key) + times
    tl.atomic_add(counts + _key_to_slot(key, BINS), ones, mask=between, sem="relaxed")


@triton.jit(do_not_specialize=["n", "row", "rows", "repeat"])
def _count_kernel(  # type: ignore[no-untyped-def]
    values, n, storage, switch, row, rows, repeat, zero_slot, minus_zero_slot,
    SLOTS: tl.constexpr, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr,
    BLOCK: tl.constexpr, IS_DOUBLE: tl.constexpr, IS_BFLOAT: tl.constexpr,
):  # fmt: skip
    if tl.load(switch) == 0:
        return
    WIDE: tl.constexpr = tl.float64 if IS_DOUBLE else tl.float32
    SPECIAL: tl.constexpr = 0x7FF0000000000000 if IS_DOUBLE else 0x7F800000
    counts = storage + (_HEAD_BYTES * rows + 4 * SLOTS * row.to(tl.int64))
    counts = counts.to(tl.pointer_type(tl.int32), bitcast=True)
    zeros = tl.zeros((BLOCK,), tl.int32)
    neg_zeros, nans = tl.zeros((BLOCK,), tl.int32), tl.zeros((BLOCK,), tl.int32)
    pos_infs, neg_infs = tl.zeros((BLOCK,), tl.int32), tl.zeros((BLOCK,), tl.int32)
    least = tl.full((BLOCK,), float("inf"), WIDE)
    most = tl.full((BLOCK,), float("-inf"), WIDE)
    total, total_sq = tl.zeros((BLOCK,), tl.float64), tl.zeros((BLOCK,), tl.float64)
    step = tl.num_programs(0).to(tl.int64) * BLOCK
    start = tl.program_id(0).to(tl.int64) * BLOCK
    while start < n:
        offsets = start + tl.arange(0, BLOCK)
        inside = offsets < n
        if IS_BFLOAT:  # read as int16: the bits of a float32's upper half
            upper = tl.load(values + offsets, mask=inside, other=0).to(tl.int32)
            x = (upper << 16).to(tl.float32, bitcast=True)
        else:
            x = tl.load(values + offsets, mask=inside, other=0.0).to(WIDE)
        magnitude, negative = _split(x, IS_DOUBLE)
        known = inside & (magnitude < SPECIAL)
        zero = inside & (magnitude == 0)
        infinite = magnitude == SPECIAL
        zeros += zero.to(tl.int32)
        neg_zeros += (zero & negative).to(tl.int32)
        nans += (magnitude > SPECIAL).to(tl.int32)
        pos_infs += (infinite & (negative == 0)).to(tl.int32)
        neg_infs += (infinite & negative).to(tl.int32)
        least = tl.minimum(least, tl.where(known, x, float("inf")))
        most = tl.maximum(most, tl.where(known, x, float("-inf")))
        wide = tl.where(known, x, 0.0).to(tl.float64)
        total += wide
        total_sq += wide * wide
        if BINS == 0:
            key = _float_keys(x, IS_DOUBLE)
        else:
            key = _linear_keys(x, known, BINS, LO, HI)
        _add_keys(counts, key, known & (magnitude != 0), repeat, BINS)
        start += step
    at_zero, at_minus_zero = tl.sum(zeros), tl.sum(neg_zeros)
    times = repeat.to(tl.int32)
    _add_some(counts + zero_slot, (at_zero - at_minus_zero) * times)
    _add_some(counts + minus_zero_slot, at_minus_zero * times)
    totals = storage + (_MOMENTS_BYTES * rows + _TOTALS_BYTES * row)
    totals = totals.to(tl.pointer_type(tl.int64), bitcast=True)
    if tl.program_id(0) == 0:
        _add_some(totals, n * repeat.to(tl.int64))
    _add_some(totals + 1, at_zero.to(tl.int64) * repeat)
    _add_some(totals + 2, tl.sum(nans).to(tl.int64) * repeat)
    _add_some(totals + 3, tl.sum(pos_infs).to(tl.int64) * repeat)
    _add_some(totals + 4, tl.sum(neg_infs).to(tl.int64) * repeat)
    moments = storage + _MOMENTS_BYTES * row
    moments = moments.to(tl.pointer_type(tl.float64), bitcast=True)
    tl.atomic_min(moments, tl.min(least).to(tl.float64), sem="relaxed")
    tl.atomic_max(moments + 1, tl.max(most).to(tl.float64), sem="relaxed")
    tl.atomic_add(moments + 2, tl.sum(total) * repeat, sem="relaxed")
    tl.atomic_add(moments + 3, tl.sum(total_sq) * repeat, sem="relaxed")


def count(
    storage: torch.Tensor,
    row: int,
    rows: int,
    values: torch.Tensor,
    kernel: CompiledKernel,
    switch: torch.Tensor,
) -> None:
    """Add `values` to a row of the storage of a `CountBuffer` where the switch is on.

    values: on the storage's device; dense memory is read in place, other memory as contiguous
    pieces. Sums of several programs are added in any order: they may differ in their last bits
    from run to run, counts and totals never do.
    """
    values = values.detach().resolve_neg()
    if values.dtype not in (torch.float32, torch.float16, torch.bfloat16, torch.float64):
        values = values.float()
    dense = count_torch.to_dense(values)
    pieces, repeat = (count_torch.to_pieces(values), 1) if dense is None else ([dense[0]], dense[1])
    for piece in pieces:
        if piece.numel():
            _launch(storage, row, rows, piece, repeat, kernel, switch)


def _launch(
    storage: torch.Tensor,
    row: int,
    rows: int,
    values: torch.Tensor,
    repeat: int,
    kernel: CompiledKernel,
    switch: torch.Tensor,
) -> None:
    is_double = values.dtype is torch.float64
    slots, zero_slot, minus_zero_slot = 2 * NEGATIVE, 0, NEGATIVE
    if kernel != FLOAT_BITS_KERNEL:
        slots = kernel.bins + 2
        zero_slot = minus_zero_slot = _linear_slot_of_zero(kernel, is_double)
    is_bfloat = values.dtype is torch.bfloat16
    if is_bfloat:
        values = values.view(torch.int16)
    programs = min(triton.cdiv(values.numel(), BLOCK), _most_programs(values.device))
    _count_kernel[(programs,)](
        values, values.numel(), storage, switch, row, rows, repeat, zero_slot, minus_zero_slot,
        slots, *kernel, BLOCK, is_double, is_bfloat,
    )  # fmt: skip


@functools.cache
def _most_programs(device: torch.device) -> int:
    if device.type != "cuda":  # Triton's interpreter
        return 2
    processors = torch.cuda.get_device_properties(device).multi_processor_count
    return int(processors) * PROGRAMS_PER_PROCESSOR


@functools.cache
def _linear_slot_of_zero(kernel: CompiledKernel, is_double: bool) -> int:
    """The slot of 0, which the kernel adds by reduction, with the arithmetic of the kernel."""
    if not kernel.lo <= 0 <= kernel.hi:
        return 0 if kernel.lo > 0 else kernel.bins + 1
    real = np.float64 if is_double else np.float32
    lo, hi = real(kernel.lo), real(kernel.hi)
    return min(int((real(0) - lo) * real(kernel.bins) / (hi - lo)) + 1, kernel.bins)

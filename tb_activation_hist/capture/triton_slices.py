"""The Triton kernel of split layers: totals and moments of every slice along a dimension.

A program takes a few slices and, of each, tiles of values in turn; it adds to global memory once a
slice, at its end. Sums are float32 within a tile and exact pairs of float32 beyond; see
`triton_kernel`.
"""

# Triton's language has its own types, and upper case for what is known at compile time.
# ruff: noqa: ANN001, ANN201, N803, N806

from __future__ import annotations

from typing import Final

import triton
import triton.language as tl

from tb_activation_hist.capture.triton_row import add_some
from tb_activation_hist.capture.triton_slots import addresses, split, to_float
from tb_activation_hist.capture.triton_sums import DOWN, LARGE, SMALL, UP, add_exactly
from tb_activation_hist.core.slice_counts import SLICE_TOTALS

_TOTALS: Final = tl.constexpr(len(SLICE_TOTALS))
_MOMENTS: Final = tl.constexpr(4)


@triton.jit(
    do_not_specialize=[
        "n", "capacity", "first", "slices", "stride_slice",
        "size0", "size1", "size2", "stride0", "stride1", "stride2", "stride3",
    ]
)  # fmt: skip
def count_slices(  # type: ignore[no-untyped-def]
    values, n, storage, switch, capacity, first, slices, stride_slice,
    size0, size1, size2, stride0, stride1, stride2, stride3, DIMS: tl.constexpr,
    SLICES: tl.constexpr, VALUES: tl.constexpr, ADJACENT: tl.constexpr, IS_DOUBLE: tl.constexpr,
):  # fmt: skip
    """Add n values of each of `slices` slices. ADJACENT: slices lie side by side, values do not."""
    if tl.load(switch) != 0:
        WIDE: tl.constexpr = tl.float64 if IS_DOUBLE else tl.float32
        SPECIAL: tl.constexpr = 0x7FF0000000000000 if IS_DOUBLE else 0x7F800000
        length = n.to(tl.int64)
        own = tl.program_id(0).to(tl.int64) * SLICES + tl.arange(0, SLICES)
        exists = own < slices
        offset = own if ADJACENT else own * stride_slice
        zeros, unknown = tl.zeros((SLICES,), tl.int32), tl.zeros((SLICES,), tl.int32)
        least = tl.full((SLICES,), float("inf"), WIDE)
        most = tl.full((SLICES,), float("-inf"), WIDE)
        total, total_low = tl.zeros((SLICES,), WIDE), tl.zeros((SLICES,), WIDE)
        squares, squares_low = tl.zeros((SLICES,), WIDE), tl.zeros((SLICES,), WIDE)
        up, up_low = tl.zeros((SLICES,), WIDE), tl.zeros((SLICES,), WIDE)
        large, large_low = tl.zeros((SLICES,), WIDE), tl.zeros((SLICES,), WIDE)
        small, small_low = tl.zeros((SLICES,), WIDE), tl.zeros((SLICES,), WIDE)
        step = tl.num_programs(1).to(tl.int64) * VALUES
        begin = tl.program_id(1).to(tl.int64) * VALUES
        for _ in range(((length - begin + step - 1) // step).to(tl.int32)):
            place = begin + tl.arange(0, VALUES)
            inside = exists[:, None] & (place < length)[None, :]
            address = addresses(
                values, begin, tl.arange(0, VALUES),
                size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
            )  # fmt: skip
            x = to_float(tl.load(address[None, :] + offset[:, None], mask=inside, other=0))
            magnitude, _negative = split(x)
            finite = inside & (magnitude < SPECIAL)
            zeros += tl.sum((finite & (magnitude == 0)).to(tl.int32), 1)
            unknown += tl.sum((magnitude >= SPECIAL).to(tl.int32), 1)
            least = tl.minimum(least, tl.min(tl.where(finite, x, float("inf")), 1))
            most = tl.maximum(most, tl.max(tl.where(finite, x, float("-inf")), 1))
            x = tl.where(finite, x, 0.0)
            if IS_DOUBLE:
                total += tl.sum(x, 1)
                squares += tl.sum(x * x, 1)
            else:
                size = tl.abs(x)
                scaled_down = tl.where(size >= LARGE, x * DOWN, 0.0)
                scaled_up = tl.where(size < SMALL, x * UP, 0.0)
                x_small = tl.where(size >= LARGE, 0.0, x)
                x_mid = tl.where(size < SMALL, 0.0, x_small)
                total, total_low = add_exactly(total, total_low, tl.sum(x_small, 1))
                squares, squares_low = add_exactly(squares, squares_low, tl.sum(x_mid * x_mid, 1))
                up, up_low = add_exactly(up, up_low, tl.sum(scaled_down, 1))
                large, large_low = add_exactly(
                    large, large_low, tl.sum(scaled_down * scaled_down, 1)
                )
                small, small_low = add_exactly(small, small_low, tl.sum(scaled_up * scaled_up, 1))
            begin += step
        wide = total.to(tl.float64) + total_low.to(tl.float64)
        wide += (up.to(tl.float64) + up_low.to(tl.float64)) * UP
        wide_squares = squares.to(tl.float64) + squares_low.to(tl.float64)
        wide_squares += (large.to(tl.float64) + large_low.to(tl.float64)) * UP * UP
        wide_squares += (small.to(tl.float64) + small_low.to(tl.float64)) * DOWN * DOWN
        moments = storage.to(tl.pointer_type(tl.float64), bitcast=True)
        moments += (first + own) * _MOMENTS
        tl.atomic_min(moments, least.to(tl.float64), mask=exists, sem="relaxed")
        tl.atomic_max(moments + 1, most.to(tl.float64), mask=exists, sem="relaxed")
        tl.atomic_add(moments + 2, wide, mask=exists, sem="relaxed")
        tl.atomic_add(moments + 3, wide_squares, mask=exists, sem="relaxed")
        totals = storage.to(tl.pointer_type(tl.int64), bitcast=True)
        totals += capacity.to(tl.int64) * _MOMENTS + (first + own) * _TOTALS
        met = tl.where(exists & (tl.program_id(1) == 0), length, 0)
        add_some(totals, met)
        add_some(totals + 1, zeros.to(tl.int64))
        add_some(totals + 2, unknown.to(tl.int64))

"""What the Triton kernels share: where a tile's values lie, and a value's slot."""

# Triton's language has its own types, and upper case for what is known at compile time.
# ruff: noqa: ANN001, ANN201, ANN202, N803, RET505, SIM108

from __future__ import annotations

from typing import Final

import triton
import triton.language as tl

from tb_activation_hist.core.schemes.float_bits import NEGATIVE, SHIFT

_SHIFT: Final = tl.constexpr(SHIFT)
_SLOT_MASK: Final = tl.constexpr(2 * NEGATIVE - 1)


@triton.jit
def inner(ROWS: tl.constexpr, LANES: tl.constexpr, VECTOR: tl.constexpr):  # type: ignore[no-untyped-def]
    """(rows, lanes, vector): each value's place in its tile. A lane's values are one thread's."""
    row = tl.arange(0, ROWS)[:, None, None] * (LANES * VECTOR)
    lane = tl.arange(0, LANES)[None, :, None] * VECTOR
    return row + lane + tl.arange(0, VECTOR)[None, None, :]


@triton.jit
def addresses(  # type: ignore[no-untyped-def]
    values, begin, inside, size0, size1, size2, stride0, stride1, stride2, stride3,
    DIMS: tl.constexpr,
):  # fmt: skip
    """Addresses of the values begin + inside; dimension 0 is the innermost, DIMS 0 dense."""
    if DIMS == 0:
        return (values + begin) + inside
    else:
        index = begin + inside
        address = values + (index % size0) * stride0
        index = index // size0
        if DIMS == 2:
            return address + index * stride1
        else:
            address += (index % size1) * stride1
            index = index // size1
            if DIMS == 3:
                return address + index * stride2
            else:
                return address + (index % size2) * stride2 + (index // size2) * stride3


@triton.jit
def to_float(raw):  # type: ignore[no-untyped-def]
    """float32, or float64 for doubles. A bfloat16's bits are a float32's upper half: exact."""
    if raw.dtype == tl.bfloat16:
        upper = raw.to(tl.uint16, bitcast=True).to(tl.uint32)
        return (upper << 16).to(tl.float32, bitcast=True)
    elif raw.dtype == tl.float64:
        return raw
    else:
        return raw.to(tl.float32)


@triton.jit
def split(x):  # type: ignore[no-untyped-def]
    """Bits without the sign, and whether the sign is set; no arithmetic, so denormals stay."""
    if x.dtype == tl.float64:
        bits = x.to(tl.int64, bitcast=True)
        return bits & 0x7FFFFFFFFFFFFFFF, bits < 0
    else:
        bits = x.to(tl.int32, bitcast=True)
        return bits & 0x7FFFFFFF, bits < 0


@triton.jit
def _float_slots(x):  # type: ignore[no-untyped-def]
    """The top 13 bits of a float32; doubles are truncated, never rounded up."""
    nearest = x.to(tl.float32)
    bits = nearest.to(tl.int32, bitcast=True)
    if x.dtype == tl.float64:
        bits -= (tl.abs(nearest.to(tl.float64)) > tl.abs(x)).to(tl.int32)
    return (bits >> _SHIFT) & _SLOT_MASK


@triton.jit
def _linear_slots(x, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr):  # type: ignore[no-untyped-def]
    """Slots of torch.histc's bins, with its arithmetic in the values' own precision."""
    low, high = tl.full((), LO, x.dtype), tl.full((), HI, x.dtype)
    known = tl.where(x == x, x, low)
    scaled = (tl.minimum(tl.maximum(known, low), high) - low) * BINS
    # div_rn exists for float32 only; the plain division of doubles is exactly rounded anyway.
    if x.dtype == tl.float32:
        place = tl.div_rn(scaled, high - low)
    else:
        place = scaled / (high - low)
    slot = tl.minimum(place.to(tl.int32) + 1, BINS)
    slot = tl.where(known < low, 0, slot)
    return tl.where(known > high, BINS + 1, slot)


@triton.jit
def slots(x, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr):  # type: ignore[no-untyped-def]
    """A slot of the scheme for every value; any slot for those that are not finite."""
    if BINS == 0:
        return _float_slots(x)
    else:
        return _linear_slots(x, BINS, LO, HI)

"""The Triton kernel of 8-bit floats: it counts the 256 codes; all else follows from those."""

# Triton's language has its own types, and upper case for what is known at compile time.
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806

from __future__ import annotations

from typing import Final, NamedTuple

import triton
import triton.language as tl

from tb_activation_hist.capture.triton_row import add_moments, add_some, add_totals, row_counts
from tb_activation_hist.capture.triton_slots import addresses, inner, slots

_CODES: Final = tl.constexpr(256)
_SIGN: Final = tl.constexpr(128)


class CodeFormat(NamedTuple):
    """An 8-bit float: sign, exponent, `mantissa` bits.

    last: greatest finite code without sign; infinity: the code of +inf, or -1 for none;
    one_nan: whether the only NaN is the code of -0. Else codes beyond `last`, but inf, are NaN.
    """

    mantissa: int
    bias: int
    last: int
    infinity: int
    one_nan: bool


@triton.jit
def _decode(magnitude, MANTISSA: tl.constexpr, BIAS: tl.constexpr):  # type: ignore[no-untyped-def]
    """float32 values of the codes 0 to 127: their bits as a float32's, whose bias is 127."""
    bits = magnitude << (23 - MANTISSA)
    return bits.to(tl.float32, bitcast=True) * (2.0 ** (127 - BIAS))


@triton.jit
def _count_tiles(  # type: ignore[no-untyped-def]
    values, n, size0, size1, size2, stride0, stride1, stride2, stride3, DIMS: tl.constexpr,
    ROWS: tl.constexpr, LANES: tl.constexpr, VECTOR: tl.constexpr,
):  # fmt: skip
    """(256,) how often this program met each code."""
    TILE: tl.constexpr = ROWS * LANES * VECTOR
    program, programs = tl.program_id(0), tl.num_programs(0)
    tiles = (n // TILE).to(tl.int32)
    places = inner(ROWS, LANES, VECTOR)
    table = tl.zeros((_CODES,), tl.int32)
    first, step = program.to(tl.int64) * TILE, programs.to(tl.int64) * TILE
    for tile in range((tiles - program + programs - 1) // programs):
        begin = first + tile * step
        address = addresses(
            values, begin, places, size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
        )  # fmt: skip
        code = tl.load(address).to(tl.int32)
        table += tl.histogram(tl.reshape(code, (TILE,)), _CODES)
    left = (n % TILE).to(tl.int32)
    if (left > 0) & (tiles % programs == program):
        address = addresses(
            values, n - left, places, size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
        )  # fmt: skip
        code = tl.load(address, mask=places < left, other=0).to(tl.int32)
        table += tl.histogram(tl.reshape(code, (TILE,)), _CODES)
        table -= tl.where(tl.arange(0, _CODES) == 0, TILE - left, 0)
    return table


@triton.jit(
    do_not_specialize=[
        "n", "row", "rows", "repeat",
        "size0", "size1", "size2", "stride0", "stride1", "stride2", "stride3",
    ]
)  # fmt: skip
def count_codes(  # type: ignore[no-untyped-def]
    values, n, storage, switch, row, rows, repeat,
    size0, size1, size2, stride0, stride1, stride2, stride3, DIMS: tl.constexpr,
    SLOTS: tl.constexpr, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr,
    ZERO_SLOT: tl.constexpr, MANTISSA: tl.constexpr, BIAS: tl.constexpr, LAST: tl.constexpr,
    INFINITY: tl.constexpr, ONE_NAN: tl.constexpr,
    ROWS: tl.constexpr, LANES: tl.constexpr, VECTOR: tl.constexpr,
):  # fmt: skip
    """Add values, given as uint8, to a row of the storage where the switch is on."""
    if tl.load(switch) != 0:
        table = _count_tiles(
            values, n.to(tl.int64),
            size0, size1, size2, stride0, stride1, stride2, stride3, DIMS, ROWS, LANES, VECTOR,
        )  # fmt: skip
        code = tl.arange(0, _CODES)
        magnitude = code % _SIGN
        x = _decode(magnitude, MANTISSA, BIAS)
        x = tl.where(code < _SIGN, x, -x)
        finite = magnitude <= LAST
        if ONE_NAN:
            finite = finite & (code != _SIGN)
        zero, infinite = finite & (magnitude == 0), (magnitude == INFINITY) & (finite == 0)
        known = tl.where(finite, table, 0)
        slot = tl.where(zero, ZERO_SLOT, slots(x, BINS, LO, HI))
        add_some(row_counts(storage, row, rows, SLOTS) + slot, known * repeat.to(tl.int32))
        nan = (finite == 0) & (infinite == 0)
        add_totals(
            storage, row, rows, repeat, n.to(tl.int64),
            tl.sum(tl.where(zero, table, 0)), tl.sum(tl.where(nan, table, 0)),
            tl.sum(tl.where(infinite & (code < _SIGN), table, 0)),
            tl.sum(tl.where(infinite & (code >= _SIGN), table, 0)),
        )  # fmt: skip
        met, wide = known > 0, tl.where(finite, x, 0.0).to(tl.float64)
        add_moments(
            storage, row, repeat,
            tl.min(tl.where(met, wide, float("inf"))), tl.max(tl.where(met, wide, float("-inf"))),
            tl.sum(wide * known), tl.sum(wide * wide * known),
        )  # fmt: skip

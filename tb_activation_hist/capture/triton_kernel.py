"""The Triton kernel: one launch reads a tensor once, for its bins, totals and moments.

A program takes tiles of the values in turn. Two ways of counting a tile's slots:

- TABLE > 0: all slots of the scheme lie in a table in shared memory (32 KiB for the default
  scheme), which `tl.histogram` fills with one shared-memory addition a value. The program's sum of
  these tables leaves it once, at its end, as one global addition for each occupied slot.
- TABLE == 0, for compilers whose `tl.histogram` costs more with every bin: a window of 127 slots
  of each sign below the tile's greatest is counted in shared memory and leaves it once a tile; the
  few values below the window are added one by one.

Zeros are *parked*: they go to a place of their own, apart from the denormals that share their slot.

Sums are float32: 32 values of a thread one after the other, then exactly into pairs of float32
(`add_exactly`); the pairs are added up as float64 at the end. `MOMENT_ERROR` is the bound.

Two loops read tiles. The first takes whole tiles and assumes that all values are finite and their
squares representable. Its sums show afterwards whether that was so; if not, the second loop counts
the program's tiles again with every check. The second also takes the last, incomplete tile, and
float64 and values with strides. docs/decisions/gpu-kernel.md has the figures.
"""

# Triton's language has its own types, and upper case for what is known at compile time.
# ruff: noqa: ANN001, ANN201, ANN202, N803, N806

from __future__ import annotations

from typing import Final

import triton
import triton.language as tl

from tb_activation_hist.capture.triton_row import add_moments, add_some, add_totals, row_counts
from tb_activation_hist.capture.triton_slots import addresses, inner, slots, split, to_float
from tb_activation_hist.capture.triton_sums import DOWN, LARGE, SMALL, UP, add_exactly
from tb_activation_hist.core.schemes.float_bits import NEGATIVE

_NEGATIVE: Final = tl.constexpr(NEGATIVE)
_MAGNITUDES: Final = tl.constexpr(NEGATIVE - 1)
_WINDOW: Final = tl.constexpr(256)

_MOST_SQUARES: Final = tl.constexpr(2.0**120)
"""The first loop's sum of squares is trusted below this, and its sums with it."""
_LEAST_PEAK: Final = tl.constexpr(2.0**-40)
"""... and from this greatest magnitude on (or 0): smaller squares vanish in a float32."""


@triton.jit
def _lane_sum(x):  # type: ignore[no-untyped-def]
    """(rows, lanes, vector) to (lanes,): a lane's values are one thread's."""
    return tl.sum(tl.sum(x, 2), 0)


@triton.jit
def _lane_min(x):  # type: ignore[no-untyped-def]
    return tl.min(tl.min(x, 2), 0)


@triton.jit
def _lane_max(x):  # type: ignore[no-untyped-def]
    return tl.max(tl.max(x, 2), 0)


@triton.jit
def _add_window(counts, slot, special, live, times, BINS: tl.constexpr):  # type: ignore[no-untyped-def]
    """Add a tile's slots: those in its window from shared memory, those below one by one.

    Returns (256,) counts: of the special values in the places 0, 1, 2 and 3, the others in 4.
    """
    if BINS == 0:
        magnitude, negative = slot & _MAGNITUDES, slot // _NEGATIVE
    else:
        magnitude, negative = slot, slot * 0
    plain = live & (special < 0)
    top = tl.max(tl.where(plain, magnitude, 0))
    place = 2 * (top - magnitude) + negative + 4
    within = plain & (place < _WINDOW - 1)
    place = tl.where(within, place, tl.where(live & (special >= 0), special, _WINDOW - 1))
    window = tl.histogram(place, _WINDOW)
    places = tl.arange(0, _WINDOW)
    home = tl.maximum(top - (places - 4) // 2, 0)
    if BINS == 0:
        home += (places % 2) * _NEGATIVE
    counted = (places >= 4) & (places < _WINDOW - 1)
    add_some(counts + home, tl.where(counted, window, 0) * times)
    ones = tl.zeros_like(slot) + times
    tl.atomic_add(counts + slot, ones, mask=plain & (within == 0), sem="relaxed")
    others = tl.where(places == 4, tl.sum(plain.to(tl.int32)), 0)
    return tl.where(places < 4, window, others)


@triton.jit
def _pair_sum(high, low):  # type: ignore[no-untyped-def]
    return tl.sum(high.to(tl.float64) + low.to(tl.float64))


@triton.jit
def _count_whole_tiles(  # type: ignore[no-untyped-def]
    values, first, step, tiles, size0, size1, size2, stride0, stride1, stride2, stride3,
    DIMS: tl.constexpr, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr,
    TABLE: tl.constexpr, PARKED: tl.constexpr, ZEROS_SHARE: tl.constexpr,
    ROWS: tl.constexpr, LANES: tl.constexpr, VECTOR: tl.constexpr,
):  # fmt: skip
    """The first loop: table and moments of this program's whole tiles, and whether they hold."""
    places = inner(ROWS, LANES, VECTOR)
    least = tl.full((LANES,), float("inf"), tl.float32)
    most = tl.full((LANES,), float("-inf"), tl.float32)
    total, total_low = tl.zeros((LANES,), tl.float32), tl.zeros((LANES,), tl.float32)
    squares, squares_low = tl.zeros((LANES,), tl.float32), tl.zeros((LANES,), tl.float32)
    table = tl.zeros((TABLE,), tl.int32)
    for tile in range(tiles):
        begin = first + tile * step
        address = addresses(
            values, begin, places, size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
        )  # fmt: skip
        x = to_float(tl.load(address))
        slot = slots(x, BINS, LO, HI)
        if ZEROS_SHARE:
            slot = tl.where(x == 0, PARKED, slot)
        table += tl.histogram(tl.reshape(slot, (ROWS * LANES * VECTOR,)), TABLE)
        least, most = tl.minimum(least, _lane_min(x)), tl.maximum(most, _lane_max(x))
        total, total_low = add_exactly(total, total_low, _lane_sum(x))
        squares, squares_low = add_exactly(squares, squares_low, _lane_sum(x * x))
    peak = tl.maximum(tl.max(most), -tl.min(least))
    holds = (tl.sum(squares) < _MOST_SQUARES) & ((peak >= _LEAST_PEAK) | (peak <= 0))
    least, most = tl.where(holds, least, float("inf")), tl.where(holds, most, float("-inf"))
    total, total_low = tl.where(holds, total, 0.0), tl.where(holds, total_low, 0.0)
    squares, squares_low = tl.where(holds, squares, 0.0), tl.where(holds, squares_low, 0.0)
    table = tl.where(holds, table, 0)
    return holds, table, least, most, total, total_low, squares, squares_low


@triton.jit
def _count(  # type: ignore[no-untyped-def]
    values, n, storage, row, rows, repeat,
    size0, size1, size2, stride0, stride1, stride2, stride3, DIMS: tl.constexpr,
    SLOTS: tl.constexpr, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr,
    ZERO_SLOT: tl.constexpr, WINDOW: tl.constexpr, TABLE: tl.constexpr, PARKED: tl.constexpr,
    ZEROS_SHARE: tl.constexpr,
    ROWS: tl.constexpr, PARTS: tl.constexpr, LANES: tl.constexpr, VECTOR: tl.constexpr,
    IS_DOUBLE: tl.constexpr,
):  # fmt: skip
    WIDE: tl.constexpr = tl.float64 if IS_DOUBLE else tl.float32
    SPECIAL: tl.constexpr = 0x7FF0000000000000 if IS_DOUBLE else 0x7F800000
    PART: tl.constexpr = ROWS * LANES * VECTOR // PARTS
    n = n.to(tl.int64)
    program, programs = tl.program_id(0), tl.num_programs(0)
    least = tl.full((LANES,), float("inf"), WIDE)
    most = tl.full((LANES,), float("-inf"), WIDE)
    total, total_low = tl.zeros((LANES,), WIDE), tl.zeros((LANES,), WIDE)
    squares, squares_low = tl.zeros((LANES,), WIDE), tl.zeros((LANES,), WIDE)
    whole_tiles = (n // (PART * PARTS)).to(tl.int32)
    again = (whole_tiles - program + programs - 1) // programs
    first = program.to(tl.int64) * (PART * PARTS)
    step = programs.to(tl.int64) * (PART * PARTS)
    table = tl.zeros((TABLE,), tl.int32)
    if not (WINDOW or (IS_DOUBLE or DIMS > 0)):  # old Tritons take no chain
        holds, table, least, most, total, total_low, squares, squares_low = _count_whole_tiles(
            values, first, step, again,
            size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
            BINS, LO, HI, TABLE, PARKED, ZEROS_SHARE, ROWS, LANES, VECTOR,
        )  # fmt: skip
        again = tl.where(holds, 0, again)

    counts = row_counts(storage, row, rows, SLOTS)
    times = repeat.to(tl.int32)
    places = inner(ROWS // PARTS, LANES, VECTOR)
    up, up_low = tl.zeros((LANES,), WIDE), tl.zeros((LANES,), WIDE)
    large, large_low = tl.zeros((LANES,), WIDE), tl.zeros((LANES,), WIDE)
    small, small_low = tl.zeros((LANES,), WIDE), tl.zeros((LANES,), WIDE)
    tail = n - whole_tiles.to(tl.int64) * (PART * PARTS)
    tail_parts = ((tail + PART - 1) // PART).to(tl.int32)
    skipped = (program + programs - whole_tiles % programs) % programs
    tail_parts = (tail_parts - skipped + programs - 1) // programs
    for part in range(again * PARTS + tail_parts):
        over = part - again * PARTS
        begin = tl.where(
            over < 0,
            first + (part // PARTS) * step + (part % PARTS) * PART,
            n - tail + (skipped + over * programs).to(tl.int64) * PART,
        )
        inside = places < tl.minimum(n - begin, PART).to(tl.int32)
        address = addresses(
            values, begin, places, size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
        )  # fmt: skip
        x = to_float(tl.load(address, mask=inside, other=0.0))
        magnitude, negative = split(x)
        special = tl.where(magnitude > SPECIAL, 1, tl.where(negative, 3, 2))
        special = tl.where(magnitude < SPECIAL, -1, special)
        special = tl.reshape(tl.where(magnitude == 0, 0, special), (PART,))
        slot = tl.reshape(slots(x, BINS, LO, HI), (PART,))
        live = tl.reshape(inside, (PART,))
        if WINDOW:
            table += _add_window(counts, slot, special, live, times, BINS)
        else:
            slot = tl.where(special < 0, slot, PARKED + special)
            table += tl.histogram(slot, TABLE, mask=live)
        finite = inside & (magnitude < SPECIAL)
        least = tl.minimum(least, _lane_min(tl.where(finite, x, float("inf"))))
        most = tl.maximum(most, _lane_max(tl.where(finite, x, float("-inf"))))
        x = tl.where(finite, x, 0.0)
        if IS_DOUBLE:
            total += _lane_sum(x)
            squares += _lane_sum(x * x)
        else:
            size = tl.abs(x)
            scaled_down = tl.where(size >= LARGE, x * DOWN, 0.0)
            scaled_up = tl.where(size < SMALL, x * UP, 0.0)
            x_small = tl.where(size >= LARGE, 0.0, x)
            x_mid = tl.where(size < SMALL, 0.0, x_small)
            total, total_low = add_exactly(total, total_low, _lane_sum(x_small))
            squares, squares_low = add_exactly(squares, squares_low, _lane_sum(x_mid * x_mid))
            up, up_low = add_exactly(up, up_low, _lane_sum(scaled_down))
            large, large_low = add_exactly(large, large_low, _lane_sum(scaled_down * scaled_down))
            small, small_low = add_exactly(small, small_low, _lane_sum(scaled_up * scaled_up))

    bins = tl.arange(0, TABLE)
    parked = bins - PARKED
    if not WINDOW:
        add_some(counts + bins, tl.where((parked >= 0) & (parked < 4), 0, table) * times)
    zeros = tl.sum(tl.where(parked == 0, table, 0))
    add_some(counts + ZERO_SLOT, zeros * times)
    if not ZEROS_SHARE:
        zeros += tl.sum(tl.where(bins % _NEGATIVE == 0, table, 0))
    nans = tl.sum(tl.where(parked == 1, table, 0))
    pos_infs = tl.sum(tl.where(parked == 2, table, 0))
    neg_infs = tl.sum(tl.where(parked == 3, table, 0))
    add_totals(storage, row, rows, repeat, n, zeros, nans, pos_infs, neg_infs)
    sum_all = _pair_sum(total, total_low) + _pair_sum(up, up_low) * UP
    squares_all = _pair_sum(squares, squares_low) + _pair_sum(large, large_low) * UP * UP
    squares_all += _pair_sum(small, small_low) * DOWN * DOWN
    lowest, highest = tl.min(least).to(tl.float64), tl.max(most).to(tl.float64)
    if lowest == highest:  # a constant's moments are exact: its deviation is 0
        sum_all = lowest * (tl.sum(table) - nans - pos_infs - neg_infs)
        squares_all = sum_all * lowest
    add_moments(storage, row, repeat, lowest, highest, sum_all, squares_all)


@triton.jit(
    do_not_specialize=[
        "n", "row", "rows", "repeat",
        "size0", "size1", "size2", "stride0", "stride1", "stride2", "stride3",
    ]
)  # fmt: skip
def count_values(  # type: ignore[no-untyped-def]
    values, n, storage, switch, row, rows, repeat,
    size0, size1, size2, stride0, stride1, stride2, stride3, DIMS: tl.constexpr,
    SLOTS: tl.constexpr, BINS: tl.constexpr, LO: tl.constexpr, HI: tl.constexpr,
    ZERO_SLOT: tl.constexpr, WINDOW: tl.constexpr, TABLE: tl.constexpr, PARKED: tl.constexpr,
    ZEROS_SHARE: tl.constexpr,
    ROWS: tl.constexpr, PARTS: tl.constexpr, LANES: tl.constexpr, VECTOR: tl.constexpr,
    IS_DOUBLE: tl.constexpr,
):  # fmt: skip
    """Add values to a row of the storage where the switch is on."""
    if tl.load(switch) != 0:
        _count(
            values, n, storage, row, rows, repeat,
            size0, size1, size2, stride0, stride1, stride2, stride3, DIMS,
            SLOTS, BINS, LO, HI, ZERO_SLOT, WINDOW, TABLE, PARKED, ZEROS_SHARE,
            ROWS, PARTS, LANES, VECTOR, IS_DOUBLE,
        )  # fmt: skip

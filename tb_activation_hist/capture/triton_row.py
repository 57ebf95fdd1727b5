"""A row of a count buffer's storage, as the Triton kernels add to it."""

# Triton's language has its own types, and upper case for what is known at compile time.
# ruff: noqa: ANN001, ANN201, N803

from __future__ import annotations

from typing import Final

import triton
import triton.language as tl

from tb_activation_hist.capture.host_counts import MOMENTS_PER_ROW, ROW_HEAD, TOTALS_PER_ROW

_MOMENTS_BYTES: Final = tl.constexpr(8 * MOMENTS_PER_ROW)
_TOTALS_BYTES: Final = tl.constexpr(8 * TOTALS_PER_ROW)
_HEAD_BYTES: Final = tl.constexpr(ROW_HEAD)


@triton.jit
def add_some(address, number):  # type: ignore[no-untyped-def]
    """Add what is not 0 to global memory."""
    tl.atomic_add(address, number, mask=number != 0, sem="relaxed")


@triton.jit
def row_counts(storage, row, rows, SLOTS: tl.constexpr):  # type: ignore[no-untyped-def]
    """Address of the row's int32 counts."""
    counts = storage + (_HEAD_BYTES * rows.to(tl.int64) + 4 * SLOTS * row.to(tl.int64))
    return counts.to(tl.pointer_type(tl.int32), bitcast=True)


@triton.jit
def add_totals(storage, row, rows, repeat, n, zeros, nans, pos_infs, neg_infs):  # type: ignore[no-untyped-def]
    """Add to the row's totals: n once for all programs, the rest of each; int64 or int32."""
    times = repeat.to(tl.int64)
    totals = storage + (_MOMENTS_BYTES * rows.to(tl.int64) + _TOTALS_BYTES * row)
    totals = totals.to(tl.pointer_type(tl.int64), bitcast=True)
    if tl.program_id(0) == 0:
        add_some(totals, n * times)
    add_some(totals + 1, zeros * times)
    add_some(totals + 2, nans * times)
    add_some(totals + 3, pos_infs * times)
    add_some(totals + 4, neg_infs * times)


@triton.jit
def add_moments(storage, row, repeat, least, most, total, squares):  # type: ignore[no-untyped-def]
    """Add a program's float64 moments of finite values; inf and -inf where it had none."""
    times = repeat.to(tl.float64)
    moments = (storage + _MOMENTS_BYTES * row).to(tl.pointer_type(tl.float64), bitcast=True)
    tl.atomic_min(moments, least, sem="relaxed")
    tl.atomic_max(moments + 1, most, sem="relaxed")
    tl.atomic_add(moments + 2, total * times, sem="relaxed")
    tl.atomic_add(moments + 3, squares * times, sem="relaxed")

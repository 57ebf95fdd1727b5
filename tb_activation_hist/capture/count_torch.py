"""Counting with torch operations: exact, without host synchronisation, for every device."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from tb_activation_hist.core.schemes.float_bits import NEGATIVE, SHIFT
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, CompiledKernel, Scheme

PIECE: int = 1 << 20
"""Values counted together; bounds the temporary memory to some 40 MB."""

_EXPONENT = 0x7F800000
_EXPONENT_DOUBLE = 0x7FF0000000000000


class Layout(NamedTuple):
    """Where a tensor's values lie: the fewest dimensions that cover them, innermost first.

    sizes, strides: in elements, without the dimensions of stride 0; () for dense memory.
    numel: values in memory; repeat: how often each counts.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    numel: int
    repeat: int


def to_layout(values: torch.Tensor) -> Layout:
    """The layout of `values`, whose order in memory is free: permuted dense memory is dense."""
    if values.is_contiguous():
        return Layout((), (), values.numel(), 1)
    repeat, numel = 1, 1
    joined: list[tuple[int, int]] = []
    for stride, size in sorted(zip(values.stride(), values.shape, strict=True)):
        if stride == 0:
            repeat *= size
            continue
        numel *= size
        if size == 1:
            continue
        if joined and stride == joined[-1][0] * joined[-1][1]:
            joined[-1] = joined[-1][0], joined[-1][1] * size
        else:
            joined.append((stride, size))
    if not joined or (len(joined) == 1 and joined[0][0] == 1):
        return Layout((), (), numel, repeat)
    return Layout(tuple(n for _, n in joined), tuple(k for k, _ in joined), numel, repeat)


def to_dense(values: torch.Tensor) -> tuple[torch.Tensor, int] | None:
    """A flat view of the memory behind `values` and how often each element counts, or None.

    Permuted dense memory (channels_last, transposed) is read in memory order; expanded
    dimensions become a factor. None when the memory has holes or overlaps.
    """
    layout = to_layout(values)
    if layout.sizes:
        return None
    return values.as_strided((layout.numel,), (1,)), layout.repeat


def to_pieces(values: torch.Tensor, limit: int = PIECE) -> Iterator[torch.Tensor]:
    """Contiguous flat copies of parts of `values`, each of at most `limit` elements."""
    if values.numel() <= limit:
        yield values.contiguous().view(-1)
        return
    longest = max(range(values.dim()), key=lambda d: values.stride(d) * (values.shape[d] > 1))
    if values.shape[longest] == 1:
        longest = max(range(values.dim()), key=lambda d: values.shape[d])
    half = values.shape[longest] // 2
    yield from to_pieces(values.narrow(longest, 0, half), limit)
    yield from to_pieces(values.narrow(longest, half, values.shape[longest] - half), limit)


def count(
    row: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    values: torch.Tensor,
    scheme: Scheme,
    switch: torch.Tensor | None = None,
) -> None:
    """Add `values` to a row: counts (slots,) int32, totals (5,) int64, moments (4,) float64.

    switch: one uint8 on the same device, 0 to add nothing; None always adds.
    """
    dense = to_dense(values)
    pieces, repeat = (to_pieces(values), 1) if dense is None else (dense[0].split(PIECE), dense[1])
    for piece in pieces:
        if piece.numel():
            _count_piece(row, piece, scheme, repeat, switch)


def _count_piece(
    row: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    values: torch.Tensor,
    scheme: Scheme,
    repeat: int,
    switch: torch.Tensor | None,
) -> None:
    counts, totals, moments = row
    if values.dtype is not torch.float64:
        values = values.float()
    times = torch.full((1,), repeat, dtype=torch.int64, device=values.device)
    if switch is not None:
        times = times * switch
    magnitude, negative, finite = _split(values)
    slots = _to_slots(values, finite, scheme)
    # Non-finite values add 0: the linear scheme has no slot for them.
    counts.index_add_(0, slots, (times * finite).to(torch.int32))
    special = _EXPONENT if values.dtype is torch.float32 else _EXPONENT_DOUBLE
    infinite = magnitude == special
    found = torch.stack(
        [
            torch.full_like(times[0], values.numel()),
            (magnitude == 0).sum(),
            (magnitude > special).sum(),
            (infinite & ~negative).sum(),
            (infinite & negative).sum(),
        ]
    )
    totals.add_(found * times)
    _add_moments(moments, values, finite, times)


def _split(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Bits without the sign, whether the sign is set, whether the value is finite."""
    single = values.dtype is torch.float32
    bits = values.view(torch.int32 if single else torch.int64)
    magnitude = bits & (0x7FFFFFFF if single else 0x7FFFFFFFFFFFFFFF)
    return magnitude, bits < 0, magnitude < (_EXPONENT if single else _EXPONENT_DOUBLE)


def _to_slots(values: torch.Tensor, finite: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    """Slots of float32 or float64 values; any slot for those that are not finite."""
    kernel = scheme.kernel
    if kernel is None:
        boundaries = slot_boundaries(scheme, values.device)
        return torch.bucketize(values.double(), boundaries, right=True, out_int32=True)
    if kernel == FLOAT_BITS_KERNEL:
        return _to_float_slots(values)
    return _to_linear_slots(values, finite, kernel)


@functools.lru_cache(maxsize=64)
def slot_boundaries(scheme: Scheme, device: torch.device) -> torch.Tensor:
    """(slots - 1,) float64: the least value of each slot but the first.

    A CUDA graph cannot be captured while this is made: ask once before.
    """
    bins = scheme.slots_to_bins(np.arange(1, scheme.slots))
    edges = scheme.lower_edges(bins)
    below = scheme.values_to_bins(edges) < bins  # where the bin before holds the edge
    return torch.from_numpy(np.where(below, np.nextafter(edges, np.inf), edges)).to(device)


def _to_float_slots(values: torch.Tensor) -> torch.Tensor:
    if values.dtype is torch.float32:
        bits = values.view(torch.int32)
    else:
        # Rounded to nearest, then one step back where that went away from zero: truncation.
        nearest = values.float()
        bits = nearest.view(torch.int32) - (nearest.double().abs() > values.abs()).to(torch.int32)
    return (bits >> SHIFT) & (2 * NEGATIVE - 1)


def _to_linear_slots(
    values: torch.Tensor, finite: torch.Tensor, kernel: CompiledKernel
) -> torch.Tensor:
    """Slots of torch.histc's bins, with its arithmetic in the value's own precision."""
    lo, hi = (
        torch.full((), v, dtype=values.dtype, device=values.device) for v in (kernel.lo, kernel.hi)
    )
    known = torch.where(finite, values, lo)
    inside = torch.minimum(torch.maximum(known, lo), hi)
    slots = ((inside - lo) * kernel.bins / (hi - lo)).to(torch.int32) + 1
    slots = slots.clamp(max=kernel.bins)
    slots = torch.where(known < lo, 0, slots)
    return torch.where(known > hi, kernel.bins + 1, slots)


def _add_moments(
    moments: torch.Tensor, values: torch.Tensor, finite: torch.Tensor, times: torch.Tensor
) -> None:
    wide = torch.where(finite, values, 0).double()
    on = times[0] > 0
    least = torch.where(finite & on, values, torch.inf).amin().double()
    most = torch.where(finite & on, values, -torch.inf).amax().double()
    moments[0].copy_(torch.minimum(moments[0], least))
    moments[1].copy_(torch.maximum(moments[1], most))
    moments[2:].add_(torch.stack([wide.sum(), (wide * wide).sum()]) * times)

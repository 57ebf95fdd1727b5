"""Counting on devices without float64 (MPS, some XPU): only the counts leave the device.

Bins are counted in an int32 table on the device. Totals and moments of each piece of values are a
few numbers, which stay there until the record is taken; the host adds them up in float64. A piece
has at most `count_torch.PIECE` values, whose sum is taken in float32: its relative error is that of
a tree of additions, about 1e-6 of the sum of magnitudes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tb_activation_hist.capture import count_torch
from tb_activation_hist.core.schemes.scheme import Scheme

MAX_PIECES: Final = 4096
"""Pieces whose numbers wait on the device; more are fetched before the record is taken."""


def has_float64(device: torch.device) -> bool:
    """Whether the device computes in float64: MPS never does, some of Intel's GPUs do not."""
    if device.type == "xpu":
        return bool(getattr(torch.xpu.get_device_properties(device), "has_fp64", True))
    return device.type != "mps"


class Piece(NamedTuple):
    """A row's share of one piece of values, on the device."""

    row: int
    repeat: int
    totals: Tensor
    """(5,) int64: n, zeros, nans, pos_infs, neg_infs."""
    moments: Tensor
    """(5,) float32: min, max, sum and sum of squares as parts of the greatest magnitude, it."""


class SingleCounts:
    """What was counted on one device since the last `pour`."""

    def __init__(self, rows: int, scheme: Scheme) -> None:
        self._shape = (rows, scheme.slots)
        self._scheme = scheme
        self._counts: Tensor | None = None
        self._pieces: list[Piece] = []

    @property
    def full(self) -> bool:
        """Whether the numbers should be fetched now."""
        return len(self._pieces) >= MAX_PIECES

    def count(self, row: int, values: Tensor) -> None:
        """Add values of the device to a row; no operation waits for it or uses float64."""
        dense = count_torch.to_dense(values)
        flat = count_torch.to_pieces(values) if dense is None else dense[0].split(count_torch.PIECE)
        for piece in flat:
            if piece.numel():
                self._count_piece(row, piece.float(), 1 if dense is None else dense[1])

    def _count_piece(self, row: int, values: Tensor, repeat: int) -> None:
        magnitude = values.view(torch.int32) & 0x7FFFFFFF
        finite = magnitude < 0x7F800000
        infinite, negative = magnitude == 0x7F800000, values.view(torch.int32) < 0
        totals = torch.stack(
            [
                torch.full_like(finite[0], values.numel(), dtype=torch.int64),
                (magnitude == 0).sum(),
                (magnitude > 0x7F800000).sum(),
                (infinite & ~negative).sum(),
                (infinite & negative).sum(),
            ]
        )
        moments = _take_moments(values, finite)
        slots = count_torch._to_slots(values, finite, self._scheme)
        if self._counts is None:
            self._counts = torch.zeros(self._shape, dtype=torch.int32, device=values.device)
        # Last, so that nothing is counted where an operation is missing.
        self._counts[row].index_add_(0, slots, (repeat * finite).to(torch.int32))
        self._pieces.append(Piece(row, repeat, totals, moments))

    def pour(self, counts: Tensor, totals: Tensor, moments: Tensor) -> None:
        """Add everything to a storage's views on the host, and be empty; waits for the device."""
        if self._counts is None:
            return
        counts.add_(self._counts.cpu())
        self._counts.zero_()
        pieces, self._pieces = self._pieces, []
        found_totals = torch.stack([piece.totals for piece in pieces]).cpu()
        found = torch.stack([piece.moments for piece in pieces]).cpu().double()
        repeats = torch.tensor([[piece.repeat] for piece in pieces])
        rows = torch.tensor([piece.row for piece in pieces])
        totals.index_add_(0, rows, found_totals * repeats)
        size = found[:, 4:]
        sums = torch.cat([found[:, 2:3] * size, found[:, 3:4] * size * size], dim=1)
        moments[:, 2:].index_add_(0, rows, sums * repeats)
        kept = moments.numpy()
        np.minimum.at(kept[:, 0], rows.numpy(), found[:, 0].numpy())
        np.maximum.at(kept[:, 1], rows.numpy(), found[:, 1].numpy())


def _take_moments(values: Tensor, finite: Tensor) -> Tensor:
    """(5,) float32, see `Piece`; sums relative to the greatest magnitude, so none overflows."""
    known = torch.where(finite, values, 0.0)
    size = known.abs().amax()
    parts = known / torch.where(size > 0, size, 1.0)
    return torch.stack(
        [
            torch.where(finite, values, torch.inf).amin(),
            torch.where(finite, values, -torch.inf).amax(),
            parts.sum(),
            parts.square().sum(),
            size,
        ]
    )

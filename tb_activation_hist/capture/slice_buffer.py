"""Totals and moments of slices on one device, in one piece of memory, and their way to the host.

The memory of C slices is `moments` (C, 4) float64, then `totals` (C, 3) int64: 56 bytes each.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from tb_activation_hist.capture import torch_internals
from tb_activation_hist.capture.host_counts import MOMENTS_PER_ROW, FreeList, empty_moments_
from tb_activation_hist.capture.single_counts import has_float64
from tb_activation_hist.capture.stream_order import mark_stream
from tb_activation_hist.core.slice_counts import SLICE_TOTALS, LayerSlices

SLICE_BYTES: Final = 8 * (MOMENTS_PER_ROW + len(SLICE_TOTALS))


class SliceBuffer:
    """Room for `capacity` slices on one device.

    Values of a device that has no float64 (`has_float64`) are counted on the host.
    """

    def __init__(self, capacity: int, device: torch.device | str = "cpu") -> None:
        self.capacity = capacity
        self.device = torch.device(device)
        home = self.device if has_float64(self.device) else torch.device("cpu")
        self.on_host = home.type == "cpu"
        self._size = capacity * SLICE_BYTES
        self._free = FreeList(capacity, pinned=home.type == "cuda")
        if self.on_host:
            self.storage = self._free.take(self._size)
        else:
            with torch.inference_mode(False):
                self.storage = torch.zeros(self._size, dtype=torch.uint8, device=home)
            empty_moments_(self.storage, capacity)
        if home.type == "cuda":
            torch_internals.mark_static(self.storage)

    def to_host(self) -> HostSlices:
        """Hand over what was counted and leave the buffer empty; on CUDA without waiting for it."""
        with torch.no_grad():
            if self.on_host:
                filled, self.storage = self.storage, self._free.take(self._size)
                return HostSlices(filled, self.capacity, None, self._free)
            host = self._free.take(self._size)
            on_cuda = self.device.type == "cuda"
            host.copy_(self.storage, non_blocking=on_cuda)
            event = mark_stream(self.device) if on_cuda else None
            empty_moments_(self.storage.zero_(), self.capacity)
            return HostSlices(host, self.capacity, event, self._free)


class HostSlices:
    """What one buffer counted for a record, on its way to the host."""

    def __init__(
        self, storage: Tensor, capacity: int, event: torch.cuda.Event | None, free: FreeList
    ) -> None:
        self._storage = storage
        self._capacity = capacity
        self._event = event
        self._free = free

    def wait(self) -> LayerSlices:
        """Block until the copy has arrived: views of all slices, good until `give_back`."""
        if self._event is not None:
            self._event.synchronize()
        data = self._storage.numpy()
        end = 8 * MOMENTS_PER_ROW * self._capacity
        moments = data[:end].view(np.float64).reshape(self._capacity, MOMENTS_PER_ROW)
        totals = data[end:].view(np.int64).reshape(self._capacity, len(SLICE_TOTALS))
        return LayerSlices(totals, moments)

    def give_back(self) -> None:
        """Let the memory serve again; the views of `wait` lose their values."""
        self._free.give(self._storage)


def slice_views(storage: Tensor, capacity: int) -> tuple[Tensor, Tensor]:
    """totals (C, 3) int64 and moments (C, 4) float64 of a storage."""
    end = 8 * MOMENTS_PER_ROW * capacity
    return (
        storage[end:].view(torch.int64).view(capacity, len(SLICE_TOTALS)),
        storage[:end].view(torch.float64).view(capacity, MOMENTS_PER_ROW),
    )

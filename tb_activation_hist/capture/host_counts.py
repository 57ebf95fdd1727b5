"""A count buffer's memory on the host: its layout, its arrays, what is in it, and its reuse."""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from tb_activation_hist.capture.count_kernels import c_extension
from tb_activation_hist.core import table
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, Scheme

MAX_FREE: Final = 4
"""Host storages nobody reads any more that a buffer keeps for its next records."""

TOTALS_PER_ROW: Final = len(table.TOTALS)
MOMENTS_PER_ROW: Final = len(table.MOMENTS)
ROW_HEAD: Final = 8 * (TOTALS_PER_ROW + MOMENTS_PER_ROW)
"""Bytes of a row beside its counts."""


def place_row(row: int, rows: int, slots: int) -> tuple[int, int, int]:
    """Where the counts, totals and moments of a row begin in a storage, in bytes."""
    return (
        ROW_HEAD * rows + 4 * slots * row,
        8 * (MOMENTS_PER_ROW * rows + TOTALS_PER_ROW * row),
        8 * MOMENTS_PER_ROW * row,
    )


class HostCounts:
    """What one count buffer counted for a record, on its way to the host.

    `counts` (rows, slots) int32, `totals` (rows, 5) int64 [n, zeros, nans, pos_infs, neg_infs] and
    `moments` (rows, 4) float64 [min, max, sum, sum_sq] are numpy views, which wait for the copy.
    Slots of non-finite values hold nothing of meaning. The memory serves again for a later record
    once this object and every view taken from it are gone; what `wait` returns is a copy.
    """

    def __init__(
        self,
        storage: torch.Tensor,
        rows: int,
        scheme: Scheme,
        event: torch.cuda.Event | None = None,
        free: FreeList | None = None,
    ) -> None:
        self.rows = rows
        self.scheme = scheme
        self._event = event
        self._storage = storage.numpy()
        if free is not None:
            # All views have this one array as their base, so its end is the end of them all.
            weakref.finalize(self._storage, free.give, storage).atexit = False

    def wait(self) -> RecordCounts:
        """Block until the copy from the device has arrived, and take the counts out of it.

        The GIL is free while the rows are searched for occupied slots.
        """
        bins = occupied_bins(self.counts, self.scheme)
        return RecordCounts(self.scheme, *bins, self.totals.copy(), self.moments.copy())

    @property
    def counts(self) -> npt.NDArray[np.int32]:
        """(rows, slots)."""
        flat = self._arrived()[ROW_HEAD * self.rows :].view(np.int32)
        return flat.reshape(self.rows, self.scheme.slots)

    @property
    def totals(self) -> npt.NDArray[np.int64]:
        """(rows, 5): n, zeros, nans, pos_infs, neg_infs."""
        ends = 8 * MOMENTS_PER_ROW * self.rows, ROW_HEAD * self.rows
        return self._arrived()[slice(*ends)].view(np.int64).reshape(self.rows, TOTALS_PER_ROW)

    @property
    def moments(self) -> npt.NDArray[np.float64]:
        """(rows, 4): min, max, sum, sum of squares of the finite values."""
        end = 8 * MOMENTS_PER_ROW * self.rows
        return self._arrived()[:end].view(np.float64).reshape(self.rows, MOMENTS_PER_ROW)

    def _arrived(self) -> npt.NDArray[np.uint8]:
        """The storage, once the copy from the device is complete; at once on the CPU."""
        if self._event is not None:
            self._event.synchronize()
            self._event = None
        return self._storage


def occupied_bins(
    counts: npt.NDArray[np.int32], scheme: Scheme
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Offsets (rows + 1,), bins and counts of the slots of (rows, slots) that hold a count.

    Row r's are ``bins[offsets[r]:offsets[r + 1]]``, ascending, without those of non-finite values.
    """
    float_bits = scheme.kernel == FLOAT_BITS_KERNEL
    module = c_extension()
    if module is None or counts.dtype != np.int32 or not counts.flags.c_contiguous:
        return scheme.order_slots(*_occupied_numpy(counts, float_bits))
    listed = module.occupied(counts.ctypes.data, *counts.shape, float_bits)
    offsets, places, found = (np.frombuffer(each, np.int64) for each in listed)
    # The extension has ordered the default scheme's already, in a tenth of the time.
    return (offsets, places, found) if float_bits else scheme.order_slots(offsets, places, found)


def _occupied_numpy(
    counts: npt.NDArray[np.int32], float_bits: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    present = counts != 0
    if float_bits:
        present[:, 4080:4096] = present[:, 8176:] = False
    rows, slots = np.nonzero(present)
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(present.sum(axis=1), out=offsets[1:])
    return offsets, slots.astype(np.int32), counts[rows, slots].astype(np.int64)


class FreeList:
    """Host storages that nobody reads any more, emptied.

    Without a lock: `give` runs wherever the last array of a record ends, even inside `take`.
    """

    def __init__(self, rows: int, *, pinned: bool) -> None:
        self._rows = rows
        self._pinned = pinned
        self._storages: deque[torch.Tensor] = deque()

    def take(self, size: int) -> torch.Tensor:
        """An empty storage of `size` bytes, new when none is free."""
        with contextlib.suppress(IndexError):
            return self._storages.pop()
        with torch.inference_mode(False):
            storage = torch.zeros(size, dtype=torch.uint8, device="cpu", pin_memory=self._pinned)
        return empty_moments_(storage, self._rows)

    def give(self, storage: torch.Tensor) -> None:
        """Empty a storage and keep it, unless enough are kept."""
        if len(self._storages) >= MAX_FREE:
            return
        if not self._pinned:  # a copy from the device overwrites all of it anyway
            empty_moments_(storage.zero_(), self._rows)
        self._storages.append(storage)


def views(storage: torch.Tensor, rows: int, slots: int) -> tuple[torch.Tensor, ...]:
    """counts, totals and moments of a storage laid out as moments, totals, counts."""
    middle, end = 8 * MOMENTS_PER_ROW * rows, ROW_HEAD * rows
    return (
        storage[end:].view(torch.int32).view(rows, slots),
        storage[middle:end].view(torch.int64).view(rows, TOTALS_PER_ROW),
        storage[:middle].view(torch.float64).view(rows, MOMENTS_PER_ROW),
    )


def empty_moments_(storage: torch.Tensor, rows: int) -> torch.Tensor:
    """Set min and max of all rows to those of no values; the rest must be zero already."""
    moments = storage[: 8 * MOMENTS_PER_ROW * rows].view(torch.float64).view(rows, MOMENTS_PER_ROW)
    moments[:, 0] = torch.inf
    moments[:, 1] = -torch.inf
    return storage

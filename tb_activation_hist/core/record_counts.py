"""The occupied bins of one record: what stays of a count buffer's rows. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.core.schemes.float_bits import NEGATIVE, OUTERMOST
from tb_activation_hist.core.schemes.scheme import FLOAT_BITS_KERNEL, Scheme

OFFSET = OUTERMOST
"""Column of the zero bin when all finite bins of `FloatBits` stand side by side."""


@dataclass(frozen=True)
class OccupiedBins:
    """Bins with a count, row after row; row r's are ``bins[offsets[r]:offsets[r + 1]]``.

    offsets (rows + 1,); bins (E,) signed numbers, ascending within a row; counts (E,).
    """

    scheme: Scheme
    offsets: IntArray
    bins: IntArray
    counts: IntArray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, number: int) -> tuple[IntArray, IntArray]:
        """Bins and counts of one row."""
        part = slice(self.offsets[number], self.offsets[number + 1])
        return self.bins[part], self.counts[part]

    def first(self, rows: int) -> OccupiedBins:
        """The first so many rows."""
        offsets = self.offsets[: rows + 1]
        entries = slice(0, offsets[-1])
        return OccupiedBins(self.scheme, offsets, self.bins[entries], self.counts[entries])

    @property
    def rows(self) -> IntArray:
        """(E,) row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def host_to_occupied(host: Any, scheme: Scheme) -> OccupiedBins:
    """The occupied bins of a record's host counts, after ``host.wait()``.

    Both zero slots become one bin; slots of non-finite values are left out.
    """
    if hasattr(host, "occupied"):
        offsets, slots, counts = host.occupied()
        return slots_to_occupied(scheme, offsets, slots, counts)
    return counts_to_occupied(scheme, host.counts)


def counts_to_occupied(scheme: Scheme, counts: npt.NDArray[Any]) -> OccupiedBins:
    """From whole rows of slots, (rows, scheme.slots)."""
    first = 0
    if scheme.kernel == FLOAT_BITS_KERNEL:
        first, counts = -OFFSET, _slots_in_value_order(counts)
    else:
        first = int(scheme.slots_to_bins(0))
    present = np.flatnonzero(counts)
    rows, columns = np.divmod(present, counts.shape[1])
    offsets = np.searchsorted(rows, np.arange(len(counts) + 1))
    found = counts.reshape(-1)[present].astype(np.int64)
    return OccupiedBins(scheme, offsets.astype(np.int64), columns + first, found)


def _slots_in_value_order(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Finite slots from the most negative to the largest, the two zero slots added up."""
    ordered = np.empty((len(counts), 2 * OFFSET + 1), dtype=np.int64)
    ordered[:, :OFFSET] = counts[:, NEGATIVE + OFFSET : NEGATIVE : -1]
    ordered[:, OFFSET] = counts[:, 0]
    ordered[:, OFFSET] += counts[:, NEGATIVE]
    ordered[:, OFFSET + 1 :] = counts[:, 1 : OFFSET + 1]
    return ordered


def slots_to_occupied(
    scheme: Scheme,
    offsets: npt.NDArray[Any],
    slots: npt.NDArray[Any],
    counts: npt.NDArray[Any],
) -> OccupiedBins:
    """From the occupied finite slots, ascending within each row."""
    return OccupiedBins(
        scheme, *scheme.order_slots(offsets, slots, counts.astype(np.int64, copy=False))
    )

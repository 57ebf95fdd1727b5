"""The counts of one record: the type that capture, ranks, writers and statistics share. numpy only.

A record's counts are still on their way from the device when a step ends, so what capture hands
over is a `PendingCounts`; the thread that stores the record waits for the `RecordCounts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.slice_counts import RecordSlices, join_slices
from tb_activation_hist.core.table import MOMENTS, TOTALS


class PendingCounts(Protocol):
    """Counts that may not have arrived yet."""

    def wait(self) -> RecordCounts:
        """Block until the counts have arrived; not on the thread that trains."""


class RecordMemory(NamedTuple):
    """Where the arrays of a record lie, for a C extension: addresses, and the entries' offsets."""

    offsets: list[int]
    bins: int
    counts: int
    totals: int
    moments: int


@dataclass(frozen=True, eq=False)
class RecordCounts:
    """Counts of a record, one row for each layer. No array may be written to.

    Only bins that hold a count are kept, row after row: those of row r are
    ``bins[offsets[r]:offsets[r + 1]]``, ascending, with as many `counts`.
    """

    scheme: Scheme
    offsets: IntArray
    """(rows + 1,)"""
    bins: IntArray
    """(E,) signed bin numbers."""
    counts: IntArray
    """(E,) counts of finite values, none of them 0."""
    totals: IntArray
    """(rows, 5): n, zeros, nans, pos_infs, neg_infs; n counts all values, also those in no bin."""
    moments: FloatArray
    """(rows, 4): min, max, sum, sum of squares of the finite values; min > max without any."""
    slices: RecordSlices | None = None
    """Those of the layers that are split; None if none is."""

    def __len__(self) -> int:
        return len(self.totals)

    def wait(self) -> RecordCounts:
        """Return this object: its counts have arrived."""
        return self

    @property
    def n(self) -> IntArray:
        """(rows,) number of values."""
        return self.totals[:, 0]

    @property
    def finite(self) -> IntArray:
        """(rows,) number of finite values."""
        finite: IntArray = self.n - self.totals[:, 2:].sum(axis=1)
        return finite

    @property
    def entry_rows(self) -> IntArray:
        """(E,) the row of each bin."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def memory(self) -> RecordMemory | None:
        """None if an array is not as this class promises, or its numbers do not lie in turn."""
        whole, real = np.dtype(np.int64), np.dtype(np.float64)
        arrays = (self.bins, self.counts, self.totals, self.moments)
        fit = all(
            each.dtype == dtype and each.flags.c_contiguous and each.flags.aligned
            for each, dtype in zip(arrays, (whole, whole, whole, real), strict=True)
        )
        rows, offsets = len(self), self.offsets.tolist()
        sizes = self.totals.shape == (rows, len(TOTALS)) and self.moments.shape == (
            rows,
            len(MOMENTS),
        )
        ascending = len(offsets) == rows + 1 and offsets == sorted(offsets) and offsets[0] == 0
        whole_rows = ascending and offsets[-1] == len(self.bins) == len(self.counts)
        if not (fit and sizes and whole_rows):
            return None
        return RecordMemory(offsets, *(each.ctypes.data for each in arrays))

    def bins_of(self, row: int) -> tuple[IntArray, IntArray]:
        """The bins of one row and their counts."""
        entries = slice(self.offsets[row], self.offsets[row + 1])
        return self.bins[entries], self.counts[entries]

    def first(self, rows: int) -> RecordCounts:
        """The first `rows` rows, without copying."""
        offsets = self.offsets[: rows + 1]
        entries = slice(0, offsets[-1])
        return RecordCounts(
            self.scheme, offsets, self.bins[entries], self.counts[entries],
            self.totals[:rows], self.moments[:rows],
            None if self.slices is None else self.slices.first(rows),
        )  # fmt: skip

    def select(self, rows: Sequence[int]) -> RecordCounts:
        """These rows, in this order."""
        chosen = np.array(rows, np.int64)
        lengths = np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        entries = np.arange(offsets[-1]) + np.repeat(
            self.offsets[:-1][chosen] - offsets[:-1], lengths
        )
        return RecordCounts(
            self.scheme, offsets, self.bins[entries], self.counts[entries],
            self.totals[chosen], self.moments[chosen],
            None if self.slices is None else self.slices.select(rows),
        )  # fmt: skip


def join_counts(
    scheme: Scheme, parts: Sequence[tuple[Sequence[int], RecordCounts]]
) -> RecordCounts:
    """The counts of several devices or ranks added up, exactly.

    parts: pairs of targets and counts; row i of the counts is added to row ``targets[i]`` of the
    result, and rows beyond the targets are left out.
    """
    used = [(np.array(targets, np.int64), part.first(len(targets))) for targets, part in parts]
    targets_in_turn = [row for targets, _ in used for row in targets.tolist()]
    if used and targets_in_turn == list(range(len(targets_in_turn))):
        return used[0][1] if len(used) == 1 else _append_counts(scheme, used)
    rows = 1 + max((int(targets.max()) for targets, _ in used if len(targets)), default=-1)
    totals = np.zeros((rows, len(TOTALS)), np.int64)
    moments = np.zeros((rows, len(MOMENTS)))
    moments[:, :2] = np.inf, -np.inf
    for targets, part in used:
        np.add.at(totals, targets, part.totals)
        np.minimum.at(moments[:, 0], targets, part.moments[:, 0])
        np.maximum.at(moments[:, 1], targets, part.moments[:, 1])
        np.add.at(moments[:, 2:], targets, part.moments[:, 2:])
    slices = _join_slices(used, rows)
    return RecordCounts(scheme, *_join_entries(used, rows), totals, moments, slices)


def _append_counts(scheme: Scheme, parts: Sequence[tuple[IntArray, RecordCounts]]) -> RecordCounts:
    """The rows of all parts, one after the other."""
    offsets, end = [np.zeros(1, np.int64)], 0
    for _, part in parts:
        offsets.append(part.offsets[1:] + end)
        end += len(part.bins)

    def append(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(part, name) for _, part in parts])

    rows = sum(len(targets) for targets, _ in parts)
    return RecordCounts(
        scheme, np.concatenate(offsets), append("bins"), append("counts"), append("totals"),
        append("moments"), _join_slices(parts, rows),
    )  # fmt: skip


def with_slices(counts: RecordCounts, slices: RecordSlices) -> RecordCounts:
    """The same counts with the slices of split layers."""
    return replace(counts, slices=slices)


def _join_slices(parts: Sequence[tuple[IntArray, RecordCounts]], rows: int) -> RecordSlices | None:
    split = [(to.tolist(), each.slices) for to, each in parts if each.slices is not None]
    if not split:
        return None
    return join_slices(
        [(to[row], own) for to, slices in split for row, own in slices.of_rows(len(to))], rows
    )


def _join_entries(
    parts: Sequence[tuple[IntArray, RecordCounts]], rows: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Offsets, bins and counts of all parts together."""
    nothing = np.zeros(0, np.int64)
    # One number that sorts by row, then by bin; bins may be negative, but are smaller than 2**31.
    keys = [(targets[part.entry_rows] << 32) + part.bins for targets, part in parts]
    joined, position = np.unique(np.concatenate([nothing, *keys]), return_inverse=True)
    counts = np.zeros(len(joined), np.int64)
    np.add.at(counts, position, np.concatenate([nothing, *(part.counts for _, part in parts)]))
    row = (joined + 2**31) >> 32
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int64)
    return offsets, joined - (row << 32), counts

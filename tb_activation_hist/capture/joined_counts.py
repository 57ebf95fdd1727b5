"""One record's counts on their way to the host, from one or several count buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tb_activation_hist.capture.slice_rows import PendingSlices
from tb_activation_hist.core.record_counts import (
    PendingCounts,
    RecordCounts,
    join_counts,
    with_slices,
)
from tb_activation_hist.core.schemes.scheme import Scheme


class BufferPart(NamedTuple):
    """What one buffer holds of a record: its row i belongs to the record's row ``targets[i]``."""

    targets: tuple[int, ...]
    counts: PendingCounts


class JoinedCounts:
    """The sum of several parts.

    The memory of the buffers serves again as soon as their copies have arrived and been read.
    """

    def __init__(
        self, scheme: Scheme, parts: Sequence[BufferPart], slices: PendingSlices | None = None
    ) -> None:
        self._scheme = scheme
        self._parts = tuple(parts)
        self._slices = slices
        self._counts: RecordCounts | None = None

    def wait(self) -> RecordCounts:
        """Block until all copies have arrived; the work is done once."""
        if self._counts is None:
            parts = [(targets, counts.wait()) for targets, counts in self._parts]
            counts = join_counts(self._scheme, parts)
            if self._slices is not None:
                counts = with_slices(counts, self._slices.wait(len(counts)))
            self._counts, self._parts, self._slices = counts, (), None
        return self._counts

    def select(self, rows: Sequence[int]) -> SelectedCounts:
        """These rows, in this order, without waiting for them."""
        return SelectedCounts(self, tuple(rows))


class SelectedCounts(NamedTuple):
    """Some rows of counts on their way."""

    source: PendingCounts
    rows: tuple[int, ...]

    def wait(self) -> RecordCounts:
        """Block until the counts have arrived."""
        return self.source.wait().select(self.rows)

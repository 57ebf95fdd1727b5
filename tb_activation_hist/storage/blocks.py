"""Collects the records of one tag until they make a stored block."""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.registry import MAX_SLOTS
from tb_activation_hist.core.table import MOMENTS, TOTALS
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.block_payload import load_payload
from tb_activation_hist.storage.codec import BLOCK_RECORDS, close_block, encode_block

MAX_STEP: Final = 2**63 - 1
"""Largest step that event files and blocks can hold."""

_PACKED: Final = struct.Struct("=qdqqqqq")


class BlockBuilder:
    """Records of one tag that are not in a block yet, at most `limit`.

    session: a number that identifies this writer; limit: 1 to 32.
    """

    def __init__(self, info: LayerInfo, session: int, limit: int = BLOCK_RECORDS) -> None:
        self.info = info
        self._session = session
        self._limit = limit
        self._ordinal = 0
        self._clear()

    def _clear(self) -> None:
        self._steps: list[int] = []
        self._wall_times: list[float] = []
        self._records: list[tuple[RecordCounts, int]] = []

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def full(self) -> bool:
        """Whether no further record fits."""
        return len(self) >= self._limit

    @property
    def first_step(self) -> int:
        """Step of the first record; TensorBoard gets it as the block's step."""
        return self._steps[0]

    @property
    def last_step(self) -> int:
        """Step of the last record; a later one must be larger."""
        return self._steps[-1]

    @property
    def last_wall_time(self) -> float:
        """Wall time of the last record, in seconds since 1970."""
        return self._wall_times[-1]

    def add(self, step: int, wall_time: float, counts: RecordCounts, row: int) -> None:
        """One record: a row of its counts. Nothing is added where any of it is unfit."""
        numbers = operator.index(step), float(wall_time)
        if counts.memory is None:
            counts = _copy_row(counts, row)
            row = 0
        self._steps.append(numbers[0])
        self._wall_times.append(numbers[1])
        self._records.append((counts, row))

    def take(self) -> bytes:
        """The records so far as the bytes of one block; the builder is empty afterwards."""
        lay_out = load_payload()
        if lay_out is None:
            data = encode_block(self._to_series(), self._session, self._ordinal)
        else:
            payload, bins, width, count_width = lay_out(b"".join(self._pack_records()))
            sizes = len(self), bins, width, count_width
            data = close_block(payload, sizes, self._session, self._ordinal)
        self._ordinal += len(self)
        self._clear()
        return data

    def _pack_records(self) -> Iterator[bytes]:
        """What the C extension takes of each record, see `_block.c`."""
        for step, wall_time, (counts, row) in zip(
            self._steps, self._wall_times, self._records, strict=True
        ):
            memory = counts.memory
            assert memory is not None
            start, end = memory.offsets[row], memory.offsets[row + 1]
            yield _PACKED.pack(
                step, wall_time, memory.bins + 8 * start, memory.counts + 8 * start, end - start,
                memory.totals + 8 * len(TOTALS) * row, memory.moments + 8 * len(MOMENTS) * row,
            )  # fmt: skip

    def _to_series(self) -> HistogramSeries:
        bins, table = _to_table(
            *zip(*(each.bins_of(row) for each, row in self._records), strict=True)
        )
        totals = np.stack([each.totals[row] for each, row in self._records], axis=1)
        moments = np.stack([each.moments[row] for each, row in self._records], axis=1)
        return HistogramSeries(
            Tallies(
                np.array(self._steps, np.int64),
                np.array(self._wall_times, np.float64),
                *totals,
                *moments,
            ),
            bins,
            table,
            self.info.scheme,
            self.info.key,
        )


def _copy_row(counts: RecordCounts, row: int) -> RecordCounts:
    """A record of this row alone, whose arrays are as promised; ValueError if they cannot be."""
    bins, bin_counts = counts.bins_of(row)
    if len(bins) != len(bin_counts):
        msg = f"A record has {len(bins)} bins and {len(bin_counts)} counts."
        raise ValueError(msg)
    return RecordCounts(
        counts.scheme,
        np.array([0, len(bins)], np.int64),
        np.array(bins, np.int64),
        np.array(bin_counts, np.int64),
        np.array(counts.totals[row], np.int64).reshape(1, len(TOTALS)),
        np.array(counts.moments[row], np.float64).reshape(1, len(MOMENTS)),
    )


def _to_table(
    bins: Sequence[IntArray], counts: Sequence[IntArray]
) -> tuple[IntArray, npt.NDArray[Any]]:
    """The K distinct bins of R records, ascending, and (R, K) counts.

    Like ``np.unique``, by marking: the numbers lie close together.
    """
    every, found = np.concatenate(bins), np.concatenate(counts)
    # Converted first: numpy writes to places three times as fast where the types are the same.
    narrow = found.astype(np.uint64 if found.max(initial=0) >= 2**32 else np.uint32)
    low = every.min(initial=MAX_SLOTS)
    places = every - low
    present = np.zeros(places.max(initial=-1) + 1, dtype=np.bool_)
    present[places] = True
    unique, columns = np.flatnonzero(present), np.cumsum(present)
    columns -= 1
    table = np.zeros((len(bins), len(unique)), narrow.dtype)
    starts = np.arange(len(bins)) * len(unique)
    cells = np.repeat(starts, [len(each) for each in bins]) + columns[places]
    table.reshape(-1)[cells] = narrow
    return unique + low, table


def check_step(step: Any) -> None:
    """Event files and blocks hold whole numbers of 64 bits."""
    if not -MAX_STEP <= operator.index(step) <= MAX_STEP:
        msg = f"A step must lie within 64 bits, but got {step}."
        raise ValueError(msg)

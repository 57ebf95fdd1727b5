"""Collects the records of one tag until they make a stored block."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.record_counts import RecordCounts
from tb_activation_hist.core.schemes.registry import MAX_SLOTS
from tb_activation_hist.core.table import MOMENTS, TOTALS
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.codec import BLOCK_RECORDS, encode_block

MAX_STEP: Final = 2**63 - 1
"""Largest step that event files and blocks can hold."""


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
        self._bins: list[IntArray] = []
        self._counts: list[IntArray] = []
        self._totals: list[IntArray] = []
        self._moments: list[FloatArray] = []

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
        bins, bin_counts = counts.bins_of(row)
        if len(bins) != len(bin_counts):
            msg = f"A record has {len(bins)} bins and {len(bin_counts)} counts."
            raise ValueError(msg)
        numbers = operator.index(step), float(wall_time)
        totals = np.asarray(counts.totals[row], np.int64).reshape(len(TOTALS))
        moments = np.asarray(counts.moments[row], np.float64).reshape(len(MOMENTS))
        self._steps.append(numbers[0])
        self._wall_times.append(numbers[1])
        self._bins.append(bins)
        self._counts.append(bin_counts)
        self._totals.append(totals)
        self._moments.append(moments)

    def take(self) -> bytes:
        """The records so far as the bytes of one block; the builder is empty afterwards."""
        data = encode_block(self._to_series(), self._session, self._ordinal)
        self._ordinal += len(self)
        self._clear()
        return data

    def _to_series(self) -> HistogramSeries:
        bins, table = _to_table(self._bins, self._counts)
        totals, moments = np.stack(self._totals, axis=1), np.stack(self._moments, axis=1)
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

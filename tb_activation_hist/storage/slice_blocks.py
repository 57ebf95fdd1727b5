"""Collects the slices of one split layer until they make a stored block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.slice_counts import LayerSlices
from tb_activation_hist.core.slice_series import SliceSeries, SliceTallies, concatenate_slices
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.slice_codec import (
    MAX_CELLS,
    MAX_RECORDS,
    STEPS_PER_OCTAVE,
    encode_slices,
    read_precision,
)


class SliceBlockBuilder:
    """Records of one split layer that are not in a block yet.

    session: a number that identifies this writer; limit: records of a block, 1 to 32; exact:
    whether moments are stored unrounded.
    """

    def __init__(
        self, info: LayerInfo, session: int, limit: int = MAX_RECORDS, *, exact: bool = False
    ) -> None:
        self.info = info
        self._session = session
        self._limit = limit
        self._exact = exact
        self._ordinal = 0
        self._precisions: Sequence[int] = STEPS_PER_OCTAVE
        self._records: list[SliceSeries] = []

    def __len__(self) -> int:
        return len(self._records)

    @property
    def first_step(self) -> int:
        """Step of the first record; TensorBoard gets it as the block's step."""
        return int(self._records[0].steps[0])

    @property
    def last_step(self) -> int:
        """Step of the last record; a later one must be larger."""
        return int(self._records[-1].steps[0])

    @property
    def last_wall_time(self) -> float:
        """Wall time of the last record, in seconds since 1970."""
        return float(self._records[-1].wall_times[0])

    def fits(self, slices: int) -> bool:
        """Whether one more record of this many slices fits."""
        widest = max([slices, *(each.slices for each in self._records)])
        return len(self) < self._limit and (len(self) + 1) * widest <= MAX_CELLS

    def add(self, step: int, wall_time: float, slices: LayerSlices) -> None:
        """One record, which must fit."""
        self._records.append(
            slices_to_series(step, wall_time, slices, self.info, exact=self._exact)
        )

    def take(self) -> bytes:
        """The records so far as the bytes of one block; the builder is empty afterwards."""
        series = concatenate_slices(self._records)
        data = encode_slices(series, self._session, self._ordinal, self._precisions)
        # A layer that was too noisy for a precision once is not tried with it again.
        self._precisions = [p for p in self._precisions if p <= read_precision(data)] or [0]
        self._ordinal += len(self)
        self._records.clear()
        return data


class SliceBuilders:
    """The blocks under way of all split layers; `store` takes a builder that is full."""

    def __init__(self, options: WriterOptions, store: Callable[[SliceBlockBuilder], None]) -> None:
        self._options = options
        self._store = store
        self._builders: dict[str, SliceBlockBuilder] = {}

    def add(
        self, info: LayerInfo, slices: LayerSlices, step: int, wall_time: float, session: int
    ) -> None:
        """Take in one layer's slices of a record."""
        limit, exact = self._options.block_records, self._options.split_exact
        builder = self._builders.get(info.tag)
        if builder is None:
            builder = SliceBlockBuilder(info, session, limit, exact=exact)
            self._builders[info.tag] = builder
        # TensorBoard drops what follows a step that goes back, so such steps start a block.
        back = len(builder) > 0 and step <= builder.last_step
        if back or not builder.fits(len(slices.totals)):
            self._store(builder)
        builder.add(step, wall_time, slices)

    @property
    def begun(self) -> list[SliceBlockBuilder]:
        """Those with records that are in no block yet."""
        return [each for each in self._builders.values() if len(each)]


def slices_to_series(
    step: int, wall_time: float, slices: LayerSlices, info: LayerInfo, *, exact: bool = True
) -> SliceSeries:
    """A series of one record."""
    tallies = SliceTallies(
        np.array([step], np.int64),
        np.array([wall_time], np.float64),
        *(column[None] for column in slices.totals.T),
        *(column[None] for column in slices.moments.T),
    )
    return SliceSeries(tallies, info.key, info.split, exact)

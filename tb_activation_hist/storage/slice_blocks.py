"""Collects the slices of one split layer until they make a stored block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.slice_counts import SLICE_TOTALS, LayerSlices
from tb_activation_hist.core.slice_series import SliceSeries, SliceTallies
from tb_activation_hist.core.table import MOMENTS
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
        self._clear()

    def _clear(self) -> None:
        self._steps: list[int] = []
        self._wall_times: list[float] = []
        self._slices: list[LayerSlices] = []
        self._widest = 0

    def __len__(self) -> int:
        return len(self._steps)

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

    def fits(self, slices: int) -> bool:
        """Whether one more record of this many slices fits."""
        widest = max(slices, self._widest)
        return len(self) < self._limit and (len(self) + 1) * widest <= MAX_CELLS

    def add(self, step: int, wall_time: float, slices: LayerSlices) -> None:
        """One record, which must fit."""
        self._steps.append(step)
        self._wall_times.append(wall_time)
        self._slices.append(slices)
        self._widest = max(self._widest, len(slices.totals))

    def take(self) -> bytes:
        """The records so far as the bytes of one block; the builder is empty afterwards."""
        series = slices_to_series(
            self._steps, self._wall_times, self._slices, self.info, exact=self._exact
        )
        data = encode_slices(series, self._session, self._ordinal, self._precisions)
        # A layer that was too noisy for a precision once is not tried with it again.
        self._precisions = [p for p in self._precisions if p <= read_precision(data)] or [0]
        self._ordinal += len(self)
        self._clear()
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
    steps: Sequence[int],
    wall_times: Sequence[float],
    slices: Sequence[LayerSlices],
    info: LayerInfo,
    *,
    exact: bool = True,
) -> SliceSeries:
    """A series of one or more records, as wide as the widest of them."""
    widest = max(len(each.totals) for each in slices)
    totals = np.zeros((len(SLICE_TOTALS), len(slices), widest), np.int64)
    moments = np.empty((len(MOMENTS), len(slices), widest))
    moments[0], moments[1], moments[2:] = np.inf, -np.inf, 0.0
    for record, own in enumerate(slices):
        totals[:, record, : len(own.totals)] = own.totals.T
        moments[:, record, : len(own.totals)] = own.moments.T
    times = np.array(steps, np.int64), np.array(wall_times, np.float64)
    return SliceSeries(SliceTallies(*times, *totals, *moments), info.key, info.split, exact)

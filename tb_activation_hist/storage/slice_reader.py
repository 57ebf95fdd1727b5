"""The slices of a split layer, from their blocks: joined like the layer's histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.sessions import SessionPart, join_sessions
from tb_activation_hist.core.slice_series import SliceSeries, concatenate_slices
from tb_activation_hist.core.tallies import Tallies
from tb_activation_hist.storage.slice_codec import SliceBlock, decode_slices


def attach_slices(
    series: HistogramSeries, info: LayerInfo, blocks: Sequence[bytes]
) -> HistogramSeries:
    """The same series with its slices, where there are any.

    FormatError for damaged blocks or those of a newer version.
    """
    decoded = [decode_slices(data, info.key, info.split) for data in blocks]
    return replace(series, slices=join_slice_blocks(decoded)) if decoded else series


def join_slice_blocks(blocks: Sequence[SliceBlock]) -> SliceSeries:
    """The records that count, by ascending step, as `join_sessions` has it for histograms."""
    whole = concatenate_slices([block.series for block in blocks])
    firsts = np.cumsum([0, *(len(block.series) for block in blocks)])
    parts = [
        SessionPart(_number_records(block.series, int(first)), block.session, block.ordinal)
        for block, first in zip(blocks, firsts, strict=False)
    ]
    return whole.take(join_sessions(parts).series.n)


def _number_records(series: SliceSeries, first: int) -> HistogramSeries:
    """A series without bins whose n is the number of each record."""
    numbers = np.arange(first, first + len(series))
    zeros, reals = np.zeros(len(series), np.int64), np.zeros(len(series))
    columns: Any = (numbers, *(zeros,) * 4, *(reals,) * 4)
    tallies = Tallies(series.steps, series.wall_times, *columns)
    counts = np.zeros((len(series), 0), np.uint32)
    return HistogramSeries(tallies, np.zeros(0, np.int64), counts)

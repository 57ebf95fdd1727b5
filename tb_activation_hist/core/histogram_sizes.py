"""Sizes of parameters from their histograms, where the kinds themselves were recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import (
    CHANGED,
    SAME,
    SIZED_KINDS,
    UNKNOWN,
    FlagArray,
    ParameterHistory,
    ParameterInfo,
    ParameterSizes,
    SizeSeries,
)
from tb_activation_hist.core.table import MOMENTS, TOTALS

FIELD_OF_KIND: Final = dict(zip(SIZED_KINDS, ("weights", "gradients", "updates"), strict=True))


def with_histograms(
    sizes: ParameterSizes, layers: Iterable[tuple[LayerInfo, HistogramSeries]]
) -> ParameterSizes:
    """The sizes of a run, and those of the kinds of which histograms were recorded.

    layers: all series of the run. Histograms have every record, so they take the place of sizes
    that were measured at the same steps.
    """
    found = dict(sizes)
    own = [each for each in layers if each[0].kind in SIZED_KINDS and each[0].phase == "train"]
    for info, series in sorted(own, key=lambda each: each[0].order):
        known = found.get(info.layer)
        if known is None:
            known = ParameterHistory(ParameterInfo(info.layer, info.shape, info.dtype))
        name = FIELD_OF_KIND[info.kind]
        joined: Any = {name: _join(getattr(known, name), histogram_to_sizes(series))}
        found[info.layer] = replace(known, **joined)
    return ParameterSizes(found)


def histogram_to_sizes(series: HistogramSeries) -> SizeSeries:
    """The sizes of a series. Two records are the same when counts, extremes and sums all are."""
    tallies = series.tallies
    non_finite = tallies.nans + tallies.pos_infs + tallies.neg_infs
    columns: list[Any] = [tallies.steps, tallies.n, tallies.zeros, non_finite]
    columns += [getattr(tallies, name) for name in MOMENTS]
    columns.append(_same(series))
    return SizeSeries(*columns)


def _same(series: HistogramSeries) -> FlagArray:
    columns = [getattr(series.tallies, name) for name in (*TOTALS, *MOMENTS)]
    equal = np.all([each[1:] == each[:-1] for each in columns], axis=0)
    equal &= np.all(series.bin_counts[1:] == series.bin_counts[:-1], axis=1)
    flags = np.where(equal, SAME, CHANGED).astype(np.int8)
    return np.concatenate([np.full(min(len(series), 1), UNKNOWN, np.int8), flags])


def _join(sizes: SizeSeries, counted: SizeSeries) -> SizeSeries:
    """Both by ascending step; of one step that which was counted."""
    rest = sizes.take(~np.isin(sizes.steps, counted.steps))
    if not len(rest):
        return counted
    names = [each.name for each in fields(SizeSeries)]
    both = SizeSeries(
        *(np.concatenate([getattr(rest, name), getattr(counted, name)]) for name in names)
    )
    return both.take(np.argsort(both.steps, kind="stable"))

"""Histogram series made straight from values, independent of the counting kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.joining import join_series
from tb_activation_hist.core.schemes.float_bits import FloatBits
from tb_activation_hist.core.schemes.scheme import Scheme
from tb_activation_hist.core.tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Sequence


def values_to_series(
    records: Sequence[npt.NDArray[Any]],
    *,
    steps: Sequence[int] | None = None,
    scheme: Scheme | None = None,
    layer: str = "",
) -> HistogramSeries:
    """One record per array of values; steps count from 0 unless given."""
    numbers = range(len(records)) if steps is None else steps
    grid = scheme or FloatBits()
    parts = [_record(np.ravel(v), s, grid, layer) for v, s in zip(records, numbers, strict=True)]
    return join_series(parts)


def _record(values: npt.NDArray[Any], step: int, scheme: Scheme, layer: str) -> HistogramSeries:
    finite = values[np.isfinite(values)].astype(np.float64)
    with np.errstate(over="ignore"):
        sum_sq = np.sum(finite**2)
    bins, counts = np.unique(scheme.values_to_bins(finite), return_counts=True)
    tallies = Tallies(
        steps=np.array([step], dtype=np.int64),
        wall_times=np.array([1.7e9 + step]),
        n=np.array([values.size]),
        zeros=np.array([np.sum(values == 0)]),
        nans=np.array([np.sum(np.isnan(values))]),
        pos_infs=np.array([np.sum(np.isposinf(values))]),
        neg_infs=np.array([np.sum(np.isneginf(values))]),
        min=np.array([finite.min(initial=np.inf)]),
        max=np.array([finite.max(initial=-np.inf)]),
        sum=np.array([finite.sum()]),
        sum_sq=np.array([sum_sq]),
    )
    return HistogramSeries(tallies, bins, counts[None].astype(np.uint32), scheme, layer)

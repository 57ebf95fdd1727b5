"""Slices of split layers made straight from values, independent of the counting kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.slice_counts import LayerSlices
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.storage.slice_blocks import slices_to_series

INFO = LayerInfo("fc", split=-1, type="ReLU")


def values_to_slices(values: npt.ArrayLike) -> LayerSlices:
    """(V, K) values of K slices."""
    table = np.asarray(values, np.float64)
    finite = np.isfinite(table)
    known = np.where(finite, table, 0.0)
    totals = [np.full(table.shape[1], len(table)), (table == 0).sum(0), (~finite).sum(0)]
    low = np.where(finite, table, np.inf).min(axis=0, initial=np.inf)
    high = np.where(finite, table, -np.inf).max(axis=0, initial=-np.inf)
    moments = [low, high, known.sum(0), (known**2).sum(0)]
    return LayerSlices(np.stack(totals, axis=1).astype(np.int64), np.stack(moments, axis=1))


def make_slices(
    records: Sequence[npt.ArrayLike], *, exact: bool = False, first: int = 1
) -> SliceSeries:
    """A series of records (V, K), at steps from `first` on."""
    steps = range(first, first + len(records))
    slices = [values_to_slices(values) for values in records]
    return slices_to_series(steps, [1.7e9 + step for step in steps], slices, INFO, exact=exact)

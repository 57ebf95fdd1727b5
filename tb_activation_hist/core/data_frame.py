"""A series as a pandas data frame: a row for each record, or for each record and occupied bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from tb_activation_hist.core.errors import MissingDependencyError, OptionError
from tb_activation_hist.core.format_loss import format_columns
from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.table import BIN_COLUMNS, QUANTILES, RECORD_COLUMNS
from tb_activation_hist.core.update_ratio import update_columns
from tb_activation_hist.core.value_sizes import BinnedSeries

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from tb_activation_hist.core.number_formats import NumberFormat

Columns = dict[str, npt.NDArray[Any]]


class TableSeries(BinnedSeries, Protocol):
    """What of a `HistogramSeries` is read here."""

    @property
    def steps(self) -> IntArray: ...

    @property
    def wall_times(self) -> FloatArray: ...

    @property
    def lower(self) -> FloatArray: ...

    @property
    def upper(self) -> FloatArray: ...

    @property
    def update_ratio(self) -> FloatArray: ...

    def quantile(self, q: float | Sequence[float]) -> FloatArray: ...


def series_to_dataframe(
    series: TableSeries,
    *,
    counts: bool,
    number_formats: Sequence[NumberFormat],
    scale: float,
) -> pd.DataFrame:
    """See `HistogramSeries.to_dataframe`."""
    try:
        import pandas as pd
    except ImportError as err:
        msg = "to_dataframe needs pandas: pip install 'tb-activation-hist[pandas]'"
        raise MissingDependencyError(msg) from err
    if not counts:
        ratios = update_columns(series.layer, series.update_ratio)
        formats_lost = format_columns(series, number_formats, scale)
        return pd.DataFrame(_record_columns(series) | ratios | formats_lost)
    if number_formats:
        msg = (
            "number_formats adds columns to records and cannot be combined with "
            f"counts=True; leave that out for {tuple(number_formats)}."
        )
        raise OptionError(msg)
    return pd.DataFrame(_bin_columns(series))


def _record_columns(series: TableSeries) -> Columns:
    """The columns of `table.RECORD_COLUMNS`."""
    quantiles = dict(zip(QUANTILES, series.quantile([*QUANTILES.values()]).T, strict=True))
    columns = {"step": series.steps, "wall_time": series.wall_times} | quantiles
    return {
        name: columns[name] if name in columns else getattr(series, name) for name in RECORD_COLUMNS
    }


def _bin_columns(series: TableSeries) -> Columns:
    """The columns of `table.BIN_COLUMNS`."""
    row, column = np.nonzero(series.bin_counts)
    columns = {
        "step": series.steps[row],
        "wall_time": series.wall_times[row],
        "lower": series.lower[column],
        "upper": series.upper[column],
        "count": series.bin_counts[row, column].astype(np.int64),
    }
    return {name: columns[name] for name in BIN_COLUMNS}

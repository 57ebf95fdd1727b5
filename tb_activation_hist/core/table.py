"""The columns of all tables that leave the package: data frames, files and the page's exports.

The page's names of columns and the tables in the documents are made from here by
tools/table_columns.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypedDict

from tb_activation_hist.core.number_formats import NumberFormat

TOTALS: Final = ("n", "zeros", "nans", "pos_infs", "neg_infs")
"""Integer totals of a record beside its bins, in the order of counting and storing."""

MOMENTS: Final = ("min", "max", "sum", "sum_sq")
"""Extremes and sums of a record's finite values, in the order of counting and storing."""

STATISTICS: Final = ("mean", "std", "min", "max")
"""Exact statistics of a record's finite values."""

QUANTILES: Final = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
"""Columns of quantiles, and the share of the finite values that lies below."""

WORDS: Final = {"zeros": "zeros", "nan": "nans", "+inf": "pos_infs", "-inf": "neg_infs"}
"""Words that stand in a CSV row in place of the edges, and the total that the row then holds."""

RANGE_WORDS: Final = ("below", "above")
"""Words of the page's rows for the values that lie outside of the value axis."""


class TableColumn(NamedTuple):
    """One column. dtype: numpy's name of the type, "str" for text."""

    name: str
    dtype: str
    meaning: str


class TableOptions(TypedDict, total=False):
    """What ``to_dataframe`` of a run or of a log directory takes, as that of a series."""

    counts: bool
    number_formats: NumberFormat | Sequence[NumberFormat]
    scale: float


ALL_COLUMNS: Final = (
    TableColumn("run", "str", "name of the run, as TensorBoard shows it"),
    TableColumn(
        "layer",
        "str",
        "name of the layer, after its phase and kind unless these are train and activations",
    ),
    TableColumn("tag", "str", "tag of the series in TensorBoard"),
    TableColumn("step", "int64", "training step of the record"),
    TableColumn("first_step", "int64", "step of the first pooled record"),
    TableColumn("last_step", "int64", "step of the last pooled record"),
    TableColumn("records", "int64", "number of pooled records"),
    TableColumn("wall_time", "float64", "time of the (first pooled) record, in seconds since 1970"),
    TableColumn("n", "int64", "number of all values, including non-finite ones"),
    TableColumn("zeros", "int64", "number of values equal to 0, which are also in a bin"),
    TableColumn("nans", "int64", "number of NaN values, which are in no bin"),
    TableColumn("pos_infs", "int64", "number of +∞ values, which are in no bin"),
    TableColumn("neg_infs", "int64", "number of -∞ values, which are in no bin"),
    TableColumn("mean", "float64", "exact mean of the finite values"),
    TableColumn("std", "float64", "exact standard deviation of the finite values (divisor n)"),
    TableColumn("min", "float64", "smallest finite value"),
    TableColumn("max", "float64", "largest finite value"),
    *(
        TableColumn(name, "float64", f"value below which {share:.0%} of the finite values lie")
        for name, share in QUANTILES.items()
    ),
    TableColumn(
        "share_near_zero", "float64", "share of the finite values with an absolute value ≤ 0.05"
    ),
    TableColumn("share_zero", "float64", "share of the finite values that are equal to 0"),
    TableColumn("lower", "float64", "left edge of the bin, or a word"),
    TableColumn("upper", "float64", "right edge of the bin, or the same word"),
    TableColumn(
        "count", "int64", "number of values in the bin, or of the values that the word names"
    ),
    TableColumn("split", "int64", "1 if a stored bin was cut and its count divided by width"),
)
"""Every column of every table, with one meaning for each name."""

RECORD_COLUMNS: Final = ("step", "wall_time", *TOTALS, *STATISTICS, *QUANTILES)
"""One row for each record."""

FORMAT_WAYS: Final = ("underflow", "subnormal", "overflow")
"""What a number format adds to a table of records: columns such as ``e4m3_underflow``."""

BIN_COLUMNS: Final = ("step", "wall_time", "lower", "upper", "count")
"""One row for each record and occupied bin."""

PICTURE_COLUMN: Final = ("run", "tag", "first_step", "last_step", "records", "n")
"""Leading columns of the page's files: one column of a heatmap, its records and values."""

PICTURE_STATISTICS: Final = (
    *PICTURE_COLUMN,
    *STATISTICS,
    *QUANTILES,
    "share_near_zero",
    "share_zero",
)
"""The page's statistics: one row for each column of a heatmap."""

PICTURE_CELLS: Final = (*PICTURE_COLUMN, "wall_time", "lower", "upper", "count", "split")
"""The page's cells: one row for each occupied cell of a heatmap."""

ARRAYS: Final = ("steps", "wall_times", "edges", "counts", *TOTALS, *STATISTICS)
"""Arrays of a series in an npz or JSON file, by the names that `HistogramSeries` gives them."""

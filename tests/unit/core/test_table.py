"""The description of columns is what data frames and files have."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

import numpy as np
import pytest

from tb_activation_hist.core import table
from tb_activation_hist.core.csv_text import bins_to_csv, cells_to_csv
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.tallies import Tallies
from tests.series import values_to_series

DESCRIBED = {column.name: column for column in table.ALL_COLUMNS}
TABLES = (table.RECORD_COLUMNS, table.BIN_COLUMNS, table.PICTURE_STATISTICS, table.PICTURE_CELLS)
SERIES = values_to_series([np.array([0, 1, 2.5, np.nan, np.inf]), np.array([-1.0])], steps=[3, 8])


def test_every_column_is_described_once_and_used() -> None:
    assert len(DESCRIBED) == len(table.ALL_COLUMNS)
    assert set().union(*TABLES) | {"layer"} == DESCRIBED.keys()


@pytest.mark.parametrize(
    ("counts", "names"), [(False, table.RECORD_COLUMNS), (True, table.BIN_COLUMNS)]
)
def test_data_frames_have_the_described_columns(counts: bool, names: tuple[str, ...]) -> None:
    pytest.importorskip("pandas")
    frame = SERIES.to_dataframe(counts=counts)
    assert tuple(frame.columns) == names
    assert [str(kind) for kind in frame.dtypes] == [DESCRIBED[name].dtype for name in names]


def test_the_docstring_names_the_columns_of_data_frames() -> None:
    text = " ".join((HistogramSeries.to_dataframe.__doc__ or "").split())
    assert f"Columns: {', '.join(table.RECORD_COLUMNS)}." in text
    assert f"columns {', '.join(table.BIN_COLUMNS)}." in text


def test_arrays_are_attributes_of_a_series() -> None:
    assert [len(getattr(SERIES, name)) for name in table.ARRAYS if name != "edges"] == [2] * 12


def test_totals_and_moments_are_in_the_order_in_which_they_are_stored() -> None:
    columns = ("steps", "wall_times", *table.TOTALS, *table.MOMENTS)
    assert tuple(field.name for field in fields(Tallies)) == columns


def test_csv_lines_hold_bins_and_words_of_each_record() -> None:
    first = ('a,"b"', "=1")
    lines = cells_to_csv((*"xy", *table.BIN_COLUMNS)) + "\n" + "".join(bins_to_csv(SERIES, first))
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert {(row["x"], row["y"]) for row in rows} == {first}
    assert [row["step"] for row in rows] == ["3"] * 7 + ["8"] * 5
    assert [(row["lower"], int(row["count"])) for row in rows[3:7]] == [
        ("zeros", 1),
        ("nan", 1),
        ("+inf", 1),
        ("-inf", 0),
    ]
    assert [float(row["lower"]) for row in rows[1:3]] == [1, 2.5]

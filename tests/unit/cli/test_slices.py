"""`show --slices` and `export --slices`: the slices of split layers on the command line."""

from __future__ import annotations

import csv
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.cli.export import SLICE_WRITERS, WRITERS
from tb_activation_hist.core.slice_series import SLICE_COLUMNS
from tests.golden.make_slices import FOLDER

LOGDIR = str(FOLDER / "exact")


def test_show_draws_the_dead_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", LOGDIR, "--slices", "zero_share", "--columns", "40"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ".  fc  steps 1 to 40, 40 records"
    assert lines[2][11:] == " " * 19 + "@" * 21
    assert lines[1][11:].strip() == ""
    assert "zero_share of 5 slices, from 0 to 1" in lines[6]


def test_show_paints_any_statistic(capsys: pytest.CaptureFixture[str]) -> None:
    for statistic in ("mean", "std", "abs_max"):
        given = ["show", LOGDIR, "--slices", statistic, "--colour", "256", "--rows", "2"]
        assert main([*given, "--columns", "8"]) == 0
        assert "of 5 slices" in capsys.readouterr().out


def test_export_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", LOGDIR, "--slices", "--format", "csv", "--output", "-"]) == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["run", "layer", *SLICE_COLUMNS]
    assert len(rows) == 40 * 5
    dead = [row for row in rows if row["slice"] == "1" and int(row["step"]) >= 20]
    assert {row["zero_share"] for row in dead} == {"1.0"}
    assert {row["layer"] for row in rows} == {"fc"}


def test_export_in_the_other_formats(tmp_path: Path) -> None:
    assert SLICE_WRITERS.keys() == WRITERS.keys()
    for form in ("npz", "parquet", "png", "svg"):
        file = tmp_path / f"slices.{form}"
        given = ["export", LOGDIR, "--slices", "--format", form, "--output", str(file)]
        assert main(given) == 0
        assert file.stat().st_size > 500
    arrays = np.load(tmp_path / "slices.npz")
    assert arrays["./fc/zeros"].shape == (40, 5)
    pandas = sys.modules["pandas"]
    frame = pandas.read_parquet(tmp_path / "slices.parquet")
    assert list(frame.columns) == ["run", "layer", *SLICE_COLUMNS]


def test_without_split_layers_both_say_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    plain = str(FOLDER.parent / "stored_v1")
    for given in (["show", plain, "--slices", "mean"], ["export", plain, "--slices"]):
        command = given if given[0] == "show" else [*given, "--format", "csv", "--output", "-"]
        assert main(command) == 2
        assert "Record them with split" in capsys.readouterr().err

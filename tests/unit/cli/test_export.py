"""`export`: every count as a table, and pictures."""

from __future__ import annotations

import csv
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.cli.export import WRITERS
from tb_activation_hist.core.table import BIN_COLUMNS
from tests.unit.cli.runs import (
    healthy_layers,
)


def export(logdir: str, kind: str, output: Path | str) -> None:
    given = ["--run", "good", "--layer", "block.relu", "--format", kind, "--output", str(output)]
    assert main(["export", logdir, *given]) == 0


def test_csv_holds_every_count(logdir: str, capsys: pytest.CaptureFixture) -> None:
    export(logdir, "csv", "-")
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["run", "layer", *BIN_COLUMNS]
    _, series = healthy_layers()["block.relu"]
    counts = [int(r["count"]) for r in rows if r["lower"] not in ("zeros", "nan", "+inf", "-inf")]
    zeros = [int(r["count"]) for r in rows if r["lower"] == "zeros"]
    assert sum(counts) == series.finite.sum()
    assert zeros == series.zeros.tolist()


def test_npz_holds_the_arrays(logdir: str, tmp_path: Path) -> None:
    export(logdir, "npz", tmp_path / "out.npz")
    _, series = healthy_layers()["block.relu"]
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_array_equal(arrays["good/block.relu/counts"], series.counts)
        np.testing.assert_array_equal(arrays["good/block.relu/edges"], series.edges)
        np.testing.assert_array_equal(arrays["good/block.relu/steps"], series.steps)


def test_parquet_holds_every_count(logdir: str, tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    export(logdir, "parquet", tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["count"].sum() == healthy_layers()["block.relu"][1].finite.sum()
    assert list(table.columns) == ["run", "layer", *BIN_COLUMNS]


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_pictures(logdir: str, tmp_path: Path, kind: str, start: bytes) -> None:
    pytest.importorskip("matplotlib")
    export(logdir, kind, tmp_path / f"out.{kind}")
    assert (tmp_path / f"out.{kind}").read_bytes().startswith(start)


def test_an_output_that_cannot_be_written_is_a_sentence(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "no" / "folder" / "out.csv"
    assert main(["export", logdir, "--format", "csv", "--output", str(output)]) == 2
    assert "cannot be written: No such file or directory." in capsys.readouterr().err


def test_a_missing_library_is_named_with_its_extra(
    logdir: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    output = str(tmp_path / "out.parquet")
    assert main(["export", logdir, "--format", "parquet", "--output", output]) == 2
    assert "pip install 'tb-activation-hist[parquet]'" in capsys.readouterr().err


def test_every_export_format_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "command_line.md").read_text(encoding="utf-8")
    formats = "\\|".join(WRITERS)
    assert f"`--format {formats}`" in text

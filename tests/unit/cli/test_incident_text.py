"""The report in words: incidents, details on request, what was looked at and what was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.cli.incident_text import describe_confidence, describe_coverage
from tb_activation_hist.cli.logdir import Run
from tests.unit.cli.runs import RECORDS, healthy_layers, write_run
from tests.unit.findings.trainings import Layers, after, make_layer


def broken_layers() -> Layers:
    """NaN in the updates, then in the weights and the outputs."""

    def nan(values: np.ndarray) -> np.ndarray:
        return values * np.nan

    series = [
        make_layer("a.weight", "Linear", 0, after(20, nan), records=RECORDS, stream="updates"),
        make_layer("a.weight", "Linear", 0, after(20, nan), records=RECORDS, stream="weights"),
        make_layer("a", "Linear", 0, after(21, nan), records=RECORDS),
    ]
    return {info.tag: (info, series) for info, series in series}


def report(folder: Path, capsys: pytest.CaptureFixture, *arguments: str) -> str:
    assert main(["report", str(folder), *arguments]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_one_cause_is_one_paragraph(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, broken_layers())
    text = report(tmp_path, capsys)
    assert text.count("error ") == 1
    assert "error a.weight (updates): NaN from step 21" in text
    assert "Followed by a.weight (weights): NaN from step 21; a: NaN from step 22." in text
    assert "Try first: " in text
    assert "To check: " in text
    assert "threshold" not in text


def test_details_name_figures_and_thresholds(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, broken_layers())
    text = report(tmp_path, capsys, "--details")
    assert text.count("(non_finite, error, steps") == 3
    assert "NaN in the first such record: 800" in text


def test_the_json_lists_incidents(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, broken_layers())
    assert main(["report", str(tmp_path), "--json"]) == 0
    (incident,) = json.loads(capsys.readouterr().out)["incidents"]
    assert (incident["incident"], incident["findings"], incident["severity"]) == (1, 3, "error")
    assert (incident["first_step"], incident["last_step"]) == (21, RECORDS)


def test_no_findings_says_what_was_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, healthy_layers())
    text = report(tmp_path, capsys)
    assert "No findings. Checked activations of 2 layers, 48 records, steps 1 to 48." in text
    assert "whether each parameter changes (no weights)" in text


def coverage(layers: Layers, **info: Any) -> str:
    return " ".join(describe_coverage(Run("r", layers, info)))


def test_layers_that_did_not_run_are_named() -> None:
    assert "1 layer did not run and was not checked: drop." in coverage(
        healthy_layers(), silent=["drop"]
    )
    assert "did not run" not in coverage(healthy_layers(), silent=3)


def test_where_no_layer_ran_nothing_could_be_judged() -> None:
    text = coverage({}, silent=["a", "b"])
    assert text.startswith("Nothing could be judged: no layer has a record.")
    assert "No layer ran in training (2 did not run): call model.train()" in text


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(0.98, "nearly certain: 98%"), (0.9, "likely: 90%"), (0.7, "probable"), (0.2, "uncertain")],
)
def test_confidence_in_words(confidence: float, words: str) -> None:
    assert describe_confidence(confidence).startswith(words)

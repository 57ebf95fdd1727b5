"""`report`: findings, number formats and comparisons, as text and as JSON."""

from __future__ import annotations

import copy
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_activation_hist.cli import main
from tb_activation_hist.cli.format_report import advise
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.logger import ActivationHistLogger
from tests.series import values_to_series
from tests.unit.cli.runs import (
    RECORDS,
    collapsed_layers,
    healthy_layers,
    nan_layers,
    write_run,
)
from tests.unit.findings.trainings import make_layer


def test_report_names_the_layer_and_the_step(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", logdir]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "block.relu: collapsed to zero at step 21" in text
    assert "Usual causes" in text
    assert main(["report", logdir, "--run", "good"]) == 0
    assert "No findings." in capsys.readouterr().out


@pytest.mark.parametrize("watched", ["in eval mode", "another"])
def test_a_run_of_which_no_layer_ran_is_reported(
    watched: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    trained = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    given = trained.eval() if watched == "in eval mode" else copy.deepcopy(trained)
    optimizer = torch.optim.SGD(trained.parameters(), 0.1)
    with warnings.catch_warnings(), ActivationHistLogger(given, tmp_path) as hist:
        warnings.simplefilter("ignore", ActivationHistWarning)
        for _ in range(8):
            optimizer.zero_grad()
            trained(torch.randn(5, 3)).square().mean().backward()
            optimizer.step()
            hist.step()
    assert main(["report", str(tmp_path), "--fail-on", "warning"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "warning none of the 3 layers ran in train mode" in text
    assert main(["doctor", str(tmp_path)]) == 0
    assert "0 never ran while it was recorded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "fail_on", "status"),
    [("bad", "error", 1), ("bad", "warning", 1), ("good", "warning", 0), ("good", "error", 0)],
)
def test_report_guards_a_training(logdir: str, run: str, fail_on: str, status: int) -> None:
    assert main(["report", logdir, "--run", run, "--fail-on", fail_on]) == status


def test_report_as_json(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", logdir, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    kinds = {(finding["run"], finding["kind"]) for finding in report["findings"]}
    assert ("bad", "collapsed") in kinds
    assert not any(run == "good" and kind != "run_difference" for run, kind in kinds)
    layers = {run["run"]: run["layers"] for run in report["runs"]}
    relu = layers["bad"][1]
    assert (relu["layer"], relu["records"], relu["zero_share"]) == ("block.relu", RECORDS, 1.0)
    _, series = healthy_layers()["block.linear"]
    assert layers["good"][0]["std"] == pytest.approx(float(series.std[-1]))


def test_the_size_of_updates_is_reported_beside_that_of_the_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    info, series = make_layer("fc.weight", "Linear", 0, lambda v, _: v * 1e-3, stream="updates")
    write_run(tmp_path, {info.tag: (info, series), **healthy_layers()})
    assert main(["report", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (head,) = [line for line in lines if line.startswith("layer ")]
    cells = {line.split()[0]: line.split()[-1] for line in lines if line}
    assert head.endswith("update ratio")
    assert cells["updates/fc.weight"] == f"{series.update_ratio[-1]:.3g}"
    assert cells["block.linear"] == "-"


def test_the_json_is_as_documented(logdir: str, capsys: pytest.CaptureFixture) -> None:
    main(["report", logdir, "--json"])
    report = json.loads(capsys.readouterr().out)
    text = (Path(__file__).parents[3] / "docs" / "command_line.md").read_text()
    schema = text.partition("```\n{")[2].partition("```")[0]
    documented = set(re.findall(r'"(\w+)"', schema)) - {"error", "warning"}
    found = set(report) | set(report["runs"][0]) | set(report["findings"][0])
    found |= set(report["runs"][0]["layers"][0])
    found |= set(report["findings"][0]["evidence"][0])
    assert found == documented - ({"info"} - found)


def test_report_tells_what_a_number_format_loses(
    logdir: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    chosen = ["report", logdir, "--run", "good", "--format", "e4m3", "--format", "bf16"]
    assert main([*chosen, "--scale", "0.0009765625"]) == 0
    text = capsys.readouterr().out
    _, series = healthy_layers()["block.linear"]
    loss = series.format_loss("e4m3", 2.0**-10)
    assert "e4m3 (float8_e4m3fn) at scale 2^-10: 2 of 2 layers lose more than 0.1%" in text
    row = next(
        line for line in text.splitlines() if line.startswith("block.linear") and "^" in line
    )
    assert f" {loss.lost.max():.2%} " in row
    assert row.endswith(f"scale by 2^{int(np.log2(series.best_scale('e4m3')))}")
    assert "bf16 (bfloat16) at scale 2^-10: 0 of 2 layers" in text
    assert "Cast as they are: block.linear, block.relu." in text


def test_the_json_report_has_each_format(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", logdir, "--run", "bad", "--format", "fp16", "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    (told,) = run["formats"]
    assert (told["format"], told["scale"]) == ("fp16", 1.0)
    _, series = collapsed_layers()["block.linear"]
    loss = series.format_loss("fp16")
    row = told["layers"][0]
    assert (row["layer"], row["lost"]) == ("block.linear", loss.lost.max())
    assert row["step"] == series.steps[loss.lost.argmax()]
    assert row["best_scale"] == series.best_scale("fp16")


def test_layers_whose_loss_is_unknown_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_histogram("fc", np.random.default_rng(0).standard_normal(500), 1)
    assert main(["report", str(tmp_path), "--format", "e4m3"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "0 of 0 layers" in text
    assert "The histograms of 'fc' cannot tell what e4m3 would lose: they were written by" in text


def test_bins_that_are_too_wide_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    values = [np.random.default_rng(0).random(500)]
    series = values_to_series(values, scheme=LinearBins(4, 0, 10), layer="fc")
    write_run(tmp_path, {"fc": (LayerInfo("fc", scheme=series.scheme), series)})
    assert main(["report", str(tmp_path), "--format", "e4m3", "--format", "bf16"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "The bins of 'fc' are too wide to determine what e4m3 would lose: shares" in text
    assert "bf16 (bfloat16) at scale 1: 0 of 1 layers" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "e4m3", "--scale", "3"], "scale must be a power of two"),
        (["--scale", "2"], "--scale 2 needs --format"),
    ],
)
def test_a_wrong_scale_is_a_sentence(
    logdir: str, capsys: pytest.CaptureFixture, arguments: list[str], sentence: str
) -> None:
    assert main(["report", logdir, *arguments]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lost", "best_scale", "best_lost", "words"),
    [(0.0, 1, 0.0, "cast as it is"), (0.5, 2.0**-3, 0.0, "scale by 2^-3"), (1, 2, 0.5, "wider")],
)
def test_advice_on_a_format(lost: float, best_scale: float, best_lost: float, words: str) -> None:
    assert words in advise(lost, best_scale, best_lost)


def test_json_holds_no_nan(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, nan_layers())
    assert main(["report", str(tmp_path), "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN," not in text
    assert json.loads(text)["runs"][0]["layers"][1]["mean"] is None


def test_runs_that_part_are_reported(logdir: str, capsys: pytest.CaptureFixture) -> None:
    main(["report", logdir, "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    difference = [f for f in findings if f["kind"] == "run_difference"]
    assert [f["layers"] for f in difference] == [["block.relu"]]


def test_runs_are_compared_with_the_baseline(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", logdir, "--run", "good", "--baseline", "bad"]) == 0
    text = capsys.readouterr().out
    assert "run bad" not in text
    assert "block.relu: differs from run 'bad' from step " in text
    assert re.search(r"^ {9}block\.relu: from step \d+, distance [\d.]+$", text, re.MULTILINE)


def test_a_run_that_is_not_identical_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Too little for a finding, from the first step on."""
    write_run(tmp_path / "a", healthy_layers())
    write_run(tmp_path / "same", healthy_layers())
    relu = make_layer("block.relu", "ReLU", 1, lambda v, _: v * 1.001, records=RECORDS)
    write_run(tmp_path / "b", {**healthy_layers(), "block.relu": relu})
    assert main(["report", str(tmp_path), "--baseline", "a"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Not identical to run 'a': 1 of 2 common layers differ, " in text
    assert "differ, block.relu first, at step 1. Run compare for details." in text
    assert "Identical to run 'a': equal counts in all 2 common layers." in text
    assert text.count("dentical to") == 2
    assert main(["report", str(tmp_path), "--baseline", "a", "--json"]) == 0
    runs = {run["run"]: run for run in json.loads(capsys.readouterr().out)["runs"]}
    assert runs["b"]["unequal_layers"] == [["block.relu", 1]]
    assert (runs["same"]["unequal_layers"], runs["same"]["common_layers"]) == ([], 2)
    assert runs["a"]["baseline"] is None


def test_only_steps_that_both_runs_have_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    relu = make_layer("block.relu", "ReLU", 1, lambda v, i: v[i == 40 :], records=RECORDS)
    write_run(tmp_path / "a", healthy_layers())
    write_run(tmp_path / "b", {**healthy_layers(), "block.relu": relu})
    later = {name: (i, s.take(slice(41, None))) for name, (i, s) in healthy_layers().items()}
    write_run(tmp_path / "later", later)
    none = {"other": make_layer("other", "ReLU", 0, records=RECORDS)}
    write_run(tmp_path / "none", none)
    main(["report", str(tmp_path), "--baseline", "a", "--json"])
    runs = {run["run"]: run for run in json.loads(capsys.readouterr().out)["runs"]}
    assert runs["b"]["unequal_layers"] == [["block.relu", 41]]
    assert (runs["later"]["common_layers"], runs["later"]["unequal_layers"]) == (2, [])
    assert (runs["none"]["common_layers"], runs["none"]["unequal_layers"]) == (0, [])
    main(["report", str(tmp_path), "--run", "none", "--baseline", "a"])
    assert "No layer shares a step with run 'a'." in capsys.readouterr().out


def test_an_unknown_baseline_names_the_runs(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", logdir, "--baseline", "godo"]) == 2
    assert "--baseline must be a run, but got 'godo'" in capsys.readouterr().err


LONG = "encoder.blocks.11.attention.projection"


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_fits_the_terminal(
    width: int, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    kind = "NonDynamicallyQuantizableLinear"
    write_run(tmp_path, {LONG: make_layer(LONG, kind, 0), **collapsed_layers()})
    assert main(["report", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert not any(line != line.rstrip() for line in lines if line.startswith(" "))
    (row,) = [line for line in lines if line.startswith(LONG)]
    (head,) = [line for line in lines if line.startswith("layer ")]
    assert len(row.split()) == len(head.replace("p99 |x|", "p99").split())
    assert (kind in row) == (width > 120)
    assert any(line.startswith("left out") for line in lines) == (width < 200)


def test_another_tools_histograms_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with SummaryWriter(str(tmp_path)) as file:
        for step in range(40):
            values = np.random.default_rng(step).normal(size=99)
            file.add_histogram("fc/weight", values, step)
    assert main(["report", str(tmp_path)]) == 0
    head, row = capsys.readouterr().out.splitlines()[-3:-1]
    assert head.split()[:2] == ["layer", "records"]
    assert row.split()[:2] == ["fc/weight", "40"]


def test_no_colours_where_the_output_is_no_terminal(
    logdir: str, capsys: pytest.CaptureFixture
) -> None:
    main(["report", logdir])
    assert "\x1b" not in capsys.readouterr().out

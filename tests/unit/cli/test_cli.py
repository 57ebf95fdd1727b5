"""The commands, through `main`, on log directories in every condition."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter

from tb_activation_hist.capture import count_kernels
from tb_activation_hist.cli import main
from tb_activation_hist.cli.export import WRITERS
from tb_activation_hist.cli.format_report import advise
from tb_activation_hist.cli.report_text import COLUMNS, to_lines
from tb_activation_hist.cli.show import colour_mode, draw_heatmap
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.core.table import BIN_COLUMNS
from tb_activation_hist.storage.options import WriterOptions
from tb_activation_hist.storage.writer import RunWriter
from tests.records import make_layers, make_record, random_rows
from tests.series import values_to_series
from tests.unit.cli.runs import (
    RECORDS,
    collapsed_layers,
    healthy_layers,
    nan_layers,
    write_run,
)
from tests.unit.findings.trainings import make_layer


@pytest.fixture
def logdir(tmp_path: Path) -> str:
    write_run(tmp_path / "good", healthy_layers())
    write_run(tmp_path / "bad", collapsed_layers())
    return str(tmp_path)


# --- report ---------------------------------------------------------------------------------------


def test_report_names_the_layer_and_the_step(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", logdir]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "block.relu: collapsed to zero at step 21" in text
    assert "Usual causes" in text
    assert main(["report", logdir, "--run", "good"]) == 0
    assert "No findings." in capsys.readouterr().out


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


# --- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["report", "show"])
def test_a_missing_logdir_is_a_sentence(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main([command, str(tmp_path / "none")]) == 2
    assert "does not exist." in capsys.readouterr().err


def test_an_empty_logdir_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "no TensorBoard event file" in capsys.readouterr().err


def test_a_foreign_logdir_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_run(tmp_path, {})
    assert main(["report", str(tmp_path)]) == 2
    assert "hold no histograms" in capsys.readouterr().err


def test_of_a_truncated_file_the_beginning_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = write_run(tmp_path, healthy_layers())
    data = path.read_bytes()
    path.write_bytes(data[:-50])
    assert main(["report", str(tmp_path), "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["runs"][0]["layers"]
    assert [layer["records"] for layer in layers] == [RECORDS, 32]


def test_a_newer_format_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_activation_hist.core.names.METADATA_VERSION", 99)
    write_run(tmp_path, healthy_layers())
    monkeypatch.undo()
    assert main(["report", str(tmp_path)]) == 2
    assert "pip install -U tb_activation_hist" in capsys.readouterr().err


def test_one_newer_layer_leaves_the_others_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = healthy_layers()
    content = LayerInfo.to_content

    def newer(info: LayerInfo) -> bytes:
        own = content(info)
        return own.replace(b'"version":1', b'"version":9') if info.order else own

    monkeypatch.setattr(LayerInfo, "to_content", newer)
    write_run(tmp_path, layers)
    assert main(["report", str(tmp_path), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert [layer["layer"] for layer in run["layers"]] == ["block.linear"]
    assert "block.relu in run '.' is left out" in run["problems"][0]


def test_two_processes_on_one_run_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    options = WriterOptions(histogram_points=0, scalar_points=0, flush_s=60)
    writers = [RunWriter(tmp_path, options=options) for _ in range(2)]
    for step in range(1, 9):
        writers[step % 2].write(make_record(step, make_layers(1), random_rows(step, 1)))
    for writer in writers:
        writer.close()
    assert main(["report", str(tmp_path), "--json"]) == 0
    (note,) = json.loads(capsys.readouterr().out)["runs"][0]["notes"]
    assert note.startswith("run '.': Two loggers wrote this run at the same time")
    assert main(["report", str(tmp_path)]) == 0
    assert note in capsys.readouterr().err
    main(["doctor", str(tmp_path)])
    assert f"note     {note}" in capsys.readouterr().out


def test_an_unknown_layer_names_the_nearest(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["show", logdir, "--layer", "block.rely"]) == 2
    assert "Nearest: 'block.relu'" in capsys.readouterr().err


def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", "x"])
    assert ended.value.code == 2
    assert "--format" in capsys.readouterr().err


# --- show -----------------------------------------------------------------------------------------


def test_show_draws_the_chosen_layers(logdir: str, capsys: pytest.CaptureFixture) -> None:
    given = ["show", logdir, "--layer", "*.relu", "--run", "good", "--rows", "6", "--columns", "40"]
    assert main(given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"good  block.relu  steps 1 to {RECORDS}, {RECORDS} records"
    body = lines[1:7]
    # The zeros are the densest row of a ReLU, and nothing of it is negative.
    assert set(body[-1].split()[-1]) == {"@"}
    assert lines[7].strip() == "0"


@pytest.mark.parametrize(("mode", "code"), [("truecolour", "38;2;"), ("256", "38;5;")])
def test_coloured_heatmaps(mode: str, code: str) -> None:
    _, series = healthy_layers()["block.linear"]
    lines = draw_heatmap(series, rows=5, columns=30, scale="linear", mode=mode)
    assert all(code in line and line.endswith("\x1b[0m") for line in lines[:5])
    assert all(line.count("▀") == 24 for line in lines[:5])


def test_a_series_without_finite_values_can_be_shown() -> None:
    _, series = nan_layers()["block.relu"]
    lines = draw_heatmap(series.take(slice(-5, None)), 4, 20, "linear", "plain")
    assert len(lines) >= 5


@pytest.mark.parametrize(
    ("environment", "terminal", "mode"),
    [
        ({"COLORTERM": "truecolor"}, True, "truecolour"),
        ({"TERM": "xterm-256color"}, True, "256"),
        ({"TERM": "vt100"}, True, "plain"),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, True, "plain"),
        ({"COLORTERM": "truecolor"}, False, "plain"),
    ],
)
def test_colours_follow_the_terminal(environment: dict, terminal: bool, mode: str) -> None:
    assert colour_mode(environment, terminal) == mode


def test_too_few_rows_are_refused(logdir: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["show", logdir, "--rows", "1"]) == 2
    assert "--rows must be 2 or more, but got 1" in capsys.readouterr().err


# --- export ---------------------------------------------------------------------------------------


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


def test_report_and_show_need_neither_rich_nor_matplotlib(
    logdir: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("rich", "matplotlib"):
            monkeypatch.setitem(sys.modules, name, None)
    for name in ("rich", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    for command in ("report", "show"):
        assert main([command, logdir]) == 0
        assert "block.relu" in capsys.readouterr().out


# --- exit status ----------------------------------------------------------------------------------

CALL = "import sys; from tb_activation_hist.cli import main; sys.exit(main())"


@pytest.mark.parametrize(
    "arguments",
    [
        ["report"],
        ["report", "--json"],
        ["report", "--fail-on", "error"],
        ["show"],
        ["export", "--format", "csv", "--output", "-"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_seen_enough_is_no_failure(arguments: list[str], logdir: str) -> None:
    """As with ``| head -2`` and ``| true``: the pipe is closed before anything was written."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-c", CALL, arguments[0], logdir, *arguments[1:]]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("arguments", [["report"], ["export", "--format", "csv", "--output", "-"]])
def test_a_full_disk_is_one_sentence(arguments: list[str], logdir: str) -> None:
    command = [sys.executable, "-c", CALL, arguments[0], logdir, *arguments[1:]]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    (line,) = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert "output cannot be written: " in line
    assert "No space left on device" in line


def test_a_closed_output_keeps_the_exit_status(
    logdir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["report", logdir, "--fail-on", "error"]) == 1
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["report", logdir, "--run", "good", "--fail-on", "error"]) == 0


def test_a_fault_of_ours_is_not_taken_for_a_finding(
    logdir: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would end with 1, which means findings."""

    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("tb_activation_hist.cli.report.read_runs", fail)
    assert main(["report", logdir]) == 2
    assert "RuntimeError: a fault" in capsys.readouterr().err


def test_colours_are_for_terminals(
    logdir: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["report", logdir])
    plain = capsys.readouterr().out
    monkeypatch.setattr("tb_activation_hist.cli.terminal_page.colour_mode", lambda *_: "256")
    main(["report", logdir])
    coloured = capsys.readouterr().out
    assert "\x1b[1;31merror    \x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_a_name_wider_than_the_terminal_goes_on_below() -> None:
    rows = [{column.field: None for column in COLUMNS} | {"layer": "a" * 30 + "z", "type": "T"}]
    head, first, second = to_lines(rows, COLUMNS[:2], width=22)
    assert (head, first, second) == ("layer             type", "a" * 16 + "  T", "a" * 14 + "z")


# --- doctor ---------------------------------------------------------------------------------------


def test_doctor_looks_at_everything(logdir: str, capsys: pytest.CaptureFixture) -> None:
    main(["doctor", logdir])
    text = capsys.readouterr().out
    assert "tb_activation_hist" in text
    assert "run 'good': 2 layers" in text
    assert "the CPU counts with" in text
    assert "problem" in text.splitlines()[-1]


def test_doctor_and_the_warning_say_the_same_of_a_missing_extension(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_kernels, "_EXTENSION", "no_such_module")
    monkeypatch.delenv(count_kernels.KERNEL_VARIABLE, raising=False)
    said = []
    try:
        count_kernels.c_extension.cache_clear()
        with pytest.warns(ActivationHistWarning) as warned:
            count_kernels.kernel_name("cpu")
        said.append(str(warned[0].message))
        count_kernels.c_extension.cache_clear()
        main(["doctor"])
        said.append(capsys.readouterr().out)
    finally:
        count_kernels.c_extension.cache_clear()
    for text in said:
        assert (
            "the CPU counts with torch operations, which is exact but 35 to 90 times slower."
            in text
        )


def test_doctor_misses_the_plugin(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_activation_hist.cli.doctor.PLUGIN_NAME", "no_such_plugin")
    assert main(["doctor"]) == 1
    assert "no entry point 'no_such_plugin'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ModuleNotFoundError(\"No module named 'pkg_resources'\")", "setuptools<82"),
        ("AttributeError('`np.string_` was removed in the NumPy 2.0 release.')", "numpy<2"),
        ("ImportError('something else')", "pip install --upgrade tensorboard"),
    ],
)
def test_doctor_says_why_tensorboard_does_not_start(
    error: str,
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    # A child that starts with this module cannot import TensorBoard's list of plugins.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'tensorboard.default': raise {error}\n"
        "sys.meta_path.insert(0, Broken())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert main(["doctor"]) == 1
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "does not start" in line]
    assert told.startswith("problem")
    assert remedy in told


def test_doctor_reads_a_bad_logdir(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["doctor", str(tmp_path)]) == 1
    assert "no TensorBoard event file" in capsys.readouterr().out


def test_doctor_cannot_look_at_a_logdir_that_does_not_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    missing = str(tmp_path / "missing")
    assert main(["doctor", missing]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"tb-activation-hist: The log directory {missing!r} does not exist.\n"


# --- share ----------------------------------------------------------------------------------------


def test_share_writes_one_file_and_says_what_is_in_it(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    page = tmp_path / "page.html"
    options = ["--run", "go*", "--layer", "block.*", "--columns", "16", "--size", "0.5"]
    assert main(["share", logdir, "-o", str(page), *options]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{page}: 0.")
    assert "1 of 2 runs" in said and "pooled in each column" in said
    assert page.stat().st_size < 500_000
    assert main(["share", logdir, "-o", str(page), "--exact", "--kind", "activations"]) == 0


def test_share_refuses_what_it_cannot_do_with_a_sentence(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    page = tmp_path / "page.html"
    for arguments, sentence in (
        ([str(tmp_path / "none")], "does not exist"),
        ([logdir, "--run", "goood"], "No run matches 'goood'. Nearest: 'good'."),
        ([logdir, "--layer", "blok*"], "No layer matches 'blok*'."),
        ([logdir, "--columns", "2"], "columns must be a whole number from 8 to 8,192"),
        ([logdir, "--size", "0.1"], "do not fit into 0.1 MB"),
    ):
        assert main(["share", *arguments, "-o", str(page)]) == 2
        assert sentence in capsys.readouterr().err
        assert not page.exists()
    (tmp_path / "empty").mkdir()
    assert main(["share", str(tmp_path / "empty"), "-o", str(page)]) == 2
    assert "There is no TensorBoard event file" in capsys.readouterr().err


def test_sharing_needs_no_torch(logdir: str, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from tb_activation_hist import read_histograms\n"
        "read_histograms(sys.argv[1]).share(sys.argv[2])\n"
    )
    page = tmp_path / "page.html"
    done = subprocess.run([sys.executable, "-c", program, logdir, str(page)], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 100_000


# --- the process ----------------------------------------------------------------------------------


def test_the_command_line_imports_only_what_a_command_needs() -> None:
    """The plugin, with what TensorBoard loads, took longer than `compare` does."""
    program = (
        "import sys, tb_activation_hist.cli\n"
        "print([name for name in ('torch', 'tb_activation_hist.plugin') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_python_m_runs_it(logdir: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tb_activation_hist", "report", logdir, "--fail-on", "error"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr


def test_every_export_format_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "command_line.md").read_text(encoding="utf-8")
    formats = "\\|".join(WRITERS)
    assert f"`--format {formats}`" in text

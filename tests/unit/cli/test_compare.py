"""`compare` on the command line: what it prints and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tb_activation_hist.cli import main
from tb_activation_hist.recording.logger import ActivationHistLogger
from tests.unit.cli.runs import collapsed_layers, healthy_layers, write_run


@pytest.fixture
def logdir(tmp_path: Path) -> str:
    write_run(tmp_path / "good", healthy_layers())
    write_run(tmp_path / "again", healthy_layers())
    write_run(tmp_path / "bad", collapsed_layers())
    return str(tmp_path)


def test_equal_runs(logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{logdir}/good", f"{logdir}/again"]) == 0
    assert capsys.readouterr().out.startswith("Same: 2 layers, 96 records, steps 1 to 48")


def test_the_first_difference_is_on_top(logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", logdir, "--run", "good", "--run", "bad"]) == 1
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "The runs first differ at step 21 in block.relu"
    assert any("block.linear, right before it, is equal" in line for line in rest)
    assert "Equal: 1 of 2 layers, steps 1 to 48, equal counts." in rest


def test_settings_that_differ_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, alpha in (("a", 1.0), ("b", 0.9)):
        torch.manual_seed(0)
        model = nn.ELU(alpha)
        with ActivationHistLogger(model, tmp_path / name) as logger:
            model(torch.randn(16, 8))
            logger.step()
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "  Settings in A: alpha=1.0" in lines
    assert "  Settings in B: alpha=0.9" in lines


@pytest.mark.parametrize("more", [[], ["--run", "bad"]])
def test_a_run_of_either_logdir(logdir: str, more: list[str]) -> None:
    other = f"{logdir}/bad" if not more else logdir
    assert main(["compare", f"{logdir}/good", other, *more]) == 1


def test_json(logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{logdir}/good", f"{logdir}/bad", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["first"]["layer"], told["first"]["first_step"]) == ("block.relu", 21)


def test_options_reach_the_comparison(logdir: str, tmp_path: Path) -> None:
    mapping = tmp_path / "map.txt"
    mapping.write_text("block.relu -> -\n")
    both = ["compare", f"{logdir}/good", f"{logdir}/bad"]
    assert main([*both, "--map", str(mapping)]) == 0
    assert main([*both, "--map", str(mapping), "--strict"]) == 0
    assert main([*both, "--last-step", "20"]) == 0
    assert main([*both, "--layer", "block.lin*"]) == 0
    assert main([*both, "--mode", "mass", "--tolerance", "1"]) == 0
    assert main([*both, "--mode", "octaves"]) == 1
    assert main([*both, "--offset", "1"]) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "good"], "does not exist"),
        ([""], "holds 3 runs: again, bad, good. Name the two"),
        (["good"], "holds one run. Give a second directory or golden file."),
        (["good", "bad", "--offset", "100"], "no step in common"),
        (["good", "bad", "--tolerance", "1"], "has no meaning in the mode 'exact'"),
        (["", "--run", "good", "--run", "best"], "There is no run 'best'"),
        (["good", "bad", "--run", "a", "--run", "b", "--run", "c"], "at most two runs"),
    ],
)
def test_what_cannot_be_compared(
    logdir: str, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = arguments.index(next((a for a in arguments if a.startswith("--")), arguments[-1]))
    paths = [f"{logdir}/{each}" for each in arguments[: options or 1]]
    if not arguments[options].startswith("--"):
        paths = [f"{logdir}/{each}" for each in arguments]
        options = len(arguments)
    assert main(["compare", *paths, *arguments[options:]]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_golden_file_guards_a_run(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden = str(tmp_path / "golden.zip")
    assert main(["compare", logdir, "--run", "good", "--save", golden, "--last-step", "30"]) == 0
    assert f"{golden}: " in capsys.readouterr().out
    assert main(["compare", golden, f"{logdir}/again"]) == 0
    assert main(["compare", golden, f"{logdir}/bad"]) == 1
    assert main(["compare", golden, logdir, "--run", "bad"]) == 1
    assert main(["compare", f"{logdir}/bad", golden]) == 1
    assert main(["compare", golden, logdir]) == 2
    assert main(["compare", logdir, "bad", "--save", golden]) == 2
    assert "--save keeps one run" in capsys.readouterr().err


def test_a_damaged_golden_file_is_named(
    logdir: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden = tmp_path / "golden.zip"
    golden.write_bytes(b"PK none")
    assert main(["compare", str(golden), f"{logdir}/good"]) == 2
    assert "golden.zip' is not a golden file" in capsys.readouterr().err

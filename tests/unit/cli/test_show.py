"""`show`: heatmaps in the terminal."""

from __future__ import annotations

import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.cli.show import colour_mode, draw_heatmap
from tests.unit.cli.runs import (
    RECORDS,
    healthy_layers,
    nan_layers,
)


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

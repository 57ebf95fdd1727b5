"""What all commands have in common: exit status, colours, what they import."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tb_activation_hist.cli import main
from tb_activation_hist.cli.report_text import COLUMNS, to_lines

CALL = "import sys; from tb_activation_hist.cli import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["report"], 0),
        (["report", "--json"], 0),
        (["report", "--fail-on", "error"], 1),
        (["compare", "--run", "good", "--run", "bad"], 1),
        (["compare", "--run", "good", "--run", "good", "--json"], 0),
        (["show"], 0),
        (["export", "--format", "csv", "--output", "-"], 0),
        (["doctor"], 0),
    ],
    ids=str,
)
def test_a_reader_that_stops_early_changes_no_exit_status(
    arguments: list[str], status: int, logdir: str
) -> None:
    """As with ``| head -2`` and ``| true``: the pipe is closed before anything was written."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-c", CALL, arguments[0], logdir, *arguments[1:]]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (status, b"")


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

    def fail(*_: object, **__: object) -> None:
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

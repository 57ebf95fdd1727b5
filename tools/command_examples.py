"""Writes what the commands print about two small runs into docs/command_line.md.

`--check` writes nothing and fails when the document is stale.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest import mock

from tb_activation_hist.cli import main as run_command
from tests.unit.cli.runs import collapsed_layers, healthy_layers, write_run

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "command_line.md"
EXAMPLE = re.compile(
    r"(<!-- example: made by tools/command_examples.py -->\n```\n\$ tb-activation-hist ([^\n]*)\n)"
    r"(.*?)(```\n)",
    re.DOTALL,
)
WIDTH = "100"


def with_outputs(text: str) -> str:
    """The document with what each example's command prints in a folder with the two runs."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            write_run(Path("runs/good"), healthy_layers())
            write_run(Path("runs/bad"), collapsed_layers())
            return EXAMPLE.sub(lambda found: f"{found[1]}{output_of(found[2])}{found[4]}", text)
        finally:
            os.chdir(before)


def output_of(command: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), mock.patch.dict(os.environ, COLUMNS=WIDTH):
        run_command(command.split())
    return printed.getvalue().strip("\n") + "\n"


def main(arguments: list[str]) -> int:
    text = DOCUMENT.read_text(encoding="utf-8")
    fresh = with_outputs(text)
    if "--check" in arguments:
        return int(fresh != text)
    DOCUMENT.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

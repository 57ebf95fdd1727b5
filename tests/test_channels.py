"""The worked example of docs/channels.md prints what stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "channels.md"


def test_the_worked_example_prints_what_the_document_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(r"<!-- example -->\n```python\n(.*?)```\n\n```\n(.*?)```", text, re.DOTALL)
    assert found is not None
    program, printed = found.groups()
    exec(compile(program, str(DOCUMENT), "exec"), {"logdir": tmp_path})
    lines, wanted = capsys.readouterr().out.splitlines(), printed.splitlines()
    # Shares of single units depend on the machine's arithmetic.
    assert [lines[0], *lines[2:]] == [wanted[0], *wanted[2:]]
    assert lines[1].count("1. ") == wanted[1].count("1. ") == 3

"""The pytest example of docs/comparing_runs.md, run as its reader runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from torch import nn

DOCUMENT = Path(__file__).parents[3] / "docs" / "comparing_runs.md"


@pytest.fixture
def example(tmp_path: Path) -> dict[str, Any]:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(
        r"<!-- the example that a test runs -->\n```python\n(.*?)```", text, re.DOTALL
    )
    assert found is not None
    namespace: dict[str, Any] = {"__file__": str(tmp_path / "test_numbers.py")}
    exec(compile(found[1], "example", "exec"), namespace)
    return namespace


def test_the_example_guards_the_numbers(
    example: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = example["test_the_numbers_have_not_changed"]
    monkeypatch.setenv("GOLDEN", "save")
    run()
    monkeypatch.delenv("GOLDEN")
    run()
    assert example["GOLDEN"].stat().st_size < 12_000
    monkeypatch.setattr(nn, "GELU", nn.ReLU)
    with pytest.raises(AssertionError, match="first differ at step 1 in 1: "):
        run()

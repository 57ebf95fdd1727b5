"""A run that learns and one that collapses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.runs import (
    collapsed_layers,
    healthy_layers,
    write_run,
)


@pytest.fixture
def logdir(tmp_path: Path) -> str:
    write_run(tmp_path / "good", healthy_layers())
    write_run(tmp_path / "bad", collapsed_layers())
    return str(tmp_path)

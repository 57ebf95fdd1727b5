"""The checks of a GPU under pytest: there, and on the CPU those that hold on it too."""

from __future__ import annotations

import json

import pytest
import torch

from tests.gpu import __main__ as runner
from tests.gpu.checks import ANYWHERE, CHECKS

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@needs_gpu
@pytest.mark.parametrize("name", CHECKS)
def test_on_the_gpu(name: str) -> None:
    CHECKS[name]("cuda")


@pytest.mark.parametrize("name", sorted(ANYWHERE))
def test_on_the_cpu(name: str) -> None:
    CHECKS[name]("cpu")


def test_the_plain_runner_reports_each_check(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS, "fails", lambda device: pytest.fail("broken"))
    assert runner.main("cpu", "narrow_types_are_exact", "fails") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["ok"] for line in lines] == [True, False]
    assert "broken" in lines[1]["error"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU")
def test_without_a_device_the_runner_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main("cuda") == 2
    assert "no CUDA device" in capsys.readouterr().out

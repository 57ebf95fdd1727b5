"""Weights that have not changed yet: what a look at a running training says of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter


def watch(summed: int, steps: int) -> list[Finding]:
    """What is reported while gradients of so many batches are added up for each step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), 1e-2)
    found: list[Finding] = []
    with ActivationHistLogger(
        model, MemoryWriter(), on_error="raise", stop_on="not_learning", on_finding=found.append
    ) as logger:  # fmt: skip
        for step in range(1, steps + 1):
            data = torch.randn(32, 16)
            (model(data) - data[:, :1]).square().mean().backward()
            if step % summed == 0:
                optimizer.step()
                optimizer.zero_grad()
            logger.step()
            assert not logger.should_stop
    return found


def test_no_first_step_is_reported_once_and_stops_nothing() -> None:
    with pytest.warns(ActivationHistWarning, match="only worth knowing") as warned:
        (finding,) = watch(summed=1000, steps=60)
    assert len(warned) == 1
    assert (finding.kind, finding.severity, finding.last_step) == ("not_learning", "info", 18)
    assert "no optimizer makes a step" in finding.title


def test_gradients_of_some_batches_may_be_added_up() -> None:
    assert watch(summed=16, steps=60) == []

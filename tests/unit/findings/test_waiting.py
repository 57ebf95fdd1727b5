"""Weights that have not changed yet: what a look at a running training says of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

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


@pytest.mark.parametrize("summed", [16, 1000])
def test_gradients_may_be_added_up_before_the_first_step(summed: int) -> None:
    assert watch(summed, steps=60) == []

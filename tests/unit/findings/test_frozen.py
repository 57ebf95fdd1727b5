"""Layers whose requires_grad changes while they are trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter

STEPS, CHANGE = 100, 40


def train(at_first: bool, later: bool, **options: Any) -> list[Finding]:
    """Findings of a training in which the first layer's requires_grad changes at step `CHANGE`."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 16), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), 1e-2)
    data = torch.randn(64, 16)
    with ActivationHistLogger(
        model, MemoryWriter(), optimizer=optimizer, on_error="raise", **options
    ) as logger:
        for step in range(STEPS):
            model[0].requires_grad_(at_first if step < CHANGE else later)
            chosen = data[torch.randperm(64)[:32]]
            loss = (model(chosen) - chosen[:, :1]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return logger.findings()


def test_a_layer_that_is_frozen_midway_is_reported_with_its_step() -> None:
    (finding,) = train(at_first=True, later=False)
    assert (finding.kind, finding.layers, finding.severity) == ("frozen", ("0",), "info")
    # The first record of sizes after step 40.
    assert finding.first_step == 49
    assert "frozen from step 49 on" in finding.title


def test_a_layer_that_is_frozen_throughout_is_reported_once() -> None:
    (finding,) = train(at_first=False, later=False)
    assert (finding.kind, finding.first_step) == ("frozen", 1)


def test_a_layer_that_is_thawed_is_in_order() -> None:
    assert train(at_first=False, later=True) == []


@pytest.mark.parametrize(
    ("at_first", "told", "message"),
    [(True, 49, "the training should stop"), (False, 1, "only worth knowing")],
)
def test_frozen_layers_are_reported_and_stop_only_if_frozen_midway(
    at_first: bool, told: int, message: str
) -> None:
    """Who froze them before the training may have meant it."""
    found: list[Finding] = []
    with pytest.warns(ActivationHistWarning, match=message) as warned:
        train(at_first=at_first, later=False, stop_on="frozen", on_finding=found.append)
    assert ([finding.first_step for finding in found], len(warned)) == ([told], 1)

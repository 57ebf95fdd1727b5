"""Updates that are small for another reason than the learning rate, which is not blamed then."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter

STEPS = 72


def train(model: nn.Module, eps: float = 1e-8) -> list[Finding]:
    """Warnings and errors of a small classifier's training."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=eps)
    with ActivationHistLogger(model, MemoryWriter(), overhead_budget=None) as logger:
        for _ in range(STEPS):
            x = torch.randn(32, 8)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), x[:, :5].argmax(1))
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    return [own for own in logger.findings() if own.severity != "info"]


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 5)
    )


def test_units_that_are_dead_from_the_start() -> None:
    model = make_model()
    nn.init.constant_(model[0].bias, -12.0)
    nn.init.constant_(model[2].bias, -12.0)
    findings = train(model)
    assert findings[0].kind == "collapsed"
    assert not any("small_update" in own.threshold for own in findings)


def test_an_eps_far_above_the_gradients() -> None:
    assert {own.kind for own in train(make_model(), eps=10.0)} == {"optimizer_settings"}

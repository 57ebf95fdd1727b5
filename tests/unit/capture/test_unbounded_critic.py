"""A Wasserstein critic with and without something that bounds it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.recording.run_findings import find_memory_findings
from tests.unit.capture.watched_losses import descend


@pytest.mark.parametrize(("bound", "found"), [("nothing", 1), ("penalty", 0), ("clip", 0)])
def test_a_critic_that_nothing_bounds(bound: str, found: int) -> None:
    torch.manual_seed(0)
    make, critic = nn.Linear(2, 4), make_critic()
    optimizers = [torch.optim.RMSprop(own.parameters(), 2e-3) for own in (critic, make)]
    memory = MemoryWriter()
    models = {"make": make, "critic": critic}
    with ActivationHistLogger(models, memory, on_error="raise") as logger:
        for step in range(150):
            real = torch.randn(16, 4) + 2
            fake = make(torch.randn(16, 2))
            loss = critic(fake.detach()).mean() - critic(real).mean()
            if bound == "penalty":
                loss = loss + 10 * slope_penalty(critic, real)
            descend(loss, optimizers[0])
            if bound == "clip":
                with torch.no_grad():
                    for parameter in critic.parameters():
                        parameter.clamp_(-0.05, 0.05)
            if step % 2:
                descend(-critic(make(torch.randn(16, 2))).mean(), optimizers[1])
            logger.step()
    findings = find_memory_findings(memory)
    assert sum("critic_growth" in own.threshold for own in findings) == found


def make_critic() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(), nn.Linear(32, 1))


def slope_penalty(critic: nn.Module, values: Tensor) -> Tensor:
    values = values.clone().requires_grad_()
    (slope,) = torch.autograd.grad(critic(values).sum(), values, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean()

"""How far the gradients of a first step show targets to be from what a network gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.recording.run_findings import find_memory_findings

Loss = Callable[[Tensor, Tensor], Tensor]


def squares(output: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(output, 1000 + 300 * target)


def absolute(output: Tensor, target: Tensor) -> Tensor:
    return F.l1_loss(output, 1000 + 300 * target)


def summed(output: Tensor, target: Tensor) -> Tensor:
    return F.smooth_l1_loss(output, 1000 + 300 * target, reduction="sum")


def standardised(output: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(output, target, reduction="sum")


def accumulated(output: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(output, target) / 100


def classes(output: Tensor, target: Tensor) -> Tensor:
    """Beside a penalty that outweighs it."""
    return F.binary_cross_entropy_with_logits(output, (target > 0).float()) + 1000


@pytest.mark.parametrize(
    ("loss", "factor", "found"),
    [
        (squares, 1, 1),
        (absolute, 1, 1),
        (summed, 1, 1),
        (standardised, 1, 0),
        (accumulated, 100, 0),
        (classes, 1, 0),
    ],
)
def test_targets_in_large_units(loss: Loss, factor: float, found: int) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    assert train(model, loss, factor) == found


def test_a_model_that_gives_the_logarithm_of_a_likelihood() -> None:
    class Flow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))

        def forward(self, x: Tensor) -> Tensor:
            output: Tensor = self.body(x) - 500
            return output

    torch.manual_seed(0)
    assert train(Flow(), lambda output, _: -output.mean(), 1) == 0


def test_a_loss_of_derivatives() -> None:
    """Which hardly depends on the outputs themselves."""

    def loss(output: Tensor, target: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(output.sum(), INPUTS[-1], create_graph=True)
        return F.mse_loss(slope[:, :1], target) + 1e-9 * output.mean()

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
    assert train(model, loss, 1) == 0


def test_a_divergence_that_outweighs_the_targets() -> None:
    """It falls by itself, while the outputs stay where the targets are."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    spread = nn.Parameter(torch.full((1000,), -3.0))
    model.register_parameter("spread", spread)

    def loss(output: Tensor, target: Tensor) -> Tensor:
        divergence = (spread.exp() - spread - 1).sum()
        return F.mse_loss(output, target) + divergence

    assert train(model, loss, 1, steps=60) == 0


INPUTS: list[Tensor] = []


def train(model: nn.Module, loss: Loss, factor: float, steps: int = 20) -> int:
    """Number of such findings. factor: of what is logged, beside what is minimised."""
    optimizer, memory = torch.optim.Adam(model.parameters(), 1e-2), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(steps):
            x = torch.randn(16, 8, requires_grad=True)
            INPUTS[:] = [x]
            value = loss(model(x), x[:, :1].detach())
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=factor * value)
    findings = find_memory_findings(memory)
    told = [own for own in findings if "far_targets" in own.threshold]
    assert all((own.kind, own.first_step) == ("loss_mismatch", 1) for own in told)
    return len(told)

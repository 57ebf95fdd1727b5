"""A first cross entropy far above that of guessing, and what else makes a first loss large."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.run_findings import find_memory_findings

Loss = Callable[[Tensor, Tensor], Tensor]


class OnSphere(nn.Module):
    """Cosines that are multiplied by a number, as those of a loss with margins."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return 30 * F.normalize(self.body(x))


class Summed(nn.Module):
    """A graph of all pairs, whose neighbours are summed three times and not divided."""

    def __init__(self, neighbours: int) -> None:
        super().__init__()
        self.body = nn.Linear(8, 10)
        self.neighbours = neighbours

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.body(x)
        for _ in range(3):
            output = output * self.neighbours
        return output


def network(scale: float) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 10))
    with torch.no_grad():
        model[2].weight.mul_(scale)
    return model


def summed(logits: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(logits, target, reduction="sum")


def penalised(logits: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(logits, target) + 100


@pytest.mark.parametrize(("neighbours", "found"), [(1, 0), (20, 1)])
def test_logits_that_what_follows_the_last_layer_makes_huge(neighbours: int, found: int) -> None:
    told = learn(Summed(neighbours), F.cross_entropy)
    assert [own.threshold.keys() for own in told] == [{"far_logits"}] * found
    assert all((own.severity, own.layers) == ("warning", ("body",)) for own in told)


@pytest.mark.parametrize(
    ("model", "loss", "found"),
    [
        (network(60), F.cross_entropy, 1),
        (network(1), F.cross_entropy, 0),
        (network(8), F.cross_entropy, 0),
        (network(1), summed, 0),
        (network(1), penalised, 0),
        (OnSphere(), F.cross_entropy, 0),
    ],
)
def test_logits_that_start_too_large(model: nn.Module, loss: Loss, found: int) -> None:
    told = learn(model, loss)
    assert [own.threshold.keys() for own in told] == [{"large_logits"}] * found
    assert all((own.severity, own.layers) == ("warning", ("2",)) for own in told)


def test_a_loss_that_comes_down_to_guessing_does_not_excuse_them() -> None:
    (own,) = learn(network(60), F.cross_entropy, rate=0.05, steps=60)
    assert own.figures["loss_begin"] > 3 * own.figures["loss_of_guessing"]
    assert own.severity == "warning"


def learn(model: nn.Module, loss: Loss, *, rate: float = 1e-3, steps: int = 20) -> list[Finding]:
    """What is found to explode in a training on random classes."""
    torch.manual_seed(0)
    optimizer, memory = torch.optim.Adam(model.parameters(), rate), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(steps):
            value = loss(model(torch.randn(32, 8)), torch.randint(10, (32,)))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=value)
    return [own for own in find_memory_findings(memory) if own.kind == "exploding"]

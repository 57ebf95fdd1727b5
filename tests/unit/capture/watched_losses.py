"""Small trainings whose losses the watch looks at, and targets for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings import Finding, find_run_findings, info_to_run_facts

Loss = Callable[[Tensor, Tensor], Tensor]


def make_model(outputs: int = 1, *more: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, outputs), *more)


class Run:
    """A training on 512 samples: `facts` of its outputs and `findings`."""

    def __init__(self, model: nn.Module, loss: Loss, *, steps: int = 100, **more: Any) -> None:
        x = torch.randn(512, 8)
        target = 2 * x[:, 0] + x[:, 1]
        order = more.get("order", lambda step: torch.randint(0, 512, (32,)))
        if more.get("sorted"):
            chosen = target.argsort()
            order = lambda step: chosen[torch.arange(32 * step, 32 * step + 32) % 512]  # noqa: E731
        ascends = more.get("maximize", False)
        optimizer = torch.optim.Adam(model.parameters(), 1e-2, maximize=ascends)
        memory = MemoryWriter()
        with ActivationHistLogger(model, memory, on_error="raise") as logger:
            for step in range(steps):
                chosen_now = order(step)
                value = loss(model(x[chosen_now]), target[chosen_now])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                logger.step(loss=value)
        facts = info_to_run_facts(memory.run_info)
        self.facts = facts.of(LossGradients)
        layers = {key: (memory.infos[key], own) for key, own in memory.histograms.items()}
        self.findings = find_run_findings("run", layers, facts=facts)

    @property
    def mismatches(self) -> list[Finding]:
        return [own for own in self.findings if own.kind in ("loss_mismatch", "unshuffled_input")]


def own_targets(loss: Any) -> Loss:
    return lambda output, target: loss(output, target[:, None])


def classes(target: Tensor) -> Tensor:
    return (target > 0).long() + (target > 1).long()


def one_hot(target: Tensor) -> Tensor:
    return F.one_hot(classes(target), 3).float()


def labels(target: Tensor) -> Tensor:
    """Four of each sample, of which any may be true."""
    return (target[:, None] + torch.tensor([-1.0, 0.0, 0.5, 2.0]) > 0).float()


def binary(target: Tensor) -> Tensor:
    return (target > 0).float()[:, None]


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

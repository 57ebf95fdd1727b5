"""Findings from the size of weights before the first step, and from how they grow from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.run_findings import find_memory_findings
from tb_activation_hist.storage.memory_writer import MemoryWriter


def watch(model: nn.Module, steps: int, run: Callable[[int], None]) -> list[Finding]:
    """Findings of a model of which each step is made by `run`."""
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for index in range(steps):
            run(index)
            hist.step()
    return find_memory_findings(writer)


def start_norms(factor: float) -> list[Finding]:
    """Findings `vanishing` of a network whose norms start with factors of N(0, `factor`)."""
    torch.manual_seed(0)
    norms = [nn.LayerNorm(32) for _ in range(3)]
    layers = [layer for norm in norms for layer in (nn.Linear(32, 32), norm, nn.GELU())]
    model = nn.Sequential(*layers, nn.Linear(32, 1))
    for norm in norms:
        nn.init.normal_(norm.weight, 0, factor) if factor else nn.init.zeros_(norm.weight)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def run(_: int) -> None:
        x = torch.randn(16, 32)
        optimizer.zero_grad()
        (model(x)[:, 0] - x.mean(1)).square().mean().backward()
        optimizer.step()

    found = watch(model, 40, run)
    return [f for f in found if f.kind == "vanishing" and "vanishing_factors" in f.threshold]


def test_norms_that_start_like_convolutions() -> None:
    """Whose outputs are next to 0, and so the same for every sample: the cause is kept."""
    (finding,) = start_norms(0.02)
    assert (finding.severity, finding.layers) == ("warning", ("1", "4", "7"))
    assert "factors of norms start at 0.02" in finding.title
    assert "normal_(weight, 0, 0.02)" in finding.causes[0]


@pytest.mark.parametrize("factor", [0.0, 1.0])
def test_norms_that_start_at_0_or_1_are_meant(factor: float) -> None:
    assert start_norms(factor) == []


class Tables(nn.Module):
    """Users by items, as in collaborative filtering, from small tables."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(50, 16), nn.Embedding(60, 16)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, 0, 0.1)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return (self.users(users) * self.items(items)).sum(1)


@pytest.mark.parametrize(("size", "found"), [(0.7, 0), (2.5, 1)])
def test_small_tables_may_grow_to_usual_size(size: float, found: int) -> None:
    """7-fold is much for matrices, and little for embeddings that start at a tenth."""
    torch.manual_seed(0)
    model = Tables()

    def run(index: int) -> None:
        with torch.no_grad():
            for table in (model.users, model.items):
                table.weight.mul_((size / 0.1) ** (1 / 80) if index else 1.0)
        model(torch.arange(50), torch.arange(50)).square().sum().backward()

    findings = [f for f in watch(model, 81, run) if "weights" in f.threshold]
    assert [f.kind for f in findings] == ["exploding"] * found

"""Parameter groups with learning rates far apart, as fastai's slice(1e-6, 1e-2) makes them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.run_findings import find_memory_findings
from tb_activation_hist.storage.memory_writer import MemoryWriter


def train(first_rate: float, layers: Sequence[str] | None = None) -> list[Finding]:
    """Findings `not_learning` of a network whose first block has a learning rate of its own."""
    torch.manual_seed(0)
    block = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
    model = nn.Sequential(block, nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    rest = [p for name, p in model.named_parameters() if not name.startswith("0.")]
    groups = [{"params": block.parameters(), "lr": first_rate}, {"params": rest, "lr": 1e-2}]
    optimizer = torch.optim.Adam(groups)
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, optimizer=optimizer, layers=layers, on_error="raise"):
        for _ in range(80):
            x = torch.randn(16, 8)
            loss = (model(x)[:, 0] - x.sum(1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return [each for each in find_memory_findings(writer) if each.kind == "not_learning"]


@pytest.mark.parametrize("layers", [None, ["0", "1"]], ids=["leaves", "blocks"])
def test_a_group_with_a_ten_thousandth_of_the_rate_is_named(layers: list[str] | None) -> None:
    (finding,) = train(1e-6, layers)
    assert finding.severity == "warning"
    assert finding.layers[0] == ("0" if layers else "0.0")
    assert "1" not in finding.layers
    assert "10,000 times lower rate than layer 1" in finding.title
    assert "slice(1e-6, 1e-2)" in " ".join(finding.causes)


def test_a_hundredth_of_the_rate_is_usual() -> None:
    assert train(1e-4) == []

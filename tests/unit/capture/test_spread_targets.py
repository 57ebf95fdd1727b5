"""Targets of another shape, by which each output is held against those of all samples."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.recording.run_findings import find_memory_findings
from tests.unit.capture.watched_losses import Run, descend, make_model

pytestmark = pytest.mark.filterwarnings("ignore:Using a target size")


def test_pictures_without_the_channel_of_the_outputs() -> None:
    """Of shape (N, H, W) against (N, 1, H, W): each picture is held against those of all."""

    class Picture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x[:, :, None, None].expand(-1, -1, 4, 4).mean(1, keepdim=True))

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output, target[:, None, None].expand(-1, 4, 4))

    torch.manual_seed(0)
    (found,) = Run(Picture(), loss).mismatches
    assert "one_target" in found.threshold


def test_the_value_of_the_action_taken() -> None:
    """Q-learning: gather() gives (N, 1), the rewards have the shape (N,)."""

    def loss(values: Tensor, reward: Tensor) -> Tensor:
        action = torch.randint(0, 4, (len(values), 1))
        chosen = values.gather(1, action)
        return F.mse_loss(chosen, reward if broadcast else reward[:, None])

    broadcast = True
    (found,) = Run(make_model(4), loss).mismatches
    assert "one_target" in found.threshold
    broadcast = False
    run = Run(make_model(4), loss)
    assert run.mismatches == []
    assert run.facts[0].chosen == run.facts[0].looks


@pytest.mark.model_inputs
@pytest.mark.parametrize(("broadcast", "boundary", "found"), [(1, 0, 1), (0, 0, 0), (1, 1, 0)])
def test_all_of_the_data_in_each_batch(broadcast: int, boundary: int, found: int) -> None:
    """The targets' mean never changes then; nor does a boundary's value, beside another loss."""
    x = torch.linspace(-1, 1, 64)[:, None].expand(-1, 8)
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    memory = MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(40):
            output, target = model(x), (3 * x[:, 0]).sin()
            loss = F.mse_loss(output, target if broadcast else target[:, None])
            if boundary:
                loss = loss + (model(x[:32]) ** 2).mean()
            descend(loss, optimizer)
            logger.step(loss=loss)
    findings = find_memory_findings(memory)
    assert sum("one_target" in own.threshold for own in findings) == found

"""Losses of the overlap of masks, and of shares of classes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings import info_to_run_facts
from tb_activation_hist.recording.run_findings import find_memory_findings

Loss = Callable[[Tensor, Tensor], Tensor]
LIMITS = {"raw_overlap", "off_targets", "ascent", "no_logarithms", "over_batch"}


def dice(values: Tensor, masks: Tensor) -> Tensor:
    shared, both = (values * masks).sum((1, 2, 3)), (values + masks).sum((1, 2, 3))
    return (1 - (2 * shared + 1) / (both + 1)).mean()


def dice_of_all(values: Tensor, masks: Tensor) -> Tensor:
    return 1 - (2 * (values * masks).sum() + 1) / ((values + masks).sum() + 1)


def tversky(values: Tensor, masks: Tensor) -> Tensor:
    shared = (values * masks).sum((1, 2, 3))
    missed = ((1 - values) * masks).sum((1, 2, 3))
    wrong = (values * (1 - masks)).sum((1, 2, 3))
    return (1 - (shared + 1) / (shared + 0.7 * wrong + 0.3 * missed + 1)).mean()


def crossed(output: Tensor, masks: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(output, masks) + dice(output.sigmoid(), masks)


def quantile(output: Tensor, masks: Tensor) -> Tensor:
    off = masks - output
    return torch.maximum(0.1 * off, -0.9 * off).mean()


def learn(channels: int, loss: Loss, targets: Callable[[Tensor], Tensor]) -> set[str]:
    """Limits of what is found in a training on pictures."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, channels, 1))
    optimizer, memory = torch.optim.Adam(model.parameters(), 3e-3), MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(50):
            x = F.interpolate(torch.randn(8, 3, 4, 4), size=16)
            value = loss(model(x), targets(x))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=value)
    assert info_to_run_facts(memory.run_info).of(LossGradients)
    return {each for own in find_memory_findings(memory) for each in LIMITS & own.threshold.keys()}


def masks(x: Tensor) -> Tensor:
    return (x[:, :1] > 0.8).float()


@pytest.mark.parametrize(
    ("loss", "limits"),
    [
        (lambda o, m: dice(o.sigmoid(), m), set()),
        (lambda o, m: dice_of_all(o.sigmoid(), m), set()),
        (lambda o, m: tversky(o.sigmoid(), m), set()),
        (crossed, set()),
        (quantile, set()),
        (lambda o, m: F.l1_loss(o, m), set()),
        (lambda o, m: F.mse_loss(o, 5 * m), set()),
        (lambda o, m: F.mse_loss(o.sigmoid(), m), set()),
        (dice, {"raw_overlap"}),
        (dice_of_all, {"raw_overlap"}),
        (lambda o, m: 1 - dice(o.sigmoid(), m), {"ascent"}),
        (lambda o, m: -dice_of_all(o.sigmoid(), m), {"ascent"}),
        (lambda o, m: crossed(o, 255 * m), {"off_targets"}),
    ],
)
def test_overlaps_with_masks(loss: Loss, limits: set[str]) -> None:
    assert learn(1, loss, masks) == limits


def kinds(x: Tensor) -> Tensor:
    return (x[:, 0] > 0.5).long() + (x[:, 1] > 0.5).long() * 2


@pytest.mark.parametrize(
    ("loss", "limits"),
    [
        (F.cross_entropy, set()),
        (lambda o, k: F.nll_loss(o.log_softmax(-1), k), {"over_batch"}),
        (lambda o, k: F.nll_loss(o.log_softmax(2), k), set()),
    ],
)
def test_a_softmax_over_rows_of_pixels(loss: Loss, limits: set[str]) -> None:
    assert learn(4, loss, kinds) == limits


@pytest.mark.parametrize(
    ("loss", "limits"),
    [
        (F.cross_entropy, set()),
        (lambda o, s: F.kl_div(o.log_softmax(1), s, reduction="batchmean"), set()),
        (lambda o, s: -(o.softmax(1) * s).sum(1).mean(), set()),
        (lambda o, s: F.kl_div(o, s, reduction="batchmean"), {"no_logarithms"}),
    ],
)
def test_shares_of_classes(loss: Loss, limits: set[str]) -> None:
    """kl_div() expects logarithms of shares, not logits."""
    assert learn_shares(loss) == limits


def learn_shares(loss: Loss) -> set[str]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 5))
    optimizer, memory = torch.optim.Adam(model.parameters(), 3e-3), MemoryWriter()
    teacher = torch.randn(8, 5)
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(50):
            x = torch.randn(16, 8)
            value = loss(model(x), (x @ teacher).softmax(1))
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=value)
    return {each for own in find_memory_findings(memory) for each in LIMITS & own.threshold.keys()}

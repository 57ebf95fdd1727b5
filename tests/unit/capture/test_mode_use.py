"""Whether a module looks at its mode."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist.capture.mode_use import works_alike_in_eval


class DropsByItself(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, self.training)


class DropsInside(DropsByItself):
    """Looks at its mode in a function that a base class has."""


class AddsNoise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (lambda y: y + torch.randn_like(y) if self.training else y)(x)


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).relu()


@pytest.mark.parametrize(
    ("module", "alike"),
    [
        (Plain(), True),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.InstanceNorm2d(2)), True),
        (nn.TransformerEncoderLayer(8, 2, dropout=0.0), True),
        (nn.TransformerEncoderLayer(8, 2), False),
        (nn.LSTM(4, 8, 2), True),
        (nn.LSTM(4, 8, 2, dropout=0.1), False),
        (nn.Dropout(0.0), True),
        (nn.Dropout(0.1), False),
        (nn.BatchNorm1d(4, track_running_stats=False), True),
        (nn.BatchNorm1d(4), False),
        (DropsByItself(), False),
        (DropsInside(), False),
        (AddsNoise(), False),
        (torch.jit.script(nn.Linear(2, 2)), False),
    ],
    ids=lambda own: type(own).__name__ if isinstance(own, nn.Module) else str(own),
)
def test_modules_by_whether_they_look_at_their_mode(module: nn.Module, alike: bool) -> None:
    assert works_alike_in_eval(nn.Sequential(Plain(), module)) == alike

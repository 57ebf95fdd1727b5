"""Functions that a model ends in, of which no module tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist.capture.output_graph import is_sigmoid
from tests.unit.capture.watched_losses import Loss, Run, classes, make_model

Change = Callable[[Tensor], Tensor]


class Ends(nn.Module):
    """A network whose outputs go through a function."""

    def __init__(self, outputs: int, change: Change) -> None:
        super().__init__()
        self.body = make_model(outputs)
        self.change = change

    def forward(self, x: Tensor) -> Tensor:
        return self.change(self.body(x))


def binary_logits(output: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(output, (target > 0).float())


@pytest.mark.parametrize(
    ("outputs", "change", "loss", "found"),
    [
        (1, lambda z: z.sigmoid()[:, 0].clone(), binary_logits, 1),
        (1, lambda z: z[:, 0], binary_logits, 0),
        (1, lambda z: z[:, 0] * z[:, 0].sigmoid(), binary_logits, 0),
        (3, torch.sigmoid, lambda o, t: F.cross_entropy(o, classes(t)), 1),
        (1, torch.sigmoid, lambda o, t: F.binary_cross_entropy(o[:, 0], (t > 0).float()), 0),
        (1, lambda z: z.sigmoid()[:, 0], lambda o, t: F.mse_loss(o, t.sigmoid()), 0),
    ],
)
def test_a_sigmoid_in_forward_before_a_loss_that_takes_logits(
    outputs: int, change: Change, loss: Loss, found: int
) -> None:
    run = Run(Ends(outputs, change), loss, steps=60)
    assert sum("softened_twice" in own.threshold for own in run.findings) == found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (torch.sigmoid, True),
        (lambda z: z.sigmoid().T.reshape(-1)[None, 2:].double().squeeze(0).expand(3, -1), True),
        (lambda z: z.sigmoid() + 0, False),
        (lambda z: z, False),
        (lambda z: z.view(-1), False),
        (lambda z: z.detach(), False),
    ],
)
def test_what_the_graph_says_of_the_last_function(change: Change, expected: bool) -> None:
    assert is_sigmoid(change(torch.randn(4, 3, requires_grad=True))) == expected

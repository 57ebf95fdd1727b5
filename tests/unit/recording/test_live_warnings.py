"""What a training's user is told while it runs: each incident once, and again if it gets worse."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, ActivationHistWarning, MemoryWriter


def told_of_growth(*kinds: str) -> list[str]:
    """Kinds of the warnings of a training whose values grow a thousandfold by the step."""
    with pytest.warns(ActivationHistWarning) as caught:
        train(kinds)
    return [str(each.message).rpartition("(")[2].partition(",")[0] for each in caught]


def train(kinds: tuple[str, ...]) -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    with ActivationHistLogger(model, MemoryWriter(), warn_on=kinds, overhead_budget=None) as logger:
        for step in range(60):
            model(torch.randn(4, 8) * 1000.0 ** max(step - 40, 0))
            logger.step()


def test_what_follows_from_what_was_told_is_not_told() -> None:
    assert told_of_growth("exploding", "non_finite") == ["exploding"]


def maximise() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
    model.append(nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    kinds = ("loss_rises", "exploding")
    with ActivationHistLogger(model, MemoryWriter(), warn_on=kinds, overhead_budget=None) as logger:
        for _ in range(60):
            loss = -F.cross_entropy(model(torch.randn(64, 20)), torch.randint(0, 10, (64,)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)


def test_what_is_graver_names_what_was_reported_before() -> None:
    """A loss of the wrong sign is maximised at once, and makes the values explode later."""
    with pytest.warns(ActivationHistWarning) as caught:
        maximise()
    first, second = (str(each.message) for each in caught)
    assert first.startswith("the cross entropy is maximised, by the sign of the loss")
    assert "a minus in front of the loss" in first
    assert "It goes with what was reported before: the cross entropy is maximised" in second


def test_what_follows_is_told_where_it_alone_is_asked_for() -> None:
    assert told_of_growth("non_finite") == ["non_finite"]

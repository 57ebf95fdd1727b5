"""Healthy trainings of everyday networks that were warned once, in their smallest form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.findings import WATCHED_KINDS
from tb_activation_hist.recording.run_findings import find_memory_findings


def test_biases_of_users_that_cancel_out() -> None:
    """Bayesian personalised ranking compares two items of one user."""

    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = nn.Embedding(20, 4), nn.Embedding(10, 4)
            self.user_biases, self.item_biases = nn.Embedding(20, 1), nn.Embedding(10, 1)
            nn.init.zeros_(self.user_biases.weight)
            nn.init.zeros_(self.item_biases.weight)

        def forward(self, user: Tensor, item: Tensor) -> Tensor:
            biases = self.user_biases(user) + self.item_biases(item)
            return (self.users(user) * self.items(item)).sum(1, keepdim=True) + biases

    model = Factors()

    def loss() -> Tensor:
        user, item = torch.randint(20, (32,)), torch.randint(10, (32,))
        better = torch.where((user + item) % 2 == 0, item, (item + 1) % 10)
        return -F.logsigmoid(model(user, better) - model(user, (better + 1) % 10)).mean()

    assert warned(model, loss, torch.optim.Adam(model.parameters(), 0.02)) == []


def warned(
    model: nn.Module, loss: Callable[[], Tensor], optimizer: torch.optim.Optimizer
) -> list[str]:
    """Titles of the warnings and errors of 80 steps; none may be reported before."""
    memory = MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise", stop_on=WATCHED_KINDS) as logger:
        for _ in range(80):
            value = loss()
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            logger.step(loss=value)
        assert not logger.should_stop
    return [own.title for own in find_memory_findings(memory) if own.severity != "info"]

"""How often a layer ran in a step, counted over its forward passes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter


class Critic(nn.Module):
    """Its activation is called twice in each forward pass."""

    def __init__(self):
        super().__init__()
        self.act, self.last = nn.Tanh(), nn.Linear(4, 4)

    def forward(self, x):
        return self.act(self.last(self.act(x)))


def calls(**options):
    model, writer = Critic(), MemoryWriter()
    hist = ActivationHistLogger(model, writer, per_call=True, **options)
    return model, writer, hist


def test_calls_are_counted_over_the_forward_passes_of_a_step_in_the_order_they_ran():
    model, writer, hist = calls()
    for _ in range(2):
        for size in (1, 2, 3):
            model(torch.ones(size, 4))
        hist.step()
    hist.close()
    found = {key: series.n.tolist() for key, series in writer.histograms.items()}
    assert list(found.items()) == [
        ("act:0", [4, 4]),
        ("last:0", [4, 4]),
        ("act:1", [4, 4]),
        ("act:2", [8, 8]),
        ("last:1", [8, 8]),
        ("act:3", [8, 8]),
        ("act:4", [12, 12]),
        ("last:2", [12, 12]),
        ("act:5", [12, 12]),
    ]


@pytest.mark.parametrize("named", [False, True])
def test_an_evaluation_has_the_calls_of_one_forward_pass(named):
    model, writer = Critic(), MemoryWriter()
    given = {"D": model} if named else model
    options = {"phases": ("train", "eval"), "per_call": True}
    with ActivationHistLogger(given, writer, **options) as hist:
        model(torch.ones(1, 4))
        hist.step()
        model.eval()
        for _ in range(3):
            model(torch.ones(2, 4))
    prefix = "eval/D." if named else "eval/"
    found = {key: int(each.n[0]) for key, each in writer.histograms.items() if "eval" in key}
    assert found == {f"{prefix}{name}": 24 for name in ("act:0", "last:0", "act:1")}

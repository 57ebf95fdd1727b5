"""A small training with a logger on it, and what a tap saw of each layer beside it."""

from __future__ import annotations

import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import Tap


def make_model():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def batch():
    return torch.randn(5, 4)


class Training:
    """A model, a logger on it that raises its errors, and what a tap saw in each step."""

    def __init__(self, model=None, **options):
        self.model = make_model() if model is None else model
        self.tap, self.writer, self.seen = Tap(self.model), MemoryWriter(), {}
        self.hist = ActivationHistLogger(
            self.model, self.writer, **{"on_error": "raise", **options}
        )

    def step(self, x=None, forwards=1, **scalars):
        for _ in range(forwards):
            self.model(batch() if x is None else x).sum().backward()
        self.hist.step(**scalars)
        self.seen[self.hist.steps] = self.tap.take()

    def steps(self, count):
        for _ in range(count):
            self.step()

    @property
    def recorded(self):
        self.hist.close()
        return self.writer.histograms

"""What a step of a model with 1,000 leaf modules gives the counting backend and torch to do."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tb_activation_hist.capture import count_by_device, direct_count
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter

LEAVES = 1000


class Operations(TorchDispatchMode):
    """Counts torch's operations in this thread."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.counted[str(function)] += 1
        return function(*args, **(kwargs or {}))


class Recording:
    """The model under a logger whose backend counts its launches and nothing else."""

    def __init__(self, monkeypatch, **options):
        self.launches = 0
        backend = SimpleNamespace(count=self._launch)
        for module in (count_by_device, direct_count):
            monkeypatch.setattr(module, "c_extension", lambda: backend)
        self.model = nn.Sequential(*(nn.ReLU() for _ in range(LEAVES)))
        self.hist = ActivationHistLogger(self.model, MemoryWriter(), on_error="raise", **options)

    def _launch(self, *_):
        self.launches += 1

    def step(self):
        """Launches and operations of a training step."""
        before = self.launches
        with Operations() as operations:
            self.model(torch.ones(2))
            self.hist.step()
        self.hist.flush()
        return self.launches - before, operations.counted


@pytest.fixture
def plain_operations():
    model = nn.Sequential(*(nn.ReLU() for _ in range(LEAVES)))
    with Operations() as operations:
        model(torch.ones(2))
    return operations.counted


def test_a_recorded_step_launches_once_a_tensor_and_allocates_nothing(
    monkeypatch, plain_operations
):
    recording = Recording(monkeypatch)
    recording.step()
    recording.step()  # from here on the memory of records is used again
    launches, operations = recording.step()
    assert launches == LEAVES
    assert set(operations - plain_operations) <= {"aten.detach.default"}, "a view is no memory"
    recording.hist.close()


def test_an_unrecorded_step_launches_and_does_nothing(monkeypatch, plain_operations):
    recording = Recording(monkeypatch, every=10)
    recording.step()
    assert recording.step() == (0, plain_operations)
    recording.hist.close()

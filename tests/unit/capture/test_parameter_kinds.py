"""Parameters, gradients and updates with unusual optimizer steps and parameters."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted, tensor_to_values

KINDS = ("weight_gradients", "updates")


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("ends_step", [False, True])
def test_a_step_with_a_closure_counts_the_gradients_that_the_closure_makes(named, ends_step):
    model, writer, seen = nn.Linear(3, 2), MemoryWriter(), []
    unused = nn.Linear(1, 1)
    both = nn.ModuleDict({"used": model, "unused": unused})
    optimizer = torch.optim.SGD(both.parameters(), 0.1)
    hist = ActivationHistLogger(
        both,
        writer,
        kinds=KINDS,
        on_error="raise",
        layers=["used", "unused"],
        optimizer=optimizer if ends_step else None,
    )

    def closure():
        optimizer.zero_grad()
        loss = model(torch.randn(4, 3)).square().sum()
        loss.backward()
        seen.append(tensor_to_values(model.weight.grad))
        return loss

    with hist:
        for _ in range(3):
            if named:
                optimizer.step(closure=closure)
            else:
                optimizer.step(closure)
            if not ends_step:
                hist.step()
    recorded = writer.histograms
    assert_counted(recorded["weight_gradients/used.weight"], seen)
    assert recorded["updates/used.weight"].n.tolist() == [6, 6, 6]
    assert not [key for key in recorded if "unused" in key]


def test_a_complex_parameter_leaves_those_after_it_alone():
    first, second = nn.Linear(2, 2, dtype=torch.complex64), nn.Linear(2, 1)
    model, writer = nn.Sequential(first, second), MemoryWriter()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with ActivationHistLogger(model, writer, kinds=KINDS, on_error="raise") as hist:
        second(first(torch.ones(1, 2, dtype=torch.complex64)).abs()).sum().backward()
        optimizer.step()
        hist.step()
    assert set(writer.histograms) == {
        f"{kind}/1.{name}" for kind in KINDS for name in ("weight", "bias")
    }

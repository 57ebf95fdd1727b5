"""Lightning Fabric: the loop is the user's, the wrappers are Fabric's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

pytest.importorskip("lightning.fabric", reason="Lightning is an extra")

from lightning.fabric import Fabric

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded


@pytest.mark.parametrize("ends", ["step()", "optimizer="])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_fabric_loop_is_exact(ends: str, precision: str) -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    inner = torch.optim.SGD(plain.parameters(), 0.1)
    witness = Witness(plain, EVERY_KIND, [inner])
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    model, optimizer = fabric.setup(plain, inner)
    writer = MemoryWriter()
    given = optimizer if ends == "optimizer=" else None
    options = {"kinds": EVERY_KIND, "optimizer": given, "on_error": "raise"}
    with ActivationHistLogger(plain, writer, **options) as hist:
        for number in range(6):
            accumulating = number % 2 == 0
            with fabric.no_backward_sync(model, enabled=accumulating):
                fabric.backward(model(torch.randn(5, 4)).square().mean())
            if accumulating:
                continue
            fabric.clip_gradients(model, optimizer, max_norm=0.5)
            optimizer.step()
            optimizer.zero_grad()
            witness.end_step()
            if given is None:
                hist.step()
    assert_recorded(writer.histograms, witness.seen)
    assert writer.histograms["0"].n.tolist() == [2 * 5 * 8] * 3

"""Quantisation-aware training with what ships with torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.ao.quantization import DeQuantStub, QuantStub, get_default_qat_qconfig, prepare_qat

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torch")

LAYERS = ("conv", "act", "head")


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = QuantStub(), DeQuantStub()
        self.conv, self.act = nn.Conv2d(1, 4, 3), nn.ReLU()
        self.flat, self.head = nn.Flatten(), nn.Linear(16, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dequant(self.head(self.flat(self.act(self.conv(self.quant(x))))))


def test_the_layers_of_a_prepared_model_are_exact() -> None:
    """What a layer puts out is counted before its fake quantisation, which a later hook does."""
    torch.manual_seed(0)
    model = Net().train()
    model.qconfig = get_default_qat_qconfig("fbgemm")
    prepare_qat(model, inplace=True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    layers = {name: getattr(model, name) for name in LAYERS}
    witness, writer = Witness(layers, EVERY_KIND, [optimizer]), MemoryWriter()
    options = {"layers": list(LAYERS), "kinds": EVERY_KIND, "on_error": "raise"}
    with ActivationHistLogger(model, writer, **options) as hist:
        for _ in range(4):
            model(torch.randn(3, 1, 4, 4)).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            witness.end_step()
            hist.step()
    recorded = writer.histograms
    assert_recorded(recorded, witness.seen)
    assert {"conv", "gradients/conv", "weights/conv.weight", "updates/head.bias"} <= set(recorded)

"""Quantisation-aware training with what ships with torch."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.ao.quantization import (
    DeQuantStub,
    QuantStub,
    fuse_modules_qat,
    get_default_qat_qconfig,
    prepare_qat,
)

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
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


def prepare(model: nn.Module) -> None:
    model.qconfig = get_default_qat_qconfig("fbgemm")
    prepare_qat(model, inplace=True)


def fuse_and_prepare(model: nn.Module) -> None:
    fuse_modules_qat(model, [["conv", "act"]], inplace=True)
    prepare(model)


@pytest.mark.parametrize("switch_on", [prepare, fuse_and_prepare])
def test_a_training_that_goes_on_quantised_is_exact(switch_on: Callable[..., None]) -> None:
    """Torch moves the hooks of the layers that it replaces; none may count twice."""
    torch.manual_seed(0)
    model, writer = Net().train(), MemoryWriter()
    with ActivationHistLogger(model, writer, kinds=EVERY_KIND, on_error="raise") as hist:
        for number in range(5):
            if number == 2:
                switch_on(model)
            optimizer = torch.optim.SGD(model.parameters(), 0.1)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                model(torch.randn(3, 1, 4, 4)).square().mean().backward()
                optimizer.step()
                hist.step()
            messages = [str(each.message) for each in told if "layers changed" in str(each.message)]
            assert len(messages) == (number == 2)
    sizes = {"conv": 3 * 4 * 4, "act": 3 * 4 * 4, "flat": 3 * 16, "head": 3 * 2}
    for name, size in sizes.items():
        for kind in ("", "gradients/"):
            assert writer.histograms[kind + name].n.tolist() == [size] * 5, kind + name
    for kind in ("weights", "weight_gradients", "updates"):
        for name, size in (("conv", 4 * 9), ("head", 2 * 16)):
            assert writer.histograms[f"{kind}/{name}.weight"].n.tolist() == [size] * 5


def test_a_fused_convolution_is_a_layer() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).train()
    fuse_modules_qat(model, [["0", "1", "2"]], inplace=True)
    prepare(model)
    with ActivationHistLogger(model, MemoryWriter(), kinds=("activations", "weights")) as hist:
        model(torch.randn(3, 1, 4, 4))
        hist.step()
        found = hist.writer.histograms
    assert found["0"].n.tolist() == found["0.bn"].n.tolist() == [3 * 4 * 4]
    assert found["weights/0.weight"].n.tolist() == [4 * 9]

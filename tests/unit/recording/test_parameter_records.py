"""Weights, their gradients and updates in real trainings: the values and how often each counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.amp import GradScaler

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted, tensor_to_values
from tests.unit.recording.logged_training import batch, make_model


class Kinds:
    """A training that records all kinds, with the true values beside it."""

    def __init__(self, make_optimizer, scaler=None, **options):
        self.model, self.writer = make_model(), MemoryWriter()
        self.optimizer = make_optimizer(self.model)
        self.scaler = scaler
        self.options = {"kinds": ("gradients", "weights", "weight_gradients", "updates")} | options

    def run(self, steps):
        truth = []
        with ActivationHistLogger(
            self.model, self.writer, scaler=self.scaler, on_error="raise", **self.options
        ) as hist:
            for _ in range(steps):
                truth.append(self._step())
                hist.step()
        return truth

    def _step(self):
        named = dict(self.model.named_parameters())
        seen = {}
        out = self.model(batch()).square().sum()
        scaler = self.scaler
        (out if scaler is None else scaler.scale(out)).backward()
        factor = 1.0 if scaler is None else float(scaler.get_scale())
        before = {name: p.detach().clone() for name, p in named.items()}
        for name, p in named.items():
            if p.grad is not None:
                seen[f"weight_gradients/{name}"] = tensor_to_values(p.grad / factor)
        if scaler is None:
            self.optimizer.step()
        else:
            scaler.step(self.optimizer)
            scaler.update()
        self.optimizer.zero_grad()
        for name, p in named.items():
            seen[f"weights/{name}"] = tensor_to_values(p)
            rms = torch.maximum(before[name].square().mean(), p.detach().square().mean()).sqrt()
            seen[f"updates/{name}"] = tensor_to_values((p.detach() - before[name]) / rms)
        return seen


def sgd(model):
    return torch.optim.SGD(model.parameters(), 0.01)


@pytest.mark.parametrize("scaler", [None, "scaler"])
def test_parameters_their_gradients_and_updates(scaler):
    scaler = scaler and GradScaler("cpu", init_scale=2.0**10)
    kinds = Kinds(sgd, scaler)
    truth = kinds.run(3)
    recorded = kinds.writer.histograms
    for key in truth[0]:
        assert_counted(recorded[key], [step[key] for step in truth])


def test_activation_gradients_are_unscaled_and_belong_to_the_value_before_an_in_place_successor():
    recorded = []
    for scaler in (None, GradScaler("cpu", init_scale=2.0**10)):
        model, writer = make_model(), MemoryWriter()
        model[1] = nn.ReLU(inplace=True)
        options = {"kinds": ["gradients"], "scaler": scaler, "on_error": "raise"}
        with ActivationHistLogger(model, writer, **options) as hist:
            out = model(torch.ones(3, 4)).square().sum()
            (out if scaler is None else scaler.scale(out)).backward()
            hist.step()
        recorded.append(writer.histograms)
    plain, scaled = recorded
    assert set(plain) == {"gradients/0", "gradients/1", "gradients/2"}
    for key, series in plain.items():
        np.testing.assert_array_equal(series.bin_counts, scaled[key].bin_counts)
        np.testing.assert_allclose(series.std, scaled[key].std, rtol=1e-6)
    blocked = int((make_model()[0](torch.ones(3, 4)) <= 0).sum())
    assert plain["gradients/0"].zeros.tolist() == [blocked]


def test_frozen_and_unused_parameters_have_weights_but_no_gradients():
    kinds = Kinds(sgd)
    kinds.model[0].requires_grad_(False)
    kinds.run(2)
    recorded = kinds.writer.histograms
    assert "weights/0.weight" in recorded
    assert not {"weight_gradients/0.weight", "updates/0.weight"} & set(recorded)
    assert recorded["updates/2.weight"].n.tolist() == [16, 16]


def test_tied_parameters_count_once():
    model, writer = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)), MemoryWriter()
    model[1].weight = model[0].weight
    with ActivationHistLogger(model, writer, kinds=["weights"], on_error="raise") as hist:
        hist.step()
    assert set(writer.histograms) == {"weights/0.weight", "weights/0.bias", "weights/1.bias"}


def test_two_optimizers_in_turn_as_in_a_gan():
    model, writer = nn.ModuleDict({"g": nn.Linear(2, 2), "d": nn.Linear(2, 1)}), MemoryWriter()
    optimizers = [torch.optim.Adam(model[name].parameters(), 0.1) for name in "gd"]
    kinds = ["weight_gradients", "updates"]
    with ActivationHistLogger(model, writer, kinds=kinds, on_error="raise") as hist:
        for _ in range(3):
            for optimizer in optimizers:
                optimizer.zero_grad()
                model["d"](model["g"](torch.ones(4, 2))).sum().backward()
                optimizer.step()
            hist.step()
    recorded = writer.histograms
    for kind in kinds:
        assert recorded[f"{kind}/g.weight"].n.tolist() == [4, 4, 4]
        assert recorded[f"{kind}/d.weight"].n.tolist() == [2, 2, 2]


def test_updates_are_recorded_when_the_optimizer_ends_the_step():
    model, writer = make_model(), MemoryWriter()
    optimizer = sgd(model)
    with ActivationHistLogger(
        model, writer, kinds=["updates"], optimizer=optimizer, on_error="raise"
    ):
        for _ in range(2):
            model(batch()).sum().backward()
            optimizer.step()
    assert writer.histograms["updates/0.weight"].steps.tolist() == [1, 2]


def test_a_stage_brings_the_parameters_below_it():
    model, writer = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU())), MemoryWriter()
    with ActivationHistLogger(model, writer, layers="0", kinds=["weights"]) as hist:
        hist.step()
    assert set(writer.histograms) == {"weights/0.0.weight", "weights/0.0.bias"}

"""Optimizers that ask for more than one evaluation, and steps that a scaler may leave out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.amp import GradScaler

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded


def make_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))


@pytest.mark.parametrize("ends", ["step()", "optimizer="])
def test_each_evaluation_of_lbfgs_counts_in_its_step(ends: str) -> None:
    """Activations of all evaluations; the weights' gradient is the last evaluation's."""
    model, writer = make_model(), MemoryWriter()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3, line_search_fn="strong_wolfe")
    kinds = ("activations", "gradients", "weights", "updates")
    witness = Witness(model, kinds, [optimizer])
    given = optimizer if ends == "optimizer=" else None
    options = {"kinds": EVERY_KIND, "optimizer": given, "on_error": "raise"}
    x = torch.randn(16, 4)
    evaluations = []
    with ActivationHistLogger(model, writer, **options) as hist:
        for _ in range(3):
            evaluations.append(0)

            def closure() -> Tensor:
                evaluations[-1] += 1
                optimizer.zero_grad()
                loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
                loss.backward()
                return loss

            model(x)
            nn.functional.mse_loss(model(x), x[:, :1]).backward()
            optimizer.step(closure)
            for name, parameter in model.named_parameters():
                witness.keep(f"weight_gradients/{name}", parameter.grad)
            witness.end_step()
            if given is None:
                hist.step()
    assert min(evaluations) > 1
    assert_recorded(writer.histograms, witness.seen)
    assert writer.histograms["0"].n.tolist() == [(2 + count) * 16 * 8 for count in evaluations]


def test_accumulation_under_a_scaler_and_a_step_that_it_leaves_out() -> None:
    """Gradients are counted without the scale; a skipped step has activations, and no update."""
    model, writer = make_model(), MemoryWriter()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = GradScaler("cpu", init_scale=2.0**8, growth_interval=2)
    kinds = ("activations", "weights", "weight_gradients", "updates")
    witness = Witness(model, kinds, [optimizer])
    with ActivationHistLogger(model, writer, kinds=kinds, on_error="raise", scaler=scaler) as hist:
        for number in range(5):
            for _ in range(3):
                loss = model(torch.randn(4, 4)).square().mean() / 3
                scaler.scale(loss * (torch.inf if number == 2 else 1)).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            witness.end_step()
            hist.step()
    recorded = writer.histograms
    assert_recorded(recorded, witness.seen)
    assert recorded["updates/0.weight"].steps.tolist() == [1, 2, 4, 5]
    assert recorded["0"].n.tolist() == [3 * 4 * 8] * 5


def test_the_gradients_of_activations_are_those_without_the_scale() -> None:
    """Powers of two, so the scaled training has the very values of the plain one."""
    recorded = []
    for scaler in (None, GradScaler("cpu", init_scale=2.0**8)):
        model, writer = make_model(), MemoryWriter()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        witness = Witness(model, ("gradients",), [optimizer])
        options = {"kinds": ("gradients",), "scaler": scaler, "on_error": "raise"}
        with ActivationHistLogger(model, writer, **options) as hist:
            for _ in range(3):
                for _ in range(2):
                    loss = model(torch.randn(4, 4)).square().mean()
                    (loss if scaler is None else scaler.scale(loss)).backward()
                if scaler is None:
                    optimizer.step()
                else:
                    scaler.step(optimizer)
                    scaler.update()
                optimizer.zero_grad()
                witness.end_step()
                hist.step()
        recorded.append(writer.histograms)
        if scaler is None:
            plain = witness.seen
    for histograms in recorded:
        assert_recorded(histograms, plain)

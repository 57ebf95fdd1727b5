"""torch.func: what is recorded of a training without modules' own calls, and what is not."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import assert_counted
from tests.unit.scripts.witness import Witness, assert_recorded


def make_model() -> tuple[nn.Module, dict[str, Tensor]]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    return model, {name: p.detach().clone() for name, p in model.named_parameters()}


def test_functional_call_is_a_call_and_its_gradients_are_counted() -> None:
    model, parameters = make_model()
    kinds = ("activations", "gradients")
    witness, writer = Witness(model, kinds), MemoryWriter()
    with ActivationHistLogger(model, writer, kinds=kinds, on_error="raise") as hist:
        for _ in range(4):
            given = {name: p.requires_grad_() for name, p in parameters.items()}
            loss = functional_call(model, given, torch.randn(5, 4)).square().mean()
            gradients = torch.autograd.grad(loss, list(given.values()))
            parameters = {
                name: (p - 0.1 * g).detach()
                for (name, p), g in zip(given.items(), gradients, strict=True)
            }
            witness.end_step()
            hist.step()
    assert_recorded(writer.histograms, witness.seen)


def train(
    steps: int, hist: ActivationHistLogger | None, model: nn.Module, start: dict[str, Tensor]
) -> dict[str, Tensor]:
    def loss_of(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(model, parameters, x).square().sum()

    parameters = start
    torch.manual_seed(1)
    for _ in range(steps):
        each = vmap(grad(loss_of), in_dims=(None, 0))(parameters, torch.randn(5, 4))
        parameters = {name: p - 0.1 * each[name].mean(0) for name, p in parameters.items()}
        if hist is not None:
            hist.step()
    return parameters


def test_values_inside_of_a_transform_are_left_out_and_the_training_is_the_same() -> None:
    """vmap and grad hand out wrappers without values; plain calls beside them count."""
    model, start = make_model()
    plain = train(3, None, model, start)
    writer = MemoryWriter()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with ActivationHistLogger(model, writer, on_error="raise") as hist:
            recorded = train(3, hist, model, start)
            witness = Witness(model)
            model(torch.randn(5, 4))
            witness.end_step()
            hist.step()
    assert all(torch.equal(recorded[name], plain[name]) for name in plain)
    (own,) = [each for each in told if each.category is ActivationHistWarning]
    assert own.filename == __file__
    assert "0, 1, 2 ran only inside a transform (vmap or grad of torch.func" in str(own.message)
    assert "call the model itself once in each step" in str(own.message)
    for key, series in writer.histograms.items():
        assert series.steps.tolist() == [4]
        assert_counted(series, [witness.seen[0][key]])
    assert set(writer.histograms) == set(witness.seen[0]) == {"0", "1", "2"}

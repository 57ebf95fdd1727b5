"""Sizes of all parameters at a low cadence, recorded by default."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter, read_histograms
from tb_activation_hist.core.errors import FormatError
from tb_activation_hist.core.parameter_sizes import ParameterSizes
from tb_activation_hist.recording.run_findings import find_directory_findings
from tb_activation_hist.storage.size_codec import HEADER, decode_sizes

STEPS = 40
MEASURED = [1, 2, 3, 5, 9, 17, 33]
"""Steps whose records are measured by default."""


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(70, 80), nn.ReLU(), nn.Linear(80, 80), nn.Linear(80, 2))


def train(model: nn.Module, logger: ActivationHistLogger, *parts: nn.Module) -> None:
    own = [parameter for part in parts for parameter in part.parameters()]
    optimizer = torch.optim.SGD(own, 0.1)
    with logger:
        for _ in range(STEPS):
            optimizer.zero_grad()
            model(torch.randn(8, 70)).square().mean().backward()
            optimizer.step()
            logger.step()


def record(model: nn.Sequential, *parts: nn.Module, **options: object) -> ParameterSizes:
    writer = MemoryWriter()
    train(model, ActivationHistLogger(model, writer, on_error="raise", **options), *parts)
    writer.close()
    return writer.parameter_sizes()


def test_weights_are_measured_more_often_at_first_then_in_each_16th_record_and_at_the_end():
    sizes = record(make_model(), *make_model())
    assert list(sizes) == ["0.weight", "0.bias", "2.weight", "2.bias", "3.weight", "3.bias"]
    assert sizes["0.weight"].weights.steps.tolist() == [0, *MEASURED, STEPS]


@pytest.mark.parametrize("every", [1, 2, 3])
def test_closing_measures_no_record_again(every):
    model = make_model()
    sizes = record(model, model, sizes_every=every)["0.weight"]
    early = {1, 2, 3}.intersection(range(1, every + 1))
    steps = sorted({*range(1, STEPS + 1, every), *early})
    assert sizes.gradients.steps.tolist() == sizes.updates.steps.tolist() == steps
    assert sizes.weights.steps.tolist() == sorted({0, *steps, STEPS})
    assert sizes.weights.same.tolist() == [-1, *[0] * (len(sizes.weights) - 1)]


def test_sizes_are_those_of_the_values():
    model = make_model()
    start = model[3].weight.detach().clone()
    sizes = record(model, *model)["3.weight"]
    now = model[3].weight.detach().double()
    assert sizes.weights.n.tolist() == [160] * 9
    assert sizes.weights.rms[0] == pytest.approx(float(start.double().square().mean().sqrt()))
    assert sizes.weights.rms[-1] == pytest.approx(float(now.square().mean().sqrt()))
    assert sizes.gradients.steps.tolist() == sizes.updates.steps.tolist() == MEASURED
    expected = 0.1 * sizes.gradients.rms / sizes.weights.rms[1:8]
    np.testing.assert_allclose(sizes.updates.rms, expected, rtol=0.05)
    assert set(sizes.facts.rates[1:]) == {0.1}


def test_a_layer_that_no_optimizer_has_is_the_same_to_the_bit_with_a_gradient_and_no_update():
    model = make_model()
    sizes = record(model, model[0], model[3])
    assert sizes["2.weight"].weights.same.tolist() == [-1, *[1] * 8]
    assert sizes["2.weight"].weights.always_same
    assert sizes["2.weight"].optimized is False
    assert (sizes["2.weight"].gradients.rms > 0).all()
    assert len(sizes["2.weight"].updates) == 0
    assert sizes["0.weight"].weights.same.tolist() == [-1, *[0] * 8]
    assert sizes["0.weight"].optimized is True


def test_a_single_changed_value_outside_of_the_sample_is_noticed():
    model = make_model()
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise", sizes_every=1) as logger:
        for step in range(6):
            model(torch.randn(8, 70))
            if step == 4:
                with torch.no_grad():
                    model[2].weight.view(-1)[70] += 1e-6
            logger.step()
    assert writer.parameter_sizes()["2.weight"].weights.same.tolist() == [-1, 1, 1, 1, 1, 0, 1]
    writer.close()


def test_a_detached_layer_has_no_gradient():
    class Detached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(70, 4), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.b(self.a(x).detach())

    model = Detached()
    writer = MemoryWriter()
    train(model, ActivationHistLogger(model, writer, on_error="raise"), model)
    writer.close()
    sizes = writer.parameter_sizes()["a.weight"]
    assert sizes.gradients.n.tolist() == [0] * 7
    assert sizes.weights.always_same


def test_they_are_stored_and_read_back(tmp_path: Path):
    model = make_model()
    train(model, ActivationHistLogger(model, tmp_path, on_error="raise"), model)
    run = read_histograms(tmp_path)["."]
    assert list(run) == ["0", "1", "2", "3"]
    table = run.parameter_sizes().to_dataframe()
    own = table[(table.parameter == "0.weight") & (table.kind == "weights")]
    assert own.step.tolist() == [0, *MEASURED, STEPS]
    assert own.same.tolist() == [None, *[False] * 8]


def test_recorded_kinds_fill_them_in_every_record(tmp_path: Path):
    model = make_model()
    kinds = ("activations", "weights", "weight_gradients", "updates")
    logger = ActivationHistLogger(model, tmp_path, kinds=kinds, on_error="raise")
    train(model, logger, model[0], model[3])
    sizes = read_histograms(tmp_path)["."].parameter_sizes()
    assert sizes["2.weight"].weights.steps.tolist() == list(range(STEPS + 1))
    assert sizes["2.weight"].weights.same[2:].tolist() == [1] * (STEPS - 1)
    assert sizes["0.weight"].weights.same[2:].tolist() == [0] * (STEPS - 1)


def test_none_turns_them_off():
    assert len(record(make_model(), *make_model(), sizes_every=None)) == 0


def test_damaged_blocks_are_refused():
    with pytest.raises(FormatError, match="Not a block of sizes"):
        decode_sizes(b"AHB")
    with pytest.raises(FormatError, match="damaged"):
        decode_sizes(HEADER.pack(b"AHP", 1, 1, 1, 9, 1, 0) + b"xx")
    with pytest.raises(FormatError, match="Upgrade"):
        decode_sizes(HEADER.pack(b"AHP", 2, 1, 1, 9, 1, 0))


def test_a_resumed_run_with_a_layer_that_no_optimizer_has_is_reported_by_default(tmp_path: Path):
    model = make_model()
    for _ in range(2):
        train(model, ActivationHistLogger(model, tmp_path, on_error="raise"), model[0], model[3])
    (finding,) = find_directory_findings(str(tmp_path))
    assert (finding.kind, finding.layers) == ("not_learning", ("2",))


def look_at(model: nn.Module, *, backward: bool, optimizer: torch.optim.Optimizer | None = None):
    """Findings of passes in train mode, and the parameters' sizes."""
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as logger:
        for _ in range(60):
            model.zero_grad()
            loss = model(torch.randn(8, 70)).square().mean()
            if backward:
                loss.backward()
            if optimizer is not None:
                optimizer.step()
            logger.step()
        findings = [f for f in logger.findings() if f.kind == "not_learning"]
    return findings, writer.parameter_sizes()


def test_a_model_that_is_only_looked_at_need_not_learn():
    findings, sizes = look_at(make_model(), backward=False)
    assert findings == []
    assert {own.optimized for own in sizes.values()} == {None}


def test_gradients_that_no_optimizer_uses_are_reported():
    model = make_model()
    (finding,), sizes = look_at(model, backward=True)
    assert (finding.severity, finding.title[:15]) == ("error", "no layer learns")
    assert sizes["0.weight"].gradients.rms.min() > 0
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())


def test_an_optimizer_of_another_model_is_known_as_such():
    model, other = make_model(), make_model()
    for parameter in other.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = torch.optim.SGD(other.parameters(), 0.1)
    (finding,), sizes = look_at(model, backward=True, optimizer=optimizer)
    assert finding.severity == "error"
    assert {own.optimized for own in sizes.values()} == {False}
    assert sizes["3.weight"].gradients.rms.min() > 0


def test_a_teacher_beside_a_student_that_learns_is_left_in_peace():
    student = make_model()
    for parameter in student.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = torch.optim.SGD(student.parameters(), 0.1)
    findings, _ = look_at(make_model(), backward=False, optimizer=optimizer)
    assert findings == []


def test_a_layer_that_was_untied_after_the_optimizer_was_made_is_reported():
    layers = [nn.Linear(16, 16, bias=False) for _ in range(2)]
    layers[1].weight = layers[0].weight
    model = nn.Sequential(nn.Linear(70, 16), layers[0], nn.ReLU(), layers[1])
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    layers[1].weight = nn.Parameter(layers[1].weight.detach().clone())
    (finding,), _ = look_at(model, backward=True, optimizer=optimizer)
    assert finding.layers == ("3",)


def test_gradients_are_not_looked_for_once_an_optimizer_steps(monkeypatch):
    asked = []
    original = nn.Parameter.register_post_accumulate_grad_hook
    monkeypatch.setattr(
        nn.Parameter,
        "register_post_accumulate_grad_hook",
        lambda self, hook: asked.append(self) or original(self, hook),
        raising=False,
    )
    model = make_model()
    record(model, model)
    # Once each, the first and the last matrix, to see whether gradients are cleared.
    assert list(map(id, asked)) == [id(model[0].weight), id(model[-1].weight)]
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())


def test_gradients_are_those_without_the_loss_scale():
    def gradients(scaler: torch.amp.GradScaler) -> np.ndarray:
        model, writer = make_model(), MemoryWriter()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        torch.manual_seed(1)
        with ActivationHistLogger(model, writer, on_error="raise") as logger:
            for _ in range(5):
                optimizer.zero_grad()
                scaler.scale(model(torch.randn(8, 70)).square().mean()).backward()
                scaler.step(optimizer)
                scaler.update()
                logger.step()
        return writer.parameter_sizes()["0.weight"].gradients.rms

    scaled, plain = (gradients(torch.amp.GradScaler("cpu", enabled=on)) for on in (True, False))
    assert len(scaled) == 4
    np.testing.assert_allclose(scaled, plain, rtol=1e-5)

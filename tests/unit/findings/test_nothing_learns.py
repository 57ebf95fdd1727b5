"""Trainings in which gradients arrive, but no optimizer step ever follows."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.findings import Finding
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.run_findings import find_memory_findings
from tb_activation_hist.storage.memory_writer import MemoryWriter


class Scaler:
    """Skips the optimizer's step where a gradient is not finite, as torch's GradScaler does."""

    def __init__(self, scale: float, *, broken: bool = False) -> None:
        self.scale = scale
        self.broken = broken

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        given = [p.grad for group in optimizer.param_groups for p in group["params"]]
        if not self.broken and all(bool(each.isfinite().all()) for each in given):
            for each in given:
                each /= self.scale
            optimizer.step()


def train(
    scaler: Scaler,
    factor: float = 1.0,
    *,
    steps: int = 64,
    clear: bool = True,
    copied: bool = False,
) -> list[Finding]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 1))
    other = copy.deepcopy(model)
    for parameter in other.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = torch.optim.SGD((other if copied else model).parameters(), 1e-2)
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as logger:
        for _ in range(steps):
            x = torch.randn(16, 8)
            loss: Tensor = (model(x)[:, 0] - x.sum(1)).square().mean()
            (factor * scaler.scale * loss).backward()
            scaler.step(optimizer)
            # Before the logger looks: the gradients have arrived nevertheless.
            if clear:
                model.zero_grad()
            logger.step(loss=loss)
    return find_memory_findings(writer)


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_scaler_that_skips_every_step_teaches_nothing(factor: float) -> None:
    (finding,) = train(Scaler(2.0**16), factor)
    assert (finding.kind, finding.severity) == ("not_learning", "error")
    assert "every gradient is NaN or infinite" in finding.title
    assert "GradScaler that skips every step" in finding.causes[0]


def test_gradients_that_are_finite_and_never_used() -> None:
    (finding,) = train(Scaler(2.0**16, broken=True))
    assert (finding.kind, finding.severity) == ("not_learning", "error")
    assert "gradients arrive, but no optimizer makes a step" in finding.title
    assert finding.causes[0] == "optimizer.step() that is never called"


def test_a_forgotten_step_is_known_after_ten_records() -> None:
    found = train(Scaler(1.0, broken=True), steps=10)
    assert [(each.kind, each.severity) for each in found] == [("not_learning", "error")]


def test_gradients_that_are_added_up_over_many_steps_are_fine() -> None:
    assert train(Scaler(1.0, broken=True), steps=10, clear=False) == []


def test_a_scaler_that_looks_for_its_scale_is_fine() -> None:
    assert train(Scaler(2.0**16), float("inf"), steps=12) == []


def test_an_optimizer_of_another_model() -> None:
    (finding,) = train(Scaler(1.0), copied=True)
    assert "gradients arrive, but the optimizer has other parameters" in finding.title
    assert "built from other tensors" in finding.causes[0]


@pytest.mark.parametrize("frozen_stepped", [False, True])
def test_an_optimizer_of_the_frozen_copy_in_the_same_run(frozen_stepped: bool) -> None:
    """Q-learning with Adam(target.parameters()): what learns is in no optimizer."""
    torch.manual_seed(0)
    online = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    target = copy.deepcopy(online).requires_grad_(False)
    optimizer = torch.optim.SGD((target if frozen_stepped else online).parameters(), 1e-2)
    writer = MemoryWriter()
    models = {"online": online, "target": target}
    with ActivationHistLogger(models, writer, on_error="raise") as logger:
        for _ in range(64):
            x = torch.randn(16, 8)
            optimizer.zero_grad()
            loss: Tensor = (online(x) - target(x) - 1).square().mean()
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    found = [own for own in find_memory_findings(writer) if own.kind == "not_learning"]
    assert ["the optimizer has other parameters" in own.title for own in found] == (
        [True] * frozen_stepped
    )


def test_a_loss_without_a_slope_after_a_training_before() -> None:
    """Frozen layers keep the gradients of that training; those of the others are all 0."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    model(torch.randn(16, 8)).sum().backward()
    model[0].requires_grad_(False)
    optimizer = torch.optim.SGD(model[2].parameters(), 1e-2)
    writer = MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as logger:
        for _ in range(64):
            optimizer.zero_grad()
            loss: Tensor = model(torch.randn(16, 8)).round().square().mean()
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    (found,) = (own for own in find_memory_findings(writer) if own.kind == "not_learning")
    assert "their gradient is exactly 0" in found.title
    assert "round()" in found.causes[0]


@pytest.mark.parametrize(
    ("kind", "severity"), [("rounded", ["warning"]), ("no use", ["info"]), ("used", [])]
)
def test_a_part_whose_gradient_is_always_0(kind: str, severity: list[str]) -> None:
    """Such as one behind a round(); a part that gets none may be left out on purpose."""
    torch.manual_seed(0)
    parts = nn.ModuleDict({name: nn.Linear(8, 8) for name in ("first", "middle", "last")})

    def forward(x: Tensor) -> Tensor:
        x = parts["first"](x)
        middle = parts["middle"](x)
        used = {"rounded": middle.round(), "no use": 0.0, "used": middle}[kind]
        return parts["last"](x + used)

    optimizer = torch.optim.Adam(parts.parameters(), 1e-2)
    writer = MemoryWriter()
    with ActivationHistLogger(parts, writer, on_error="raise") as logger:
        for _ in range(20):
            x = torch.randn(16, 8)
            loss = (forward(x) - x.roll(1, 1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            logger.step(loss=loss)
    found = [own for own in find_memory_findings(writer) if own.kind == "not_learning"]
    assert [own.severity for own in found] == severity
    assert all(own.layers == ("middle",) for own in found)


def test_a_scaler_that_steps_is_fine() -> None:
    assert train(Scaler(1.0)) == []

"""A DeepSpeed-like engine: it holds the model and the optimizer, and decides when to step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.unit.scripts.witness import EVERY_KIND, Witness, assert_recorded

MICRO_BATCHES = 3


class ZeroOptimizer:
    """DeepSpeed's kind of optimizer: no torch.optim.Optimizer, but it has one in `optimizer`."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.param_groups = optimizer.param_groups

    def step(self, closure: Any = None) -> None:
        self.optimizer.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.optimizer.zero_grad(set_to_none)


class Engine(nn.Module):
    """`engine(x)`, `engine.backward(loss)`, `engine.step()`; a step every third call."""

    def __init__(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        super().__init__()
        self.module = module
        self.optimizer = ZeroOptimizer(optimizer)
        self.micro_steps = 0

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.module(*inputs)

    def backward(self, loss: Tensor) -> None:
        (loss / MICRO_BATCHES).backward()

    def is_gradient_accumulation_boundary(self) -> bool:
        return (self.micro_steps + 1) % MICRO_BATCHES == 0

    def step(self) -> None:
        if self.is_gradient_accumulation_boundary():
            self.optimizer.step()
            self.optimizer.zero_grad()
        self.micro_steps += 1


def make_engine() -> tuple[Engine, Witness]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    witness = Witness(model, EVERY_KIND, [optimizer])
    optimizer.register_step_post_hook(lambda *_: witness.end_step())
    return Engine(model, optimizer), witness


def run(engine: Engine) -> None:
    for _ in range(4 * MICRO_BATCHES):
        engine.backward(engine(torch.randn(5, 4)).square().mean())
        engine.step()


@pytest.mark.parametrize("given", ["engine", "engine.optimizer", "inner"])
def test_the_engines_own_steps_end_the_loggers(given: str) -> None:
    engine, witness = make_engine()
    optimizer = {
        "engine": engine,
        "engine.optimizer": engine.optimizer,
        "inner": engine.optimizer.optimizer,
    }[given]
    writer = MemoryWriter()
    options: dict[str, Any] = {"kinds": EVERY_KIND, "on_error": "raise", "optimizer": optimizer}
    with ActivationHistLogger(engine.module, writer, **options) as hist:
        run(engine)
        assert hist.steps == 4
    assert_recorded(writer.histograms, witness.seen)


def test_step_after_the_boundary_records_the_same() -> None:
    engine, witness = make_engine()
    writer = MemoryWriter()
    with ActivationHistLogger(engine, writer, kinds=EVERY_KIND, on_error="raise") as hist:
        for _ in range(4 * MICRO_BATCHES):
            engine.backward(engine(torch.randn(5, 4)).square().mean())
            boundary = engine.is_gradient_accumulation_boundary()
            engine.step()
            if boundary:
                hist.step()
    recorded = {key.replace("module.", "", 1): s for key, s in writer.histograms.items()}
    assert_recorded(recorded, witness.seen)

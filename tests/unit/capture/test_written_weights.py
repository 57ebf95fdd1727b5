"""Weights that something other than their optimizer writes to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.core.setup_facts import (
    OptimizerGroup,
    RateHistory,
    RestoredWeights,
)
from tb_activation_hist.findings import info_to_run_facts
from tests.unit.capture.watched_script import Script, make_model


@pytest.mark.parametrize(("every", "times", "last"), [(1, 19, 20), (6, 3, 19), (100, 0, 0)])
def test_weights_that_are_set_back(every: int, times: int, last: int) -> None:
    found = Script(load_every=every).run().of(RestoredWeights)
    if not times:
        assert found == []
    for fact in found:
        assert (fact.times, fact.value, fact.last, fact.writes) == (times, 1, last, times)


def test_a_script_that_makes_an_optimizer_in_each_step_fills_no_file() -> None:
    script, kept = Script(), []

    def make_anew(_step: int) -> None:
        script.optimizer = torch.optim.SGD(script.model.parameters(), 0.1)
        kept.append(script.optimizer)

    script.before = make_anew  # type: ignore[method-assign]
    facts = script.run(40)
    assert len(facts.of(OptimizerGroup)) == len(facts.of(RateHistory)) == 16


def test_weights_of_the_start_that_are_loaded_with_a_new_optimizer() -> None:
    script = Script()

    def resume(step: int) -> None:
        if step == 13:
            script.model.load_state_dict(script.start)
            script.optimizer = torch.optim.Adam(script.model.parameters(), 1e-2)

    script.before = resume  # type: ignore[method-assign]
    found = script.run().of(RestoredWeights)
    assert [(f.times, f.value, f.first) for f in found] == [(1, 1, 14)] * 2


def test_weights_that_are_clipped_to_the_same_ends_are_not_set_back() -> None:
    """A Wasserstein critic whose every weight is at an end again, whatever a step did."""
    script = Script()
    judge = script.model[3].weight

    def clip(_step: int) -> None:
        with torch.no_grad():
            judge.copy_(torch.where(judge > 0, 0.1, -0.1))

    script.before = clip  # type: ignore[method-assign]
    assert [fact.times for fact in script.run().of(RestoredWeights)] == [0]


def test_weights_that_are_swapped_for_a_look_are_not_set_back() -> None:
    found = Script(swap=True).run().of(RestoredWeights)
    assert [(fact.writes, fact.times) for fact in found] == [(19, 0)] * 2


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda weight: nn.init.kaiming_uniform_(weight), [(2, 9)]),
        (lambda weight: weight.clamp_(-0.3, 0.3), [(0, 0)]),
        (lambda weight: weight.mul_(0.5).add_(0.05 * torch.randn_like(weight)), [(0, 0)]),
        (lambda weight: weight.zero_(), [(0, 0)]),
    ],
)
def test_weights_that_are_initialised_anew(
    change: Callable[[Tensor], Tensor], found: list[tuple[int, int]]
) -> None:
    """The last layer has too few weights to tell."""
    script = Script()

    def write(step: int) -> None:
        if step in (8, 16):
            with torch.no_grad():
                change(script.model[0].weight)

    script.before = write  # type: ignore[method-assign]
    facts = script.run().of(RestoredWeights)
    assert [(fact.replaced, fact.since) for fact in facts] == found


def test_steps_of_a_second_optimizer_are_no_writes_of_something_else() -> None:
    """A critic that is trained several times in a step may have an optimizer for each."""
    model = make_model()
    optimizers = [torch.optim.SGD(model.parameters(), 0.1) for _ in range(2)]
    memory = MemoryWriter()
    with ActivationHistLogger(model, memory, on_error="raise") as logger:
        for _ in range(20):
            for optimizer in optimizers:
                optimizer.zero_grad()
                model(torch.randn(16, 4)).square().mean().backward()
                optimizer.step()
            logger.step()
    assert info_to_run_facts(memory.run_info).of(RestoredWeights) == []

"""What faults of several sets share: kinds that go together, and ways into a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor, nn

from bench.findings.faults import DIVERGED
from bench.findings.wide.fault import AFTERMATH, Act, change_inputs, kinds, replace_module
from bench.findings.wide.training import Batch, Training, phase_parameters

UNSTABLE: Final = DIVERGED | kinds("not_learning", "loss_rises", "dead_units", "runaway_units")
FADED: Final = kinds("vanishing", "collapsed", "not_learning", "redundant_units")
FOLLOWS: Final = AFTERMATH | UNSTABLE | FADED | kinds("unused_units")
"""What is true of a network that came apart, whatever made it so."""


def map_inputs(change: Callable[[Tensor], Tensor]) -> Act:
    """Every batch's input goes through a function."""
    return lambda training: change_inputs(training, change)


def put_behind(role: str, layer: Callable[[], nn.Module]) -> Act:
    """One more layer behind that of a role."""

    def put(training: Training) -> None:
        name = training.task.parts[role]
        own = training.model.get_submodule(name)
        replace_module(training, name, nn.Sequential(own, layer()))

    return put


def set_rate(rate: float) -> Act:
    def set_it(training: Training) -> None:
        training.recipe.rate = rate

    return set_it


def set_schedule(schedule: Callable[[float], float]) -> Act:
    def set_it(training: Training) -> None:
        training.recipe.schedule = schedule

    return set_it


def set_on_model(**values: object) -> Act:
    """Attributes of the model that its forward pass reads."""

    def set_them(training: Training) -> None:
        for name, value in values.items():
            assert hasattr(training.model, name)
            setattr(training.model, name, value)

    return set_them


def minimise(loss: Callable[[nn.Module, Batch], Tensor]) -> Act:
    """Another loss of the model and a batch."""

    def replaced(training: Training) -> None:
        model = training.model
        training.task.phases[0].loss = lambda batch: loss(model, batch)

    return replaced


def use_optimizer(
    make: Callable[[Training, list[nn.Parameter]], torch.optim.Optimizer],
) -> Act:
    """Another optimizer of the first phase's parameters."""

    def used(training: Training) -> None:
        parameters = phase_parameters(training.task.phases[0])
        training.optimizers = [make(training, parameters)]

    return used


def norms_of(model: nn.Module) -> Iterator[nn.Module]:
    return (own for own in model.modules() if isinstance(own, nn.modules.batchnorm._BatchNorm))

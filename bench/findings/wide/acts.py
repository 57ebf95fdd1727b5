"""What planted faults and healthy ways do to a training: acts, and makers of acts.

An act changes a training before or after its optimizers are made; `at_onset` lets it come later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from bench.findings.wide.fault import (
    Act,
    AtStep,
    change_batches,
    change_inputs,
    change_late_batches,
    move_only,
    plant_in,
    replace_module,
    role_modules,
)
from bench.findings.wide.training import Batch, Training, phase_parameters

Ways = dict[str, tuple[Act, AtStep | None]]
"""By name: what a healthy way does before there are optimizers, and before each step."""

MakeOptimizer = Callable[[Training, list[nn.Parameter]], torch.optim.Optimizer]


def as_it_is(_training: Training) -> None:
    """Everything stays as the recipe has it."""


def at_onset(act: Act) -> AtStep:
    """The act before the step of the onset."""

    def acted(training: Training, step: int) -> None:
        if step == training.onset:
            act(training)

    return acted


def set_recipe(**fields: Any) -> Act:
    """Other fields of the recipe: `rate=0.1`, `schedule=cosine` ..."""

    def act(training: Training) -> None:
        training.recipe = replace(training.recipe, **fields)

    return act


def multiply_rate(factor: float) -> Act:
    def act(training: Training) -> None:
        training.recipe.rate *= factor

    return act


def set_sgd_momentum(momentum: float) -> Act:
    def act(training: Training) -> None:
        for optimizer in training.optimizers:
            optimizer.param_groups[0]["momentum"] = momentum

    return act


def use_optimizer(make: MakeOptimizer) -> Act:
    """Another optimizer of the first phase's parameters, once there are optimizers."""

    def act(training: Training) -> None:
        training.optimizers = [make(training, phase_parameters(training.task.phases[0]))]

    return act


def map_loss(change: Callable[[Tensor], Tensor]) -> Act:
    """The loss goes through a function before its gradient is taken."""

    def act(training: Training) -> None:
        training.loss_of = change

    return act


def minimise(loss: Callable[[nn.Module, Batch], Tensor]) -> Act:
    """Another loss of the model and a batch."""

    def act(training: Training) -> None:
        model = training.model
        training.task.phases[0].loss = lambda batch: loss(model, batch)

    return act


def map_inputs(change: Callable[[Tensor], Tensor]) -> Act:
    """Every batch's input goes through a function."""
    return lambda training: change_inputs(training, change)


def map_batches(change: Callable[[Batch], Batch]) -> Act:
    return lambda training: change_batches(training, change)


def map_late_batches(change: Callable[[Batch], Batch]) -> Act:
    """Batches from the onset on go through a function."""
    return lambda training: change_late_batches(training, change)


def put_behind(role: str, layer: Callable[[], nn.Module]) -> Act:
    """One more layer behind that of a role."""

    def act(training: Training) -> None:
        name = training.task.parts[role]
        own = training.model.get_submodule(name)
        replace_module(training, name, nn.Sequential(own, layer()))

    return act


def set_on_model(**values: object) -> Act:
    """Attributes of the model that its forward pass reads."""

    def act(training: Training) -> None:
        for name, value in values.items():
            assert hasattr(training.model, name)
            setattr(training.model, name, value)

    return act


def freeze_role(role: str) -> Act:
    """A part does not learn, on purpose."""

    def act(training: Training) -> None:
        for module in role_modules(training, role):
            module.requires_grad_(False)

    return act


def leave_frozen(role: str) -> Act:
    """A part does not learn, by mistake."""

    def act(training: Training) -> None:
        for module in plant_in(training, role):
            module.requires_grad_(False)

    return act


def shuffle_targets(training: Training) -> None:
    """Targets of other samples."""

    def change(batch: Batch) -> Batch:
        return (*batch[:-1], batch[-1][torch.randperm(len(batch[-1]))])

    change_batches(training, change)


def descend_second_loss(training: Training) -> None:
    """The second of two players minimises what it is to maximise."""
    loss = training.task.phases[1].loss
    training.task.phases[1].loss = lambda batch: -loss(batch)


def repeat_first_batch(training: Training) -> None:
    """Every step learns from one batch."""
    batch = training.task.draw(0)
    training.task.draw = lambda _step: batch


def sum_losses(training: Training) -> None:
    """``reduction="sum"`` in place of the mean over a batch."""
    size = len(training.task.draw(0)[0])
    training.loss_of = lambda loss: loss * size


def never_clear(training: Training) -> None:
    """Gradients add up over all steps."""
    for optimizer in training.optimizers:
        optimizer.zero_grad = lambda *_, **__: None  # type: ignore[method-assign]


def clear_before_step(training: Training) -> None:
    """The optimizer sees gradients that were just set to zero."""
    for optimizer in training.optimizers:
        optimizer.register_step_pre_hook(lambda own, *_: own.zero_grad())


def switch_to_eval(training: Training) -> None:
    """As ``model.eval()`` does, once; the training itself never switches back."""
    training.model.eval()


def keep_in_eval(training: Training) -> None:
    """All modules are in eval mode in every step."""
    training.trains = lambda model: model.train(False) and None


def set_dropout(training: Training, share: float) -> None:
    """All dropout of the model drops this share."""
    for module in training.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share


def set_role_dropout(training: Training, role: str, share: float) -> None:
    for module in role_modules(training, role):
        assert isinstance(module, nn.Dropout)
        module.p = share
    plant_in(training, role)


def leave_out(training: Training, role: str) -> None:
    """The optimizer was given everything but a part."""
    plant_in(training, role)
    move_only(training, role, rate=None)


def slow_down(training: Training, role: str, factor: float) -> None:
    """A part's group has a rate of its own, far too low."""
    plant_in(training, role)
    move_only(training, role, rate=factor)


def layers_of(*roots: nn.Module) -> Iterator[nn.Module]:
    """Linear layers, convolutions and embeddings inside modules, or all of a model."""
    for root in roots:
        for module in root.modules():
            if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)):
                yield module


@torch.no_grad()
def scale_weights(*roots: nn.Module, factor: float) -> None:
    for layer in layers_of(*roots):
        layer.weight.mul_(factor)


@torch.no_grad()
def fill_biases(*roots: nn.Module, value: float) -> None:
    for layer in layers_of(*roots):
        if getattr(layer, "bias", None) is not None:
            layer.bias.fill_(value)


def norms_of(model: nn.Module) -> Iterator[nn.Module]:
    return (own for own in model.modules() if isinstance(own, nn.modules.batchnorm._BatchNorm))

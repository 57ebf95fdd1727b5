"""Healthy ways to train that the wide set does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch

from bench.findings.wide.fault import change_batches
from bench.findings.wide.training import Batch, Training, phase_parameters

Prepare = Callable[[Training], None]
AtStep = Callable[[Training, int], None]


def restarts(training: Training) -> None:
    """Three cosines, each from the full rate."""
    training.recipe.schedule = lambda share: (
        0.52 + 0.48 * float(torch.cos(torch.tensor(3.14159 * (share * 3 % 1))))
    )


def long_warm_up(training: Training) -> None:
    training.recipe.schedule = lambda share: min(1.0, (share + 0.01) / 0.4)


def to_nothing(training: Training) -> None:
    """The rate falls in a line to 0 at the end."""
    training.recipe.schedule = lambda share: 1 - share


def four_batches_in_bfloat16(training: Training) -> None:
    training.recipe.accumulate, training.recipe.autocast = 4, torch.bfloat16


def rmsprop(training: Training) -> None:
    recipe = training.recipe
    recipe.rate = min(recipe.rate, 4e-3) / 2
    recipe.optimizer = "rmsprop"


def noisy_inputs(training: Training) -> None:
    """Augmentation: noise and a gain for each batch."""

    def change(batch: Batch) -> Batch:
        if not batch[0].is_floating_point():
            return batch
        gain = 0.9 + 0.2 * torch.rand(())
        return (batch[0] * gain + 0.1 * torch.randn_like(batch[0]), *batch[1:])

    change_batches(training, change)


def short_last_batches(training: Training) -> None:
    """Each tenth batch is what was left of an epoch."""
    draw = training.task.draw

    def shortened(step: int) -> Batch:
        batch = draw(step)
        return tuple(each[:7] for each in batch) if step % 10 == 9 else batch

    training.task.draw = shortened


def rates_by_layer(training: Training, step: int) -> None:
    """The further from the output, the slower: 0.85 for each matrix or kernel."""
    if step == 0:
        for optimizer, phase in zip(training.optimizers, training.task.phases, strict=True):
            rates, rate = [], training.recipe.rate
            for parameter in reversed(phase_parameters(phase)):
                rates.append({"params": [parameter], "lr": rate})
                rate *= 0.85 if parameter.dim() > 1 and rate > training.recipe.rate / 30 else 1
            _regroup(optimizer, rates)


def no_decay_of_biases(training: Training, step: int) -> None:
    """Weight decay for matrices alone, ten times the usual."""
    if step == 0:
        for optimizer, phase in zip(training.optimizers, training.task.phases, strict=True):
            parameters = phase_parameters(phase)
            groups = [
                {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 1e-2},
                {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
            ]
            _regroup(optimizer, [group for group in groups if group["params"]])


def _regroup(optimizer: torch.optim.Optimizer, groups: list[dict[str, object]]) -> None:
    optimizer.param_groups.clear()
    for group in groups:
        optimizer.add_param_group(group)


def nothing_more(_training: Training) -> None:
    """As the recipe has it."""


WAYS: Final[dict[str, tuple[Prepare, AtStep | None]]] = {
    "restarts": (restarts, None),
    "long_warm_up": (long_warm_up, None),
    "to_nothing": (to_nothing, None),
    "four_batches_in_bfloat16": (four_batches_in_bfloat16, None),
    "rmsprop": (rmsprop, None),
    "noisy_inputs": (noisy_inputs, None),
    "short_last_batches": (short_last_batches, None),
    "rates_by_layer": (nothing_more, rates_by_layer),
    "no_decay_of_biases": (nothing_more, no_decay_of_biases),
}

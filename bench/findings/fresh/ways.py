"""Healthy ways to train that the wide set does not have."""

from __future__ import annotations

from typing import Final

import torch

from bench.findings.wide.acts import Ways, as_it_is, set_recipe
from bench.findings.wide.fault import change_batches
from bench.findings.wide.training import Batch, Training, phase_parameters


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


WAYS: Final[Ways] = {
    # Three cosines, each from the full rate.
    "restarts": (
        set_recipe(
            schedule=lambda share: (
                0.52 + 0.48 * float(torch.cos(torch.tensor(3.14159 * (share * 3 % 1))))
            )
        ),
        None,
    ),
    "long_warm_up": (set_recipe(schedule=lambda share: min(1.0, (share + 0.01) / 0.4)), None),
    # The rate falls in a line to 0 at the end.
    "to_nothing": (set_recipe(schedule=lambda share: 1 - share), None),
    "four_batches_in_bfloat16": (set_recipe(accumulate=4, autocast=torch.bfloat16), None),
    "rmsprop": (rmsprop, None),
    "noisy_inputs": (noisy_inputs, None),
    "short_last_batches": (short_last_batches, None),
    "rates_by_layer": (as_it_is, rates_by_layer),
    "no_decay_of_biases": (as_it_is, no_decay_of_biases),
}

"""How this set's faults are planted: in its own half, and in ways that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import torch
from torch import Tensor, nn

from bench.findings.wide.architecture import FRESH_K
from bench.findings.wide.fault import Act, role_modules
from bench.findings.wide.planting import Planter
from bench.findings.wide.training import Training, make_optimizer

_K = Planter(FRESH_K)
plant: Final = _K.plant
still: Final = _K.still
harm: Final = _K.harm


def own_layers(training: Training) -> list[str]:
    """Names of the modules with parameters of their own that learn, in model order."""
    return [
        name
        for name, module in training.model.named_modules()
        if any(own.requires_grad for own in module.parameters(recurse=False))
    ]


def optimize_layers(training: Training, rates: dict[str, float]) -> None:
    """One optimizer with a group for each layer that is named, at a share of the recipe's rate."""
    groups = [
        {
            "params": list(training.model.get_submodule(name).parameters(recurse=False)),
            "lr": share * training.recipe.rate,
        }
        for name, share in rates.items()
    ]
    training.optimizers = [make_optimizer(training.recipe, groups)]  # type: ignore[arg-type]


def map_output(role: str, change: Callable[[Tensor], Tensor]) -> Act:
    """What a part gives goes through a function that is no module."""

    def act(training: Training) -> None:
        for module in role_modules(training, role):
            module.register_forward_hook(lambda _own, _given, output: change(output))

    return act


def at_rate(factor_of: Callable[[int], float]) -> Callable[[Training, int], None]:
    """A factor of the rate for each step."""

    def act(training: Training, step: int) -> None:
        training.factor = factor_of(step)

    return act


@torch.no_grad()
def draw_weights(modules: Iterable[nn.Module], spread_of: Callable[[int, int], float]) -> None:
    """Normal weights whose spread follows from the inputs and outputs of each unit."""
    for module in modules:
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            given, units = module.weight[0].numel(), module.weight.shape[0]
            module.weight.normal_(0, spread_of(given, units))

"""How this set's faults are planted: in its own half, and in ways that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from bench.findings.wide import fault
from bench.findings.wide.architecture import FRESH_J
from bench.findings.wide.fault import Act, change_batches, role_names
from bench.findings.wide.training import Training

plant = partial(fault.plant, FRESH_J)
still = partial(fault.still, FRESH_J)
harm = partial(fault.harm, FRESH_J)


def with_roles(act: Callable[..., None], *values: object) -> Act:
    """An act on the parts and figures given."""
    return lambda training: act(training, *values)


def map_targets(change: Callable[[Tensor], Tensor]) -> Act:
    """The last tensor of every batch goes through a function."""
    return lambda training: change_batches(training, lambda own: (*own[:-1], change(own[-1])))


def place_in(training: Training, *roles: str) -> None:
    """Note the parts as the place of the fault."""
    training.truth = {name for role in roles for name in role_names(training, role)}


def replace_type(training: Training, old: type[nn.Module], make: Callable[[], nn.Module]) -> None:
    """All modules of a type give way to others."""
    for parent in list(training.model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, old):
                setattr(parent, name, make())


@torch.no_grad()
def scale_columns(values: Tensor, factors: Tensor, means: Tensor) -> Tensor:
    return values * factors + means

"""How examiners' sets plant their faults: each in its own half, and in ways that they share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from torch import Tensor, nn

from bench.findings.wide import fault
from bench.findings.wide.fault import Act, Fault, change_batches, role_names
from bench.findings.wide.training import Training


class Planter:
    """`plant`, `still` and `harm` of `wide.fault`, for one half."""

    def __init__(self, half: str) -> None:
        self.plant: Final[Callable[..., Fault]] = partial(fault.plant, half)
        self.still: Final[Callable[..., Fault]] = partial(fault.still, half)
        self.harm: Final[Callable[..., Fault]] = partial(fault.harm, half)


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

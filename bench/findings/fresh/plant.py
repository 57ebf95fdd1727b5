"""What faults of both halves of the fresh set share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from bench.findings.wide.fault import AFTERMATH, Fault, kinds, move_only, plant_in, role_modules
from bench.findings.wide.training import Training

STILL, STILL_TOO = kinds("not_learning"), kinds("low_precision", "vanishing", "stopped_learning")
SHUT = kinds("collapsed", "vanishing", "mostly_zero")
UNSCALED = kinds("unscaled_inputs")
SAME = kinds("constant_input")

NOTHING, PART, INPUTS = "nothing learns", "a part is never updated", "inputs"
GROWTH, START, MODES = "growth", "initialisation", "modes and dropout"
NUMBERS, SATURATION, LAST = "numbers", "saturation", "the last layer"
EARLY, WRONGLY = "the rate ends early", "the loss is minimised wrongly"
HIDDEN = "not visible"

LATE = (0.35, 0.6)
"""When faults that come in the middle of a run begin, as shares of it."""


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


def leave_out(training: Training, role: str) -> None:
    """The optimizer was given everything but a part."""
    plant_in(training, role)
    move_only(training, role, rate=None)


def slow_down(training: Training, role: str, factor: float) -> None:
    """A part's group has a rate of its own, far too low."""
    plant_in(training, role)
    move_only(training, role, rate=factor)


def keep_in_eval(training: Training) -> None:
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


def plant(half: str, kin: str, name: str, on: str, expects: frozenset[str], **more: Any) -> Fault:
    """A fault in the architectures whose names stand in `on`."""
    return Fault(name, kin, half, tuple(on.split()), expects, **more)


def still(half: str, kin: str, name: str, on: str, **more: Any) -> Fault:
    """One by which weights stay as they are."""
    return plant(half, kin, name, on, STILL, **{"allows": STILL_TOO, **more})


def harm(half: str, kin: str, name: str, on: str, expects: frozenset[str], **more: Any) -> Fault:
    """One that may do no harm; what follows from it is true as well."""
    return plant(
        half, kin, name, on, expects, **{"allows": AFTERMATH, "needs_effect": True, **more}
    )

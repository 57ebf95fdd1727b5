"""Faults of number formats, and operations without a limit."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from bench.findings.planting import Log
from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    MIDWAY,
    NUMBERS,
    Fault,
    in_both_halves,
    kinds,
    replace_module,
    role_names,
)
from bench.findings.wide.training import Training


def halve_precision(training: Training) -> None:
    """Weights in float16 with Adam's eps, which is 0 there."""
    training.model.half()
    draw = training.task.draw
    training.recipe.optimizer = "adam"

    def halved(step: int) -> tuple[Tensor, ...]:
        return tuple(x.half() if x.is_floating_point() else x for x in draw(step))

    training.task.draw = halved


def underflow(training: Training) -> None:
    """float16 autocast with a small loss and no scaling of it."""
    training.recipe.autocast = torch.float16
    training.loss_of = lambda loss: loss * 1e-4


class Root(nn.Module):
    """sqrt(relu(x) + eps), until the eps is taken away: its slope at 0 is infinite."""

    safe = True

    def forward(self, x: Tensor) -> Tensor:
        return torch.sqrt(x.relu() + 1e-3) if self.safe else torch.sqrt(x.relu())


def insert(kind: type[nn.Module], training: Training) -> None:
    """Put an operation before the head."""
    (name,) = role_names(training, "head")
    replace_module(training, name, nn.Sequential(kind(), training.model.get_submodule(name)))


def unsafe(training: Training, step: int) -> None:
    if step == training.onset:
        next(m for m in training.model.modules() if isinstance(m, (Log, Root))).safe = False


NUMBER_FAULTS = (
    Fault(
        "half_weights",
        NUMBERS,
        WORKED,
        ("table_mlp", "vae", "siren"),
        kinds("non_finite"),
        AFTERMATH,
        prepare=halve_precision,
        needs_effect=True,
    ),
    *in_both_halves(
        Fault(
            "small_loss",
            NUMBERS,
            WORKED,
            ("table_mlp", "plain_cnn", "vae"),
            kinds("low_precision"),
            kinds("not_learning", "vanishing", "collapsed"),
            prepare=underflow,
        ),
        "underflow",
        ("mixer", "autoencoder", "gated_table"),
    ),
    Fault(
        "log_zero",
        NUMBERS,
        WORKED,
        ("plain_cnn", "table_mlp", "kan"),
        kinds("non_finite"),
        AFTERMATH,
        MIDWAY,
        prepare=partial(insert, Log),
        at_step=unsafe,
        needs_effect=True,
    ),
    Fault(
        "root_zero",
        NUMBERS,
        HELD_OUT,
        ("group_norm_net", "hopfield", "gated_table"),
        kinds("non_finite"),
        AFTERMATH,
        MIDWAY,
        prepare=partial(insert, Root),
        at_step=unsafe,
        needs_effect=True,
    ),
)

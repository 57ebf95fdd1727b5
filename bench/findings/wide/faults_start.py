"""Faults of the initialisation, and of weights that are held in a range."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    MIDWAY,
    SHRINKS,
    START,
    Fault,
    in_both_halves,
    kinds,
    plant_in,
    role_modules,
    role_names,
    weights_of,
)
from bench.findings.wide.training import Training

SHRUNK = SHRINKS | {"not_learning"}


def enlarge_recurrence(training: Training) -> None:
    with torch.no_grad():
        for module in plant_in(training, "rnn"):
            for name, parameter in module.named_parameters():
                if "weight_hh" in name:
                    parameter.mul_(8)


def enlarge_weights(training: Training) -> None:
    with torch.no_grad():
        for weight in weights_of(training.model):
            weight.mul_(10)


def zero_weights(training: Training) -> None:
    for parameter in training.model.parameters():
        nn.init.zeros_(parameter)


def equal_weights(training: Training) -> None:
    """All weights of a matrix start at one value."""
    for weight in weights_of(training.model):
        nn.init.constant_(weight, 1 / weight[0].numel())


def zero_adapters(training: Training) -> None:
    """Both factors of each adapter start at 0, so neither gets a gradient."""
    training.truth = set()
    for name, module in training.model.named_modules():
        if name.endswith((".A", ".B")):
            nn.init.zeros_(module.weight)
            training.truth.add(name)


def zero_products(training: Training) -> None:
    """Two tables whose product is used, both at 0."""
    training.truth = {"user", "item"}
    for name in training.truth:
        nn.init.zeros_(training.model.get_submodule(name).weight)


def clamp_weights(limit: float, training: Training, step: int) -> None:
    """Weights are clipped to far too small a range, as once meant for a Wasserstein critic."""
    if step >= training.onset:
        roles = ["critic"] if "critic" in training.task.parts else []
        modules = role_modules(training, roles[0]) if roles else [training.model]
        training.truth = set(role_names(training, roles[0])) if roles else None
        with torch.no_grad():
            for module in modules:
                for parameter in module.parameters():
                    parameter.clamp_(-limit, limit)


START_FAULTS = (
    Fault(
        "recurrent_gain",
        START,
        HELD_OUT,
        ("letter_rnn", "translator"),
        kinds("saturated", "exploding", "vanishing"),
        AFTERMATH,
        prepare=enlarge_recurrence,
        needs_effect=True,
    ),
    *in_both_halves(
        Fault(
            "large_start",
            START,
            WORKED,
            ("deep_linear", "table_mlp", "selu_net", "vae"),
            kinds("exploding", "saturated"),
            AFTERMATH,
            prepare=enlarge_weights,
            needs_effect=True,
        ),
        "large_start_conv",
        ("autoencoder", "coordinate_net", "conv_vae"),
    ),
    Fault(
        "zero_start",
        START,
        WORKED,
        ("gcn", "selu_net", "dqn"),
        SHRINKS,
        AFTERMATH,
        prepare=zero_weights,
    ),
    *in_both_halves(
        Fault(
            "equal_start",
            START,
            WORKED,
            ("table_mlp", "gcn", "vae"),
            kinds("redundant_units", "vanishing", "collapsed"),
            AFTERMATH,
            prepare=equal_weights,
            needs_effect=True,
        ),
        "equal_start_other",
        ("gated_table", "hopfield", "coordinate_net"),
    ),
    Fault(
        "zero_adapters",
        START,
        WORKED,
        ("lora",),
        kinds("collapsed", "not_learning"),
        kinds("vanishing"),
        prepare=zero_adapters,
    ),
    Fault(
        "zero_products",
        START,
        HELD_OUT,
        ("taste",),
        kinds("collapsed", "not_learning"),
        kinds("vanishing"),
        prepare=zero_products,
    ),
    Fault(
        "clamped_critic",
        START,
        WORKED,
        ("gan", "plain_cnn"),
        SHRUNK,
        AFTERMATH,
        (0.0, 0.0),
        at_step=partial(clamp_weights, 1e-4),
    ),
    Fault(
        "clamped_later",
        START,
        HELD_OUT,
        ("dcgan", "coordinate_net", "realnvp"),
        SHRUNK,
        AFTERMATH,
        MIDWAY,
        at_step=partial(clamp_weights, 1e-3),
    ),
)

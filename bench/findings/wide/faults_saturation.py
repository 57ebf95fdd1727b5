"""Faults by which units saturate, die or carry nothing."""

from __future__ import annotations

from functools import partial

import torch

from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    MIDWAY,
    SATURATION,
    Fault,
    in_both_halves,
    kinds,
    role_modules,
    role_names,
)
from bench.findings.wide.training import Training

SATURATED = kinds("saturated")


def sharpen(factor: float, training: Training) -> None:
    """What attention's scores are made from is far too large."""
    training.truth = set(role_names(training, "scores"))
    if "softmax" in training.task.parts:
        training.truth |= set(role_names(training, "softmax"))
    if "attention" in training.task.parts:
        training.truth |= set(role_names(training, "attention"))
    with torch.no_grad():
        for module in role_modules(training, "scores"):
            for parameter in module.parameters():
                parameter.mul_(factor)


def weigh_divergence(factor: float, training: Training, step: int) -> None:
    """The KL term outweighs all else, so the latent carries nothing."""
    if step == training.onset:
        training.truth = {"mu", "logvar", "dec"}
        training.model.kl_weight *= factor


def sink_bias(training: Training, step: int) -> None:
    """The biases before a ReLU fall far below zero."""
    if step == training.onset:
        name = role_names(training, "relu")[0]
        training.truth = {name}
        before = training.model.get_submodule(str(int(name) - 1))
        with torch.no_grad():
            before.bias.sub_(100.0)


def shut_gate(training: Training) -> None:
    training.truth = {*role_names(training, "gate"), *role_names(training, "open")}
    with torch.no_grad():
        for module in role_modules(training, "gate"):
            module.bias.fill_(-30.0)


SATURATION_FAULTS = (
    Fault(
        "sharp_attention",
        SATURATION,
        WORKED,
        ("vit", "gpt2"),
        SATURATED,
        AFTERMATH,
        prepare=partial(sharpen, 100.0),
        needs_effect=True,
    ),
    Fault(
        "sharp_softmax",
        SATURATION,
        HELD_OUT,
        ("hopfield", "experts"),
        SATURATED,
        AFTERMATH,
        prepare=partial(sharpen, 300.0),
        needs_effect=True,
    ),
    *in_both_halves(
        Fault(
            "shut_gate",
            SATURATION,
            WORKED,
            ("wavenet",),
            kinds("saturated", "collapsed"),
            kinds("vanishing", "not_learning"),
            prepare=shut_gate,
        ),
        "shut_table_gate",
        ("gated_table",),
    ),
    Fault(
        "posterior_collapse",
        SATURATION,
        WORKED,
        ("vae",),
        kinds("vanishing", "collapsed"),
        kinds("not_learning", "sudden_change"),
        at_step=partial(weigh_divergence, 60.0),
    ),
    Fault(
        "posterior_collapse_later",
        SATURATION,
        HELD_OUT,
        ("conv_vae",),
        kinds("vanishing", "collapsed", "sudden_change"),
        kinds("not_learning"),
        MIDWAY,
        at_step=partial(weigh_divergence, 60.0),
    ),
    *in_both_halves(
        Fault(
            "dead_relu",
            SATURATION,
            WORKED,
            ("plain_cnn", "dqn", "table_mlp"),
            kinds("collapsed", "mostly_zero"),
            AFTERMATH,
            MIDWAY,
            at_step=sink_bias,
        ),
        "dead_relu_other",
        ("coordinate_net",),
    ),
)

"""Faults by which values grow."""

from __future__ import annotations

from functools import partial

import torch

from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    DIVERGED,
    GROWTH,
    MIDWAY,
    Fault,
    in_both_halves,
    kinds,
    plant_in,
    weights_of,
)
from bench.findings.wide.training import Training

GROWN = kinds("exploding")
RISE_PER_STEP = 1.06


def throw_up(training: Training, step: int) -> None:
    """A layer is thrown 60 times up at once, and climbs on to 270 times."""
    since = step - training.onset
    if since < 0:
        return
    left = training.recipe.steps - training.onset
    factor = 60.0 if since == 0 else 4.5 ** (1 / left)
    with torch.no_grad():
        for module in plant_in(training, "middle"):
            for weight in weights_of(module):
                weight.mul_(factor)


def creep_up(training: Training, step: int) -> None:
    """The weights of a layer grow by 6 % at each step."""
    if step >= training.onset:
        with torch.no_grad():
            for module in plant_in(training, "middle"):
                for weight in weights_of(module):
                    weight.mul_(RISE_PER_STEP)


def raise_rate(factor: float, training: Training, step: int) -> None:
    if step == training.onset:
        training.factor = factor


def let_critic_win(training: Training) -> None:
    training.optimizers[0].param_groups[0]["lr"] *= 20


GROWTH_FAULTS = (
    Fault(
        "thrown_up",
        GROWTH,
        WORKED,
        ("plain_cnn", "selu_net", "deep_linear"),
        GROWN,
        AFTERMATH,
        (0.04, 0.04),
        at_step=throw_up,
        needs_effect=True,
    ),
    Fault(
        "creeping_growth",
        GROWTH,
        HELD_OUT,
        ("coordinate_net", "autoencoder", "conv_vae"),
        GROWN,
        AFTERMATH,
        (0.3, 0.4),
        at_step=creep_up,
        needs_effect=True,
    ),
    Fault(
        "rate_100",
        GROWTH,
        WORKED,
        ("gpt2", "siren", "wavenet", "kan", "plain_cnn", "letter_gru"),
        DIVERGED,
        AFTERMATH,
        MIDWAY,
        at_step=partial(raise_rate, 100.0),
        needs_effect=True,
    ),
    Fault(
        "rate_100_start",
        GROWTH,
        HELD_OUT,
        ("llama", "autoencoder", "letter_rnn", "hopfield", "decoder", "conv_vae"),
        DIVERGED,
        AFTERMATH,
        at_step=partial(raise_rate, 100.0),
        needs_effect=True,
    ),
    Fault(
        "rate_30",
        GROWTH,
        HELD_OUT,
        ("tcn", "diffusion", "mixer", "t5", "experts", "gat"),
        DIVERGED,
        AFTERMATH,
        MIDWAY,
        at_step=partial(raise_rate, 30.0),
        needs_effect=True,
    ),
    *in_both_halves(
        Fault(
            "critic_wins",
            GROWTH,
            WORKED,
            ("gan",),
            DIVERGED | kinds("vanishing"),
            AFTERMATH,
            rewire=let_critic_win,
            needs_effect=True,
        ),
        "critic_wins_conv",
        ("dcgan",),
    ),
)

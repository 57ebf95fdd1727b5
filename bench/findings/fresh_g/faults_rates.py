"""Mistakes in rates, and losses that ask for something else than was meant."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from bench.findings.faults import DIVERGED
from bench.findings.fresh_g.games import implicit_q, maml_loss
from bench.findings.fresh_g.pictures import shaken, vicreg_loss
from bench.findings.fresh_g.tables import likelihood_and_prior
from bench.findings.wide.acts import map_batches, map_loss, multiply_rate, never_clear, set_recipe
from bench.findings.wide.architecture import FRESH_G
from bench.findings.wide.fault import (
    GROWTH,
    MIDWAY,
    STILL_TOO,
    WRONGLY,
    harm,
    kinds,
    plant,
    role_modules,
)
from bench.findings.wide.training import Batch, Training

UNSTABLE = DIVERGED | kinds("not_learning", "loss_rises")


def turn_temperature(training: Training) -> None:
    """Advantages are divided by 0.03, where they were to be multiplied by 3, without a bound."""
    training.truth = {"actor"}
    training.task = implicit_q(sharpness=1 / 0.03, bound=float("inf"))
    training.task.model.train()


def inner_rate_of_five(training: Training) -> None:
    model = training.model
    training.task.phases[0].loss = lambda batch: maml_loss(model, batch, 5.0)


def lose_logsigmoid(training: Training) -> None:
    """The difference itself is made large: nothing bounds the vectors."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        bought = batch[0]
        others = torch.randint(0, 80, (len(bought), 1))
        told = model(bought[:, 0], torch.cat([bought[:, 1:], others], 1)).float()
        return -(told[:, 0] - told[:, 1]).mean()

    training.task.phases[0].loss = loss


def whole_divergence(training: Training) -> None:
    """The divergence of all weights counts for each sample, as if it was the only one."""
    model = training.model
    training.task.phases[0].loss = lambda batch: likelihood_and_prior(model, batch, 1.0)


def forget_variance(training: Training) -> None:
    """Nothing keeps the codes from being one and the same."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        codes = model(shaken(batch[0])).float(), model(shaken(batch[0])).float()
        return vicreg_loss(*codes, variance=0.0)

    training.task.phases[0].loss = loss


def label_all_as_fakes(training: Training) -> None:
    """torch.zeros_like() was copied: the judges learn 0 for what is real, too."""
    models, training.truth = training.task.models, {"judge_there", "judge_back"}

    def judged(batch: Batch) -> Tensor:
        with torch.no_grad():
            made, returned = models["there"](batch[0]), models["back"](batch[1])
        there = models["judge_there"](torch.cat([batch[1], made])).square().mean()
        return (there + models["judge_back"](torch.cat([batch[0], returned])).square().mean()) / 2

    training.task.phases[1].loss = judged


def divergence_of_probabilities(training: Training) -> None:
    """kl_div() wants logarithms and is given probabilities."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0]).float().softmax(1)
        wanted = functional.one_hot(batch[1], 4).float()
        return functional.kl_div(told, wanted, reduction="batchmean")

    training.task.phases[0].loss = loss


def unfreeze_hot(training: Training, step: int) -> None:
    """unfreeze(), and on at the rate that the new head began with, and thirty times as much."""
    if step == 0:
        for module in role_modules(training, "trunk"):
            module.requires_grad_(False)
    if step == training.onset:
        training.model.requires_grad_(True)
        training.factor = 30.0


def lose_a_minus(training: Training) -> None:
    """eps=1e8"""
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["eps"] = 1e8


G_RATES: Final = (
    # The rate 1.0 as an argument of fit().
    harm(
        FRESH_G,
        GROWTH,
        "rate_of_one",
        "dynamic_unet siamese",
        UNSTABLE,
        prepare=set_recipe(rate=1.0),
    ),
    harm(
        FRESH_G,
        GROWTH,
        "rate_times_batch_size",
        "rep_vgg falcon",
        UNSTABLE,
        # The rule of rates that grow with the batch, without the 256 that it divides by.
        prepare=multiply_rate(32),
    ),
    # loss * 1024 by hand, and gradients that are never divided again.
    harm(
        FRESH_G,
        GROWTH,
        "scale_never_divided",
        "res_next",
        UNSTABLE,
        prepare=map_loss(lambda loss: loss * 1024),
    ),
    harm(
        FRESH_G,
        GROWTH,
        "temperature_turned_round",
        "implicit_q",
        UNSTABLE | kinds("outlier_features"),
        prepare=turn_temperature,
    ),
    harm(FRESH_G, GROWTH, "inner_rate_of_five", "maml", UNSTABLE, prepare=inner_rate_of_five),
    plant(
        FRESH_G,
        WRONGLY,
        "difference_without_logsigmoid",
        "light_gcn",
        kinds("exploding", "loss_mismatch", "runaway_units"),
        allows=kinds("outlier_features", "sudden_change"),
        prepare=lose_logsigmoid,
    ),
    harm(
        FRESH_G,
        WRONGLY,
        "divergence_not_shared_out",
        "bayes_by_backprop",
        kinds("vanishing", "collapsed"),
        prepare=whole_divergence,
    ),
    plant(
        FRESH_G,
        WRONGLY,
        "variance_term_left_out",
        "vicreg",
        kinds("collapsed", "vanishing", "redundant_units"),
        allows=STILL_TOO | kinds("not_learning"),
        prepare=forget_variance,
    ),
    plant(
        FRESH_G,
        WRONGLY,
        "all_labelled_as_fakes",
        "cycle_gan",
        kinds("loss_mismatch", "collapsed", "vanishing"),
        allows=STILL_TOO | kinds("not_learning"),
        prepare=label_all_as_fakes,
    ),
    plant(
        FRESH_G,
        WRONGLY,
        "no_box_matches",
        "fcos",
        kinds("loss_mismatch", "collapsed", "vanishing", "not_learning"),
        allows=STILL_TOO | kinds("mostly_zero", "redundant_units"),
        # Boxes are from 0 to 1 and cells in pixels: no cell lies in a box, and all are
        # empty.
        prepare=map_batches(lambda batch: (batch[0], torch.zeros_like(batch[1]))),
    ),
    plant(
        FRESH_G,
        WRONGLY,
        "zero_grad_in_front_of_the_loop",
        "eeg_net deep_cross",
        kinds("kept_gradients"),
        allows=UNSTABLE | kinds("dead_units", "mostly_zero", "vanishing", "outlier_features"),
        # zero_grad() stands in front of the loop.
        rewire=never_clear,
    ),
    plant(
        FRESH_G,
        WRONGLY,
        "divergence_of_probabilities",
        "lstm_fcn",
        kinds("loss_mismatch"),
        allows=STILL_TOO | kinds("saturated", "not_learning"),
        prepare=divergence_of_probabilities,
    ),
    harm(
        FRESH_G,
        GROWTH,
        "returns_in_points",
        "decision_transformer",
        UNSTABLE | kinds("unscaled_inputs", "saturated"),
        # What is still to be earned is given as the game counts it, in thousands.
        prepare=map_batches(lambda batch: (*batch[:2], batch[2] * 2000, *batch[3:])),
    ),
    harm(
        FRESH_G,
        GROWTH,
        "unfrozen_at_thirty_times_the_rate",
        "question_answering",
        UNSTABLE | kinds("sudden_change", "optimizer_settings"),
        allows=UNSTABLE | kinds("sudden_change", "outlier_features", "vanishing", "frozen"),
        onset=MIDWAY,
        at_step=unfreeze_hot,
    ),
    plant(
        FRESH_G,
        GROWTH,
        "epsilon_without_a_minus",
        "i_transformer",
        kinds("optimizer_settings", "not_learning"),
        allows=STILL_TOO,
        rewire=lose_a_minus,
    ),
)

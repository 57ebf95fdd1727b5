"""Mistakes that histograms cannot show."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h.faults_inputs import flip_pictures_only
from bench.findings.fresh_h.faults_losses import append
from bench.findings.wide.architecture import FRESH_H
from bench.findings.wide.fault import (
    HIDDEN,
    Act,
    Fault,
    change_batches,
    change_inputs,
    kinds,
    plant,
)
from bench.findings.wide.training import Batch, Training, phase_parameters


def turn_weight(training: Training) -> None:
    """pos_weight is the share of those who leave to those who stay, not the other way round."""
    model, weight = training.model, torch.tensor(0.25)

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0])[:, 0].float()
        return functional.binary_cross_entropy_with_logits(told, batch[1], pos_weight=weight)

    training.task.phases[0].loss = loss


def adam_in_the_loop(training: Training, step: int) -> None:
    """optimizer = Adam(...) stands inside the loop: it never has a memory."""
    parameters = phase_parameters(training.task.phases[0])
    rate = training.recipe.rate
    if step > 0:
        training.optimizers = [torch.optim.AdamW(parameters, rate)]


def tell_the_price(training: Training) -> None:
    """The price per room is among the columns."""

    def leaked(batch: Batch) -> Batch:
        numbers, kinds_of, prices = batch
        return (torch.cat([prices, numbers[:, 1:]], 1), kinds_of, prices)

    change_batches(training, leaked)


def teach_with_dropout(training: Training) -> None:
    """The teacher was never put into eval mode."""
    teacher: Any = training.model.__dict__["teacher"]
    teacher.train()


def turn_channels(training: Training) -> None:
    """Pictures by OpenCV: blue, green and red."""
    change_inputs(training, lambda images: images.flip(1))


def keep_sigmoid(training: Training) -> None:
    """The critic was a discriminator before, and still ends in a sigmoid.

    Its weights are clipped, so that the sigmoid is nearly linear.
    """
    append(training, "critic.4", nn.Sigmoid())


def hidden(name: str, on: str, prepare: Act | None = None, **more: Any) -> Fault:
    return plant(FRESH_H, HIDDEN, name, on, kinds(), prepare=prepare, **more)


H_HIDDEN: Final = (
    hidden("masks_not_mirrored", "deep_lab", flip_pictures_only),
    hidden("weight_of_the_seldom_turned_round", "churn_net", turn_weight),
    hidden("adam_in_the_loop", "star_net", at_step=adam_in_the_loop),
    hidden("price_among_the_columns", "fastai_tabular", tell_the_price),
    hidden("teacher_with_dropout", "deit", teach_with_dropout),
    hidden("sigmoid_left_on_the_critic", "wgan_clipped", keep_sigmoid),
    hidden("blue_for_red", "deep_lab", turn_channels),
)

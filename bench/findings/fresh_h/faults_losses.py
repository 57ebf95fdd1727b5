"""Losses that ask for something else than was meant."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h.pictures import sup_con_loss
from bench.findings.fresh_h.scenes import overlap_loss
from bench.findings.wide.acts import map_batches, never_clear
from bench.findings.wide.architecture import FRESH_H
from bench.findings.wide.fault import (
    FOLLOWS,
    GROWTH,
    LAST,
    MISMATCH,
    NUMBERS,
    STILL_TOO,
    WRONGLY,
    change_batches,
    harm,
    kinds,
    plant,
    replace_module,
    role_parameters,
)
from bench.findings.wide.training import Batch, Training

STUCK = STILL_TOO | kinds("not_learning", "collapsed", "redundant_units", "saturated")


def append(training: Training, name: str, behind: nn.Module) -> None:
    """A module behind another one."""
    own = training.model.get_submodule(name)
    replace_module(training, name, nn.Sequential(own, behind))


def weigh_by_integers(training: Training) -> None:
    """weight = 1 // counts is 0 for each class, and the mean is divided by the sum of weights."""
    model, weight = training.model, torch.zeros(10)
    training.task.phases[0].loss = lambda batch: functional.cross_entropy(
        model(batch[0]).float(), batch[1], weight=weight
    )


def end_in_softmax(training: Training) -> None:
    append(training, training.task.parts["head"], nn.Softmax(-1))


def overlap_of_logits(training: Training) -> None:
    """The Dice loss without a sigmoid."""
    model = training.model
    training.task.phases[0].loss = lambda batch: overlap_loss(model(batch[0]).float(), batch[1])


def minimise_overlap(training: Training) -> None:
    """The Dice coefficient is given back, not 1 less it."""
    model = training.model
    training.task.phases[0].loss = lambda batch: (
        1 - overlap_loss(model(batch[0]).float().sigmoid(), batch[1])
    )


def raw_divergence(training: Training) -> None:
    """kl_div() of logits, not of their log_softmax()."""
    model: Any = training.model
    teacher = model.__dict__["teacher"]

    def loss(batch: Batch) -> Tensor:
        own, distilled = model(batch[0])
        with torch.no_grad():
            taught = teacher(batch[0]).softmax(1)
        soft = functional.kl_div(distilled.float(), taught, reduction="batchmean")
        return (functional.cross_entropy(own.float(), batch[1]) + soft) / 2

    training.task.phases[0].loss = loss


def lose_the_sphere(training: Training) -> None:
    """Without F.normalize()."""
    model = training.model
    training.task.phases[0].loss = lambda batch: sup_con_loss(model(batch[0]).float(), batch[1])


def lose_the_logarithm(training: Training) -> None:
    """F.softmax() before nll_loss()."""
    replace_module(training, "11", nn.Softmax(1))


def places_against_range(training: Training) -> None:
    """y_range=(0, 1), and places in pixels."""
    append(training, "9", nn.Sigmoid())
    change_batches(training, lambda batch: (batch[0], (batch[1] + 1) * 11.5))


def clip_to_nothing(training: Training) -> None:
    """clamp_(-1e-4, 1e-4)"""
    phase, critic = training.task.phases[1], training.task.models["critic"]
    loss = phase.loss

    def clipped(batch: Batch) -> Tensor:
        for own in critic.parameters():
            own.data.clamp_(-1e-4, 1e-4)
        return loss(batch)

    phase.loss = clipped


def softmax_of_rows(training: Training) -> None:
    """log_softmax(dim=-1), where kinds are in dimension 1."""
    model = training.model
    training.task.phases[0].loss = lambda batch: functional.nll_loss(
        model(batch[0]).float().log_softmax(-1), batch[1]
    )


def square_in_half(training: Training) -> None:
    """Prices in thousands; float16 ends at 65504, which a squared error of 256 exceeds."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        told, wanted = model(batch[1], batch[0]).half(), (batch[2] * 120 + 350).half()
        return (told - wanted).square().mean()

    training.task.phases[0].loss = loss


def end_in_relu(training: Training) -> None:
    """nn.ReLU() behind the last layer, and targets about 0."""
    append(training, training.task.parts["head"], nn.ReLU())


def penalise_fully(training: Training) -> None:
    """loss + sum of all squared weights, without a factor."""
    phase, parameters = training.task.phases[0], list(training.model.parameters())
    loss = phase.loss
    training.task.phases[0].loss = lambda batch: (
        loss(batch) + torch.stack([own.square().sum() for own in parameters]).sum()
    )


def clear_the_head_only(training: Training) -> None:
    """Two optimizers in one loop; zero_grad() is called for that of the head."""
    (optimizer,), head = training.optimizers, role_parameters(training, "head")

    def clear(*_: object, **__: object) -> None:
        for own in head:
            own.grad = None

    optimizer.zero_grad = clear  # type: ignore[method-assign]


H_LOSSES: Final = (
    plant(
        FRESH_H,
        NUMBERS,
        "class_weights_by_integers",
        "alex_net",
        kinds("non_finite"),
        allows=FOLLOWS | MISMATCH,
        prepare=weigh_by_integers,
    ),
    plant(
        FRESH_H,
        NUMBERS,
        "answers_not_found",
        "mistral_sft",
        kinds("non_finite", "not_learning"),
        allows=FOLLOWS | MISMATCH,
        # The collator does not find where answers begin: no token counts.
        prepare=map_batches(lambda batch: (batch[0], torch.full_like(batch[1], -100))),
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "probabilities_given_back",
        "vov_net roformer_ner",
        MISMATCH,
        allows=STUCK,
        prepare=end_in_softmax,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "masks_of_255",
        "voxel_unet",
        MISMATCH | kinds("exploding", "runaway_units"),
        allows=FOLLOWS,
        # Masks as the PNG has them: 0 and 255.
        prepare=map_batches(lambda batch: (batch[0], batch[1] * 255)),
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "prices_against_a_column",
        "fastai_tabular",
        MISMATCH | kinds("collapsed", "vanishing"),
        allows=STUCK,
        # Prices (N,) against outputs (N, 1).
        prepare=map_batches(lambda batch: (*batch[:2], batch[2][:, 0])),
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "overlap_of_logits",
        "voxel_unet",
        MISMATCH | kinds("exploding", "loss_rises"),
        allows=FOLLOWS,
        prepare=overlap_of_logits,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "overlap_minimised",
        "voxel_unet",
        MISMATCH | kinds("loss_rises", "collapsed", "vanishing", "redundant_units"),
        allows=FOLLOWS | STUCK,
        prepare=minimise_overlap,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "divergence_of_raw_logits",
        "deit",
        MISMATCH | kinds("exploding", "runaway_units"),
        allows=FOLLOWS,
        prepare=raw_divergence,
    ),
    harm(
        FRESH_H,
        WRONGLY,
        "codes_not_on_the_sphere",
        "sup_con",
        MISMATCH | FOLLOWS,
        prepare=lose_the_sphere,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "softmax_for_log_softmax",
        "nll_cnn",
        MISMATCH,
        allows=STUCK,
        prepare=lose_the_logarithm,
    ),
    plant(
        FRESH_H,
        LAST,
        "y_range_of_one",
        "landmark_net",
        MISMATCH | kinds("saturated"),
        allows=STUCK | kinds("dead_units", "mostly_zero", "exploding"),
        prepare=places_against_range,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "critic_clipped_to_nothing",
        "wgan_clipped",
        kinds("vanishing", "collapsed", "not_learning"),
        allows=STUCK | MISMATCH | kinds("sudden_change"),
        prepare=clip_to_nothing,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "softmax_over_rows_of_pixels",
        "deep_lab",
        MISMATCH,
        allows=STUCK | FOLLOWS,
        prepare=softmax_of_rows,
    ),
    plant(
        FRESH_H,
        NUMBERS,
        "squared_error_in_half",
        "fastai_tabular",
        kinds("non_finite", "low_precision"),
        allows=FOLLOWS | MISMATCH,
        prepare=square_in_half,
    ),
    plant(
        FRESH_H,
        LAST,
        "relu_before_standardised_targets",
        "forecast_gru",
        kinds("relu_logits", "loss_mismatch"),
        allows=STUCK | kinds("mostly_zero", "dead_units"),
        prepare=end_in_relu,
    ),
    plant(
        FRESH_H,
        WRONGLY,
        "penalty_without_a_factor",
        "star_net",
        kinds("vanishing", "collapsed", "optimizer_settings"),
        allows=STUCK | kinds("mostly_zero", "dead_units"),
        prepare=penalise_fully,
    ),
    plant(
        FRESH_H,
        GROWTH,
        "trunk_never_cleared",
        "wide_resnet",
        kinds("kept_gradients"),
        allows=FOLLOWS,
        rewire=clear_the_head_only,
    ),
    plant(
        FRESH_H,
        GROWTH,
        "zero_grad_lost_in_a_refactoring",
        "colouriser packed_gru",
        kinds("kept_gradients"),
        allows=FOLLOWS,
        rewire=never_clear,
    ),
)

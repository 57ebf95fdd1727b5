"""Trainings whose numbers are too large or too small for their kind, or none any longer."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_k.planting import harm, plant
from bench.findings.wide.fault import (
    AFTERMATH,
    FOLLOWS,
    MIDWAY,
    NON_FINITE,
    NUMBERS,
    STILL,
    Act,
    Fault,
    kinds,
    plant_in,
)
from bench.findings.wide.training import Batch, Training


def scale_for_half(power: int) -> Act:
    """Loss and gradients in float16, with a fixed scale of two to a power."""

    def act(training: Training) -> None:
        training.recipe.autocast = torch.float16
        training.loss_of = lambda loss: loss * 2.0**power
        for own in training.model.parameters():
            own.register_hook(lambda gradient: gradient * 2.0**-power)

    return act


def weigh_by_counts(training: Training) -> None:
    """Classes are weighed by one over their count in the batch; late, a batch lacks one."""
    model, task = training.model, training.task
    assert task.classes is not None
    several = int(task.classes.max()) + 1
    draw = task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        return tuple(own[batch[1] > 0] for own in batch) if step == training.onset else batch

    def loss(batch: Batch) -> Tensor:
        weights = len(batch[1]) / (several * torch.bincount(batch[1], minlength=several))
        wanted = functional.one_hot(batch[1], several).float()
        logits = model(batch[0]).float().log_softmax(1)
        return -(weights * wanted * logits).sum() / len(wanted)

    task.draw, task.phases[0].loss = drawn, loss


def mean_over_words(training: Training) -> None:
    """Sums of vectors are divided by the number of words; late, a text has none."""

    def divide(_own: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> Tensor:
        words = (given[0] > 0).sum(-1)[..., None, None]
        return output * (given[0] > 0)[..., None] * given[0].shape[-1] / words

    (table,) = plant_in(training, "embedding")
    table.register_forward_hook(divide)
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        if step != training.onset:
            return batch
        texts = batch[0].clone()
        texts[0] = 0
        return (texts, *batch[1:])

    training.task.draw = drawn


def silence_in_decibels(training: Training) -> None:
    """Late, a file is digital silence, of which the logarithm is taken without a floor."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        if step != training.onset:
            return batch
        sounds = batch[0].clone()
        sounds[0] = torch.zeros_like(sounds[0]).log()
        return (sounds, *batch[1:])

    training.task.draw = drawn


K_NUMBERS: Final[tuple[Fault, ...]] = (
    plant(
        NUMBERS,
        "fixed_scale_that_overflows",
        "quora_pairs taxi_fares",
        NON_FINITE,
        allows=FOLLOWS,
        prepare=scale_for_half(26),
    ),
    harm(
        NUMBERS,
        "shared_out_among_ranks_in_half",
        "names_rnn cifar_quick",
        STILL | kinds("low_precision", "vanishing"),
        allows=AFTERMATH,
        prepare=scale_for_half(-20),
    ),
    plant(
        NUMBERS,
        "weighed_by_counts_of_the_batch",
        "names_rnn sleep_stages",
        NON_FINITE,
        allows=FOLLOWS,
        onset=MIDWAY,
        prepare=weigh_by_counts,
    ),
    plant(
        NUMBERS,
        "mean_of_a_text_without_words",
        "session_gru imdb_lstm",
        NON_FINITE,
        allows=FOLLOWS,
        onset=MIDWAY,
        prepare=mean_over_words,
    ),
    plant(
        NUMBERS,
        "silence_in_decibels_without_a_floor",
        "bird_songs machine_sounds",
        NON_FINITE,
        allows=FOLLOWS,
        onset=MIDWAY,
        prepare=silence_in_decibels,
    ),
)

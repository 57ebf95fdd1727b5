"""Mistakes in what goes into the network, and in which of its states are read."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from bench.findings.faults import DIVERGED
from bench.findings.wide.acts import map_inputs, map_late_batches, repeat_first_batch
from bench.findings.wide.architecture import FRESH_H
from bench.findings.wide.data import raw_pictures
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    FOLLOWS,
    INPUTS,
    MIDWAY,
    NUMBERS,
    SAME,
    STILL_TOO,
    UNSCALED,
    change_batches,
    change_inputs,
    harm,
    kinds,
    plant,
)
from bench.findings.wide.training import Batch, Training

ONE_FOR_ALL = SAME | kinds("collapsed", "vanishing", "not_learning", "redundant_units")
NOTHING_TO_TELL = (
    UNSCALED | STILL_TOO | ONE_FOR_ALL | kinds("mostly_zero", "batch_statistics", "dead_units")
)


def bytes_of(images: Tensor) -> Tensor:
    return raw_pictures(images)


def in_dollars(training: Training) -> None:
    """One of the figures is a salary, as it is."""

    def paid(figures: Tensor) -> Tensor:
        salary = 50000 + 20000 * figures[:, :1]
        return torch.cat([salary, figures[:, 1:]], 1)

    change_inputs(training, paid)


def joined_from_left(training: Training) -> None:
    """merge(how="left"): a few rows have no match, and NaN in one column."""

    def joined(numbers: Tensor) -> Tensor:
        lost = torch.rand(len(numbers)) < 0.03
        numbers = numbers.clone()
        numbers[lost, 2] = torch.nan
        return numbers

    change_inputs(training, joined)


def percent_of_nothing(training: Training) -> None:
    """pct_change() of sales that were rounded, and are 0 now and then."""

    def changes(past: Tensor) -> Tensor:
        sold = (past * 10).round().clamp(min=0)
        return torch.cat([sold[:, :1], sold[:, 1:] / sold[:, :-1] - 1], 1)

    change_inputs(training, changes)


def in_order(training: Training) -> None:
    """Patients as the table lists them, by rhythm; no shuffle=True."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    order, sample = task.classes.argsort(stable=True), task.sample
    batches = order.split(32)
    task.draw = lambda step: sample(batches[step % len(batches)])


def know_no_user(training: Training) -> None:
    """Each id is looked up as a number in a table of strings: all are 0, the unknown one."""

    def looked_up(pairs: Tensor) -> Tensor:
        return torch.stack([torch.zeros_like(pairs[:, 0]), pairs[:, 1]], 1)

    change_inputs(training, looked_up)


def read_first_state(training: Training) -> None:
    """output[:, 0], as for BERT; a GRU has seen nothing but the start there."""
    model: Any = training.model
    model.place = torch.zeros_like


def read_padding(training: Training) -> None:
    """output[:, -1] after pad_packed_sequence(): zeros, where texts end before."""
    model: Any = training.model
    model.place = lambda lengths: torch.full_like(lengths, -1)


def flip(batch: Batch) -> Batch:
    """Pictures are mirrored by chance, their masks are not."""
    images = batch[0].clone()
    chosen = torch.rand(len(images)) < 0.5
    images[chosen] = images[chosen].flip(-1)
    return (images, *batch[1:])


def flip_pictures_only(training: Training) -> None:
    change_batches(training, flip)


H_INPUTS: Final = (
    plant(
        FRESH_H,
        INPUTS,
        "floats_not_divided",
        "alex_net landmark_net",
        UNSCALED | kinds("exploding"),
        allows=FOLLOWS,
        # .float() without / 255
        prepare=map_inputs(bytes_of),
    ),
    harm(
        FRESH_H,
        INPUTS,
        "mean_of_bytes_from_pixels_to_one",
        "nll_cnn wide_resnet",
        UNSCALED | ONE_FOR_ALL,
        allows=FOLLOWS,
        # (x - 127.5) / 127.5 of what ToTensor() had divided already.
        prepare=map_inputs(lambda images: (bytes_of(images) / 255 - 127.5) / 127.5),
    ),
    plant(
        FRESH_H,
        INPUTS,
        "salary_as_it_is",
        "churn_net",
        UNSCALED | kinds("exploding"),
        allows=FOLLOWS,
        prepare=in_dollars,
    ),
    plant(
        FRESH_H,
        NUMBERS,
        "rows_without_a_match",
        "fastai_tabular",
        kinds("non_finite"),
        allows=DIVERGED | kinds("not_learning"),
        prepare=joined_from_left,
    ),
    plant(
        FRESH_H,
        NUMBERS,
        "changes_of_nothing",
        "forecast_gru",
        kinds("non_finite"),
        allows=DIVERGED | kinds("not_learning"),
        prepare=percent_of_nothing,
    ),
    plant(
        FRESH_H,
        INPUTS,
        "patients_in_order",
        "ecg_resnet",
        kinds("unshuffled_input"),
        allows=AFTERMATH,
        severities=ANY_SEVERITY,
        prepare=in_order,
    ),
    plant(
        FRESH_H,
        INPUTS,
        "one_batch_to_overfit",
        "vov_net deep_conv_lstm",
        SAME,
        allows=STILL_TOO | kinds("unshuffled_input"),
        severities=ANY_SEVERITY,
        # Trainer(overfit_batches=1) was left in.
        prepare=repeat_first_batch,
    ),
    harm(
        FRESH_H,
        INPUTS,
        "noise_for_bytes",
        "landmark_net",
        UNSCALED | kinds("exploding", "not_learning"),
        allows=FOLLOWS,
        # GaussNoise(25), as for pixels to 255.
        prepare=map_inputs(lambda images: images + 25 * torch.randn_like(images)),
    ),
    plant(
        FRESH_H,
        INPUTS,
        "texts_cut_to_their_start",
        "xlnet",
        ONE_FOR_ALL,
        allows=NOTHING_TO_TELL,
        severities=ANY_SEVERITY,
        # max_length=1: each text is its first token.
        prepare=map_inputs(lambda tokens: tokens[:, :1]),
    ),
    harm(
        FRESH_H,
        INPUTS,
        "no_user_known",
        "neu_mf",
        ONE_FOR_ALL,
        allows=NOTHING_TO_TELL,
        prepare=know_no_user,
    ),
    plant(
        FRESH_H,
        INPUTS,
        "first_state_read",
        "packed_gru",
        ONE_FOR_ALL,
        allows=NOTHING_TO_TELL,
        prepare=read_first_state,
    ),
    plant(
        FRESH_H,
        INPUTS,
        "padding_read",
        "packed_gru",
        ONE_FOR_ALL | kinds("mostly_zero"),
        # The few batches with a text of full length stand out.
        allows=NOTHING_TO_TELL | kinds("spike_and_crash"),
        prepare=read_padding,
    ),
    plant(
        FRESH_H,
        INPUTS,
        "one_path_for_all",
        "star_net",
        ONE_FOR_ALL,
        allows=NOTHING_TO_TELL,
        # The path is set by the loop in __init__, and each item opens the last one.
        prepare=map_inputs(lambda images: images[-1:].expand_as(images).clone()),
    ),
    plant(
        FRESH_H,
        INPUTS,
        "data_set_shared_with_validation",
        "landmark_net nll_cnn",
        kinds("input_change", "sudden_change", "unscaled_inputs", "exploding"),
        allows=FOLLOWS | kinds("loss_rises"),
        onset=MIDWAY,
        # random_split() shares one data set: its transform is set to another one for
        # validation.
        prepare=map_late_batches(lambda batch: (bytes_of(batch[0]), *batch[1:])),
    ),
)

"""Mistakes of what goes into a network and of what it is held against."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from bench.findings.wide.acts import map_inputs, map_late_batches, repeat_first_batch
from bench.findings.wide.architecture import FRESH_F
from bench.findings.wide.data import raw_pictures
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    INPUTS,
    MIDWAY,
    NUMBERS,
    SAME,
    UNSCALED,
    change_batches,
    change_inputs,
    change_late_batches,
    kinds,
    plant,
)
from bench.findings.wide.training import Batch, Training


def gaps_as_numbers(training: Training) -> None:
    """A logger writes -9999 where it measured nothing, and that counts as measured."""

    def change(batch: Batch) -> Batch:
        values, seen = batch
        return torch.where(seen > 0, values, -9999.0), torch.ones_like(seen)

    change_batches(training, change)


def one_after_another(training: Training) -> None:
    """A list of files, speaker by speaker, and shuffle=False."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    groups, sample = task.classes.argsort(stable=True).split(32), task.sample
    task.draw = lambda step: sample(groups[step % (len(groups) - 1)])


def mask_whole_sets(training: Training, step: int) -> None:
    """A set of padding alone: all scores are minus infinity, and their softmax is NaN."""
    pool: Any = training.model.get_submodule("pool")
    training.truth = {"pool"}
    if step == training.onset:
        pool.empty = torch.zeros(32, 1, 1, 20, dtype=torch.bool)
        pool.empty[3] = True


def mean_over_nothing(training: Training) -> None:
    """The mean over what was measured, in a batch where nothing was."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        values, seen = batch
        apart = (model(values, seen).float() - values).square()
        return (apart * seen).sum() / seen.sum()

    training.task.phases[0].loss = loss
    change_late_batches(training, lambda batch: (batch[0], torch.zeros_like(batch[1])))


def keep_row_number(training: Training) -> None:
    """The column of the row's number was not dropped."""

    def change(table: Tensor) -> Tensor:
        table = table.clone()
        table[:, 11] = torch.randint(0, 25000, (len(table),)).float()
        return table

    change_inputs(training, change)


def boxes_in_pixels(training: Training) -> None:
    """Centres and sizes in pixels, where sigmoids tell shares."""

    def change(batch: Batch) -> Batch:
        wanted = batch[1].clone()
        wanted[:, 1:4] *= 24
        return batch[0], wanted

    change_batches(training, change)


def logarithm_of_zero(training: Training) -> None:
    """np.log() of what was used, and one hour has 0."""

    def change(batch: Batch) -> Batch:
        past = batch[0].clone()
        past[0, 10] = -torch.inf
        return past, batch[1]

    change_late_batches(training, change)


F_INPUTS: Final = (
    plant(
        FRESH_F,
        INPUTS,
        "pixels_as_bytes",
        "dino_v2 spiking",
        UNSCALED,
        allows=AFTERMATH,
        # PILToTensor() keeps bytes from 0 to 255.
        prepare=map_inputs(raw_pictures),
    ),
    plant(
        FRESH_F,
        INPUTS,
        "decibels_as_they_are",
        "x_vector",
        UNSCALED,
        allows=AFTERMATH,
        # amplitude_to_DB() as it is: about -80 to 0.
        prepare=map_inputs(lambda sound: (10 * sound - 40).clamp(-80, 0)),
    ),
    plant(
        FRESH_F,
        INPUTS,
        "points_in_millimetres",
        "set_transformer",
        UNSCALED,
        allows=AFTERMATH,
        # Points of a scanner in millimetres, about a thousand each way.
        prepare=map_inputs(lambda points: points * 1000),
    ),
    plant(
        FRESH_F,
        INPUTS,
        "gaps_as_minus_9999",
        "gap_filler",
        UNSCALED | kinds("exploding"),
        allows=AFTERMATH,
        prepare=gaps_as_numbers,
    ),
    plant(
        FRESH_F,
        INPUTS,
        "speaker_by_speaker",
        "x_vector",
        kinds("unshuffled_input"),
        allows=AFTERMATH,
        prepare=one_after_another,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_F,
        INPUTS,
        "loader_without_shuffle_begun_anew",
        "captioner modern_bert",
        SAME,
        # next(iter(loader)) in each step, without shuffling.
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_F,
        INPUTS,
        "second_day_in_other_units",
        "inception_time",
        kinds("input_change"),
        allows=AFTERMATH | UNSCALED,
        # The second recording day is in the sensor's units and was not standardised.
        prepare=map_late_batches(lambda batch: (batch[0] * 40 + 25, *batch[1:])),
        onset=MIDWAY,
    ),
    plant(
        FRESH_F,
        NUMBERS,
        "sets_of_padding_alone",
        "set_transformer",
        kinds("non_finite"),
        allows=AFTERMATH,
        at_step=mask_whole_sets,
        onset=MIDWAY,
    ),
    plant(
        FRESH_F,
        NUMBERS,
        "mean_over_nothing",
        "gap_filler",
        kinds("non_finite"),
        allows=AFTERMATH | kinds("input_change", "constant_input"),
        prepare=mean_over_nothing,
        onset=MIDWAY,
    ),
    plant(
        FRESH_F,
        INPUTS,
        "black_for_missing_files",
        "shuffle_net",
        kinds("input_change", "collapsed", "constant_input"),
        allows=AFTERMATH | kinds("redundant_units"),
        # A folder moved: the data set gives zeros where a picture cannot be opened.
        prepare=map_late_batches(lambda batch: (torch.zeros_like(batch[0]), *batch[1:])),
        onset=MIDWAY,
    ),
    plant(
        FRESH_F,
        INPUTS,
        "number_of_row_kept",
        "weighed_tasks",
        UNSCALED,
        allows=AFTERMATH,
        prepare=keep_row_number,
    ),
    plant(
        FRESH_F,
        INPUTS,
        "boxes_in_pixels",
        "yolo",
        kinds("loss_mismatch", "exploding"),
        allows=AFTERMATH,
        prepare=boxes_in_pixels,
    ),
    plant(
        FRESH_F,
        NUMBERS,
        "logarithm_of_zero",
        "d_linear",
        kinds("non_finite"),
        allows=AFTERMATH,
        prepare=logarithm_of_zero,
        onset=MIDWAY,
    ),
)

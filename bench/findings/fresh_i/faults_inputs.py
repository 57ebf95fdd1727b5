"""Mistakes in what goes into a network."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from bench.findings.faults import DIVERGED
from bench.findings.fresh_i.planting import harm, plant
from bench.findings.wide.acts import map_inputs, repeat_first_batch, set_on_model
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    FADED,
    FOLLOWS,
    GROWTH,
    INPUTS,
    MIDWAY,
    SAME,
    UNSCALED,
    UNSTABLE,
    Fault,
    change_batches,
    change_late_batches,
    kinds,
)
from bench.findings.wide.training import Batch, Training


def as_bytes(images: Tensor) -> Tensor:
    """An augmentation that gives bytes stands behind the division by 255."""
    return (46 * images + 127.5).clamp(0, 255).round()


def standardise_whole_array(values: Tensor) -> Tensor:
    """Columns in their own units, standardised by one mean and one deviation of the array."""
    units = values * 10 ** torch.linspace(-2, 3, values.shape[1]) + 5
    mixed: Tensor = (units - units.mean()) / units.std()
    return mixed


def gains_as_they_are(values: Tensor) -> Tensor:
    """A column of sums of money: nothing for most, up to 100,000 for some."""
    values = values.clone()
    some = torch.rand(len(values)) < 0.1
    values[:, 1] = torch.where(some, (8 + 1.2 * values[:, 1]).exp().clamp(max=99999), 0.0)
    return values


def give_last_row(values: Tensor) -> Tensor:
    """Closures in a loop: each item of the data set is the last one."""
    return values[:1].expand_as(values).clone()


def divide_cache(training: Training) -> None:
    """The loader divides what it keeps by 255 in place, each time it goes over it."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        images, *others = draw(step)
        if step >= training.onset:
            images = images / 255 ** (1 + (step - training.onset) // 20)
        return (images, *others)

    training.task.draw = drawn


def shuffle_in_a_buffer(training: Training) -> None:
    """Files of one class each, read in their order; 80 samples are shuffled at a time."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    sample, order = task.sample, task.classes.argsort()
    size = len(task.draw(0)[0])
    random = torch.Generator().manual_seed(0)
    waiting: list[int] = []
    place = 0

    def next_row() -> int:
        nonlocal place
        while len(waiting) < 80:
            waiting.append(int(order[place % len(order)]))
            place += 1
        return waiting.pop(int(torch.randint(len(waiting), (1,), generator=random)))

    task.draw = lambda _: sample(torch.tensor([next_row() for _ in range(size)]))


def reorder_columns(training: Training) -> None:
    """From the second file on, columns come out of a set: each batch has them in another order."""

    def reordered(batch: Batch) -> Batch:
        return (batch[0][:, torch.randperm(batch[0].shape[1])], *batch[1:])

    change_late_batches(training, reordered)


def raise_contrast(training: Training) -> None:
    """An augmentation works in place on the cache: more contrast after each ten steps."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        images, *others = draw(step)
        return (images * 1.8 ** (step // 10), *others)

    training.task.draw = drawn


def corrupt_rows(training: Training) -> None:
    """Now and then a row was read with its decimal point in the wrong place."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        values, *others = draw(step)
        if step >= training.onset and (step - training.onset) % 18 == 0:
            values = values.clone()
            values[0] *= 3000
        return (values, *others)

    training.task.draw = drawn


def mask_everything(training: Training) -> None:
    """mlm_probability=15"""
    training.model.__dict__["masked_share"] = 15.0


def set_scale_of_pictures(training: Training) -> None:
    """Boxes in pixels are looked up in a map that is a quarter as large."""
    model: Any = training.model
    model.align.spatial_scale = 1.0


def take_plain_laplacian(training: Training) -> None:
    """Degrees less links: eigenvalues up to twice the largest degree."""

    def plain(batch: Batch) -> Batch:
        links = (batch[1] != 0).float()
        return (batch[0], torch.diag(links.sum(1)) - links, batch[2])

    change_batches(training, plain)


I_INPUTS: Final[tuple[Fault, ...]] = (
    plant(
        INPUTS,
        "augmented_behind_the_scaling",
        "keras_cnn class_diffusion",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(as_bytes),
    ),
    harm(
        INPUTS,
        "one_mean_for_all_columns",
        "higgs_mlp title_price",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(standardise_whole_array),
    ),
    harm(
        INPUTS,
        "gains_as_they_are",
        "title_price bike_demand",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(gains_as_they_are),
    ),
    plant(
        INPUTS,
        "closure_over_the_last_row",
        "higgs_mlp angle_net",
        SAME,
        allows=FADED | kinds("loss_mismatch", "mostly_zero", "dead_units"),
        prepare=map_inputs(give_last_row),
    ),
    plant(
        INPUTS,
        "one_batch_in_a_cycle",
        "har_gru char_cnn",
        SAME,
        allows=kinds("vanishing", "stopped_learning"),
        severities=ANY_SEVERITY,
        # itertools.cycle over an islice of one batch that was left from a test.
        prepare=repeat_first_batch,
    ),
    harm(
        INPUTS,
        "cache_divided_in_each_epoch",
        "keras_cnn angle_net",
        kinds("input_change", "sudden_change") | SAME,
        allows=FOLLOWS | UNSCALED,
        onset=MIDWAY,
        prepare=divide_cache,
    ),
    plant(
        INPUTS,
        "shuffled_in_a_small_buffer",
        "resnet_9 squeeze_bert",
        kinds("unshuffled_input"),
        allows=DIVERGED | kinds("loss_rises", "not_learning", "vanishing"),
        severities=ANY_SEVERITY,
        prepare=shuffle_in_a_buffer,
    ),
    harm(
        INPUTS,
        "columns_reordered_midway",
        "higgs_mlp credit_net",
        kinds("loss_rises", "sudden_change", "input_change"),
        allows=UNSTABLE,
        onset=MIDWAY,
        prepare=reorder_columns,
    ),
    harm(
        INPUTS,
        "offset_of_the_converter",
        "har_gru",
        UNSCALED,
        allows=FOLLOWS | SAME,
        prepare=map_inputs(lambda values: 60 * values + 2048),
    ),
    harm(
        INPUTS,
        "contrast_raised_in_the_cache",
        "angle_net",
        kinds("input_change", "exploding", "loss_rises", "sudden_change"),
        allows=FOLLOWS,
        onset=(0.07, 0.07),
        prepare=raise_contrast,
    ),
    harm(
        INPUTS,
        "rows_corrupted_now_and_then",
        "bike_demand ts_mixer",
        kinds("spike_and_crash", "exploding", "input_change", "sudden_change", "loss_rises"),
        allows=FOLLOWS,
        onset=MIDWAY,
        prepare=corrupt_rows,
    ),
    plant(
        INPUTS,
        "masked_with_a_probability_of_15",
        "esm",
        SAME | kinds("collapsed"),
        allows=FADED,
        prepare=mask_everything,
    ),
    harm(
        INPUTS,
        "boxes_beyond_the_map",
        "roi_heads",
        kinds("vanishing", "mostly_zero", "collapsed", "constant_input"),
        allows=FADED | kinds("mostly_zero", "dead_units", "loss_rises"),
        prepare=set_scale_of_pictures,
    ),
    harm(
        INPUTS,
        "times_of_a_thousand",
        "class_diffusion",
        UNSCALED | kinds("exploding"),
        allows=FOLLOWS,
        prepare=set_on_model(times=1000.0),
    ),
    harm(
        GROWTH,
        "laplacian_not_rescaled",
        "cheb_net",
        kinds("exploding", "loss_rises"),
        allows=FOLLOWS | UNSCALED | kinds("loss_mismatch"),
        prepare=take_plain_laplacian,
    ),
)

"""Trainings that are given something else than they should: scales, order, black or equal rows."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from bench.findings.fresh_k.planting import harm, plant
from bench.findings.wide.acts import map_batches, map_inputs
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    FOLLOWS,
    HIDDEN,
    INPUTS,
    MIDWAY,
    SAME,
    STILL,
    UNSCALED,
    Fault,
    change_late_batches,
    kinds,
)
from bench.findings.wide.training import Batch, Training


def scans_of_sixteen_bits(pictures: Tensor) -> Tensor:
    """Files of 16 bits, which the loader divides by 255 as if they had 8."""
    return (0.2 * pictures + 0.4).clamp(0, 1) * 65535 / 255


def undo_for_a_plot(pictures: Tensor) -> Tensor:
    """A helper of plots turns the batch back into bytes, in place."""
    return ((0.25 * pictures + 0.5) * 255).clamp(0, 255)


def divide_by_variance(columns: Tensor) -> Tensor:
    """(column - mean) / variance, of columns in units that lie far apart."""
    return columns / 10 ** torch.linspace(-2.5, 2.5, columns.shape[1])


def postal_code(columns: Tensor) -> Tensor:
    """The fourth column is a number of five digits that nobody scales."""
    column = 28_000 * columns[:, 3:4] + 50_000
    return torch.cat([columns[:, :3], column, columns[:, 4:]], 1)


def keep_the_buffer(training: Training) -> None:
    """A prefetcher fills its buffer while it is empty, and never empties it after an epoch."""
    draw, buffer = training.task.draw, list[Batch]()

    def drawn(step: int) -> Batch:
        if step < training.onset or not buffer:
            buffer[:] = [draw(step)]
        return buffer[0]

    training.task.draw = drawn


def first_window(batch: Batch) -> Batch:
    """idx // len(self) in place of idx % len(self): every window begins at the first row."""
    return (batch[0][:1].expand_as(batch[0]).clone(), *batch[1:])


def black(batch: Batch) -> Batch:
    """A reader whose cache is full gives zeros, which are normalised as any picture is."""
    return (torch.full_like(batch[0], -1.9), *batch[1:])


def shuffle_blocks(training: Training) -> None:
    """Rows lie sorted by their kind; what is shuffled are blocks as large as a batch."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    size = len(task.draw(0)[0])
    blocks = torch.argsort(task.classes, stable=True).split(size)[:-1]
    order = [index for _ in range(9) for index in torch.randperm(len(blocks)).tolist()]
    sample = task.sample
    task.draw = lambda step: sample(blocks[order[step % len(order)]])


def glitches(training: Training) -> None:
    """Every 17th batch has a few rows from a sensor that was restarted."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        if step < training.onset or (step - training.onset) % 17:
            return batch
        rows = batch[0].clone()
        rows[:4] *= 400
        return (rows, *batch[1:])

    training.task.draw = drawn


def other_units_for_a_moment(training: Training) -> None:
    """Three batches from a file whose targets are in thousandths of the unit."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        late = training.onset <= step < training.onset + 3
        return (*batch[:-1], 1000 * batch[-1]) if late else batch

    training.task.draw = drawn


def late_targets(training: Training) -> None:
    """A queue between two workers begins one batch late for the targets."""
    draw, queue = training.task.draw, list[Tensor]()

    def drawn(step: int) -> Batch:
        batch = draw(step)
        queue.append(batch[-1])
        return (*batch[:-1], queue.pop(0) if len(queue) > 1 else batch[-1])

    training.task.draw = drawn


def leak_the_bill(batch: Batch) -> Batch:
    """A column that is only known afterwards."""
    return (torch.cat([batch[-1], batch[0][:, 1:]], 1), *batch[1:])


def view_for_transpose(series: Tensor) -> Tensor:
    """reshape() where transpose() was meant: rows and columns are mixed."""
    return series.transpose(-1, -2).reshape(series.shape)


BLACK: Final = FOLLOWS | kinds("constant_input", "input_change", "sudden_change", "mostly_zero")
SHAKEN: Final = kinds("spike_and_crash", "exploding", "sudden_change", "input_change")

K_INPUTS: Final[tuple[Fault, ...]] = (
    harm(
        INPUTS,
        "scans_of_16_bits_over_255",
        "bone_age cell_unet",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(scans_of_sixteen_bits),
    ),
    harm(
        INPUTS,
        "batch_turned_into_bytes_for_a_plot",
        "simple_vit res_mlp",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(undo_for_a_plot),
    ),
    harm(
        INPUTS,
        "columns_over_their_variance",
        "plr_table scarf",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(divide_by_variance),
    ),
    harm(
        INPUTS,
        "postal_code_as_a_number",
        "gaussian_policy plr_table",
        UNSCALED,
        allows=FOLLOWS,
        prepare=map_inputs(postal_code),
    ),
    plant(
        INPUTS,
        "prefetcher_never_refilled",
        "megatron cifar_quick",
        SAME,
        allows=kinds("stopped_learning", "sudden_change", "not_learning", "vanishing"),
        severities=ANY_SEVERITY,
        onset=(0.2, 0.5),
        prepare=keep_the_buffer,
    ),
    plant(
        INPUTS,
        "windows_begin_at_the_first_row",
        "n_hits bird_songs",
        SAME,
        allows=FOLLOWS | kinds("batch_statistics", "saturated"),
        prepare=map_batches(first_window),
    ),
    plant(
        INPUTS,
        "black_once_the_cache_is_full",
        "chest_xray ghost_net pet_breeds",
        kinds("input_change", "constant_input"),
        allows=BLACK,
        onset=MIDWAY,
        prepare=lambda training: change_late_batches(training, black),
    ),
    harm(
        INPUTS,
        "blocks_of_a_kind_shuffled",
        "cifar_quick names_rnn bird_songs",
        kinds("unshuffled_input", "loss_mismatch"),
        allows=FOLLOWS | kinds("spike_and_crash", "sudden_change"),
        severities=ANY_SEVERITY,
        prepare=shuffle_blocks,
    ),
    harm(
        INPUTS,
        "rows_of_a_restarted_sensor",
        "n_hits bone_age",
        SHAKEN | UNSCALED,
        allows=FOLLOWS,
        onset=(0.1, 0.3),
        prepare=glitches,
    ),
    harm(
        INPUTS,
        "targets_in_thousandths_for_a_moment",
        "plr_table machine_sounds",
        SHAKEN | kinds("loss_mismatch", "loss_rises", "stopped_learning", "optimizer_settings"),
        allows=FOLLOWS,
        severities=ANY_SEVERITY,
        onset=MIDWAY,
        prepare=other_units_for_a_moment,
    ),
    plant(
        INPUTS,
        "targets_of_the_batch_before",
        "fashion_mlp sleep_stages",
        STILL,
        allows=AFTERMATH,
        prepare=late_targets,
    ),
    plant(
        HIDDEN,
        "bill_known_before_it_comes",
        "plr_table",
        frozenset(),
        prepare=map_batches(leak_the_bill),
    ),
    plant(
        HIDDEN,
        "reshaped_where_transposed_was_meant",
        "sleep_stages",
        frozenset(),
        prepare=map_inputs(view_for_transpose),
    ),
)

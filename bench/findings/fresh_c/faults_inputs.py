"""Wrong inputs and targets."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from bench.findings.fresh_c import data
from bench.findings.wide.acts import map_inputs, map_late_batches, repeat_first_batch
from bench.findings.wide.architecture import FRESH_C
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    INPUTS,
    MIDWAY,
    NON_FINITE,
    change_batches,
    change_inputs,
    harm,
    kinds,
    plant,
)
from bench.findings.wide.training import (
    Batch,
    Training,
)

ALL_MARKS = kinds("unscaled_inputs", "outlier_features", "exploding", "spike_and_crash")


def give_raw_columns(training: Training) -> None:
    own = data.raw_houses()[0]
    change_inputs(training, lambda rows: rows * own.std(0) + own.mean(0))


def give_dollars(training: Training) -> None:
    price = data.raw_houses()[1].log()
    change_batches(
        training, lambda batch: (batch[0], (batch[1] * price.std() + price.mean()).exp())
    )


def mark_missing(training: Training) -> None:
    """-999 stands where nothing is known."""
    random = torch.Generator().manual_seed(9)

    def change(rows: Tensor) -> Tensor:
        rows = rows.clone()
        rows[torch.rand(len(rows), generator=random) < 0.1, 4] = -999.0
        return rows

    change_inputs(training, change)


def in_order_of_class(training: Training) -> None:
    task = training.task
    assert task.classes is not None
    order = task.classes.argsort(stable=True)
    size = len(task.draw(0)[0])

    def draw(step: int) -> Batch:
        assert task.sample is not None
        return task.sample(order[(step * size + torch.arange(size)) % len(order)])

    task.draw = draw


C_INPUTS: Final = (
    harm(
        FRESH_C,
        INPUTS,
        "pixels_to_255",
        "tutorial_cnn squeezenet",
        kinds("unscaled_inputs", "exploding"),
        prepare=map_inputs(lambda images: images * 50 + 125),
    ),
    harm(
        FRESH_C,
        INPUTS,
        "divided_twice",
        "tutorial_cnn squeezenet",
        kinds("vanishing", "collapsed", "constant_input", "unscaled_inputs"),
        # ToTensor divides by 255, and so does the next line.
        prepare=map_inputs(lambda images: (images * 50 + 125) / 255 / 255),
    ),
    harm(
        FRESH_C,
        INPUTS,
        "columns_as_in_file",
        "house_prices",
        kinds("unscaled_inputs", "exploding", "non_finite"),
        prepare=give_raw_columns,
    ),
    harm(
        FRESH_C,
        INPUTS,
        "targets_in_dollars",
        "house_prices",
        kinds("exploding", "non_finite", "loss_mismatch"),
        prepare=give_dollars,
    ),
    harm(
        FRESH_C,
        INPUTS,
        "missing_as_999",
        "house_prices fraud",
        ALL_MARKS | NON_FINITE,
        prepare=mark_missing,
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_C,
        INPUTS,
        "in_order_of_class",
        "tutorial_cnn spatial_transformer",
        kinds("unshuffled_input"),
        prepare=in_order_of_class,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_C,
        INPUTS,
        "first_batch_again",
        "nano_gpt vgg",
        kinds("constant_input"),
        # next(iter(loader)) in each step.
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_C,
        INPUTS,
        "resumed_unscaled",
        "cnn_lstm tutorial_cnn",
        kinds("input_change", "exploding", "sudden_change"),
        # After a restart from a checkpoint the values come as bytes.
        prepare=map_late_batches(lambda batch: (batch[0] * 60 + 100, *batch[1:])),
        onset=MIDWAY,
    ),
)

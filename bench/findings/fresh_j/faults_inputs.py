"""What is given to the network is not what it should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from bench.findings.faults import DIVERGED
from bench.findings.fresh_j.planting import harm, plant, scale_columns
from bench.findings.wide.acts import map_inputs
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    FADED,
    FOLLOWS,
    INPUTS,
    MIDWAY,
    NUMBERS,
    SAME,
    UNSCALED,
    UNSTABLE,
    Act,
    Fault,
    change_batches,
    change_inputs,
    change_late_batches,
    kinds,
)
from bench.findings.wide.training import Batch, Training

CHANGES: Final = kinds("input_change", "sudden_change", "loss_rises")


def map_late_inputs(change: Callable[[Tensor], Tensor]) -> Act:
    """From the onset on, inputs go through a function."""
    return lambda training: change_late_batches(
        training,
        lambda own: (change(own[0]), *own[1:]),
    )


def in_si_units(values: Tensor) -> Tensor:
    """Metres, pascals, kilograms, farads: each column as its instrument gives it."""
    count = values.shape[1]
    return scale_columns(values, 10 ** torch.linspace(-4, 4, count), torch.zeros(count))


def with_file_size(values: Tensor) -> Tensor:
    """The last column is the size of a file in bytes."""
    factors, means = torch.ones(values.shape[1]), torch.zeros(values.shape[1])
    factors[-1], means[-1] = 8e3, 2e4
    return scale_columns(values, factors, means)


def cache_one_batch(training: Training) -> None:
    """functools.cache on the function that loads a batch."""
    batch = training.task.draw(0)
    change_batches(training, lambda _: batch)


def stay_at_the_last(training: Training) -> None:
    """An except StopIteration that goes on with what it has."""
    kept: list[Batch] = []

    def last(batch: Batch) -> Batch:
        kept.append(batch)
        return kept[0]

    change_late_batches(training, last)


def sort_by_label(training: Training) -> None:
    """A table that was saved in the order of its classes is read without shuffling."""
    classes, sample = training.task.classes, training.task.sample
    assert classes is not None
    assert sample is not None
    order = classes.argsort()
    training.task.draw = lambda step: sample(order[(32 * step) % (len(order) - 32) :][:32])


def one_row_for_all(training: Training) -> None:
    """An index that is not the loop's: the first row of the batch, again and again."""
    change_inputs(training, lambda own: own[:1].expand_as(own).clone())


def lose_values(training: Training) -> None:
    """A join that finds nothing for some rows."""

    def lost(batch: Batch) -> Batch:
        values = batch[0].clone()
        values[torch.rand(values.shape) < 0.002] = torch.nan
        return (values, *batch[1:])

    change_late_batches(training, lost)


def standardise_by_row_of_zeros(values: Tensor) -> Tensor:
    """A constant column over its own deviation, which is 0."""
    values = values.clone()
    values[:, 0] = 3.0
    return (values - values.mean(0)) / values.std(0)


def spoil_now_and_then(training: Training) -> None:
    """Each 25th batch comes from a file in other units: a thousand times as large."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        if step % 25 != 24:
            return batch
        return tuple(own * 1000 if own.is_floating_point() else own for own in batch)

    training.task.draw = drawn


def cut_to_two(training: Training) -> None:
    """Per-device batches of what was meant for sixteen devices: two samples."""
    change_batches(training, lambda batch: tuple(own[:2] for own in batch))


J_INPUTS: Final[tuple[Fault, ...]] = (
    plant(
        INPUTS,
        "frames_of_opencv_as_they_are",
        "strided_cnn tiny_vit",
        UNSCALED | kinds("exploding"),
        allows=FOLLOWS,
        prepare=map_inputs(lambda own: (own * 60 + 127).clamp(0, 255).round()),
    ),
    plant(
        INPUTS,
        "bytes_into_an_autoencoder",
        "mlp_autoencoder",
        UNSCALED | kinds("exploding"),
        allows=FOLLOWS | kinds("loss_mismatch"),
        prepare=map_inputs(lambda own: (own * 60 + 100).clamp(0, 255).round()),
    ),
    plant(
        INPUTS,
        "instruments_in_si_units",
        "titanic_mlp glu_table",
        UNSCALED,
        allows=FOLLOWS | kinds("saturated", "exploding"),
        prepare=map_inputs(in_si_units),
    ),
    plant(
        INPUTS,
        "size_of_file_as_column",
        "dropout_mlp shared_bottom",
        UNSCALED,
        allows=FOLLOWS | kinds("exploding"),
        prepare=map_inputs(with_file_size),
    ),
    harm(
        INPUTS,
        "divided_by_255_three_times",
        "strided_cnn lstm_forecast",
        UNSCALED | FADED,
        allows=FOLLOWS | SAME,
        prepare=map_inputs(lambda own: own / 255**2),
    ),
    plant(
        INPUTS,
        "loading_function_is_cached",
        "pool_former seq_autoencoder",
        SAME,
        severities=ANY_SEVERITY,
        prepare=cache_one_batch,
    ),
    plant(
        INPUTS,
        "goes_on_behind_stop_iteration",
        "rem_bert strided_cnn",
        SAME,
        onset=MIDWAY,
        prepare=stay_at_the_last,
    ),
    plant(
        INPUTS,
        "first_row_for_the_whole_batch",
        "diabetes_net lstm_forecast",
        SAME,
        allows=FADED | kinds("redundant_units", "loss_mismatch"),
        prepare=one_row_for_all,
    ),
    plant(
        INPUTS,
        "crop_beside_the_picture",
        "age_estimator road_net",
        kinds("input_change", "constant_input", "collapsed"),
        allows=DIVERGED | FADED | CHANGES,
        onset=MIDWAY,
        prepare=map_late_inputs(lambda own: own * 0),
    ),
    plant(
        INPUTS,
        "buffer_that_nobody_fills",
        "wave_cnn gru_reviews",
        SAME | kinds("collapsed"),
        allows=FOLLOWS,
        prepare=map_inputs(torch.zeros_like),
    ),
    plant(
        INPUTS,
        "saved_in_the_order_of_classes",
        "basic_resnet fast_text",
        kinds("unshuffled_input"),
        allows=DIVERGED | FADED | kinds("loss_rises", "dead_units", "sudden_change"),
        severities=ANY_SEVERITY,
        prepare=sort_by_label,
    ),
    plant(
        INPUTS,
        "second_worker_does_not_normalise",
        "lstm_forecast layer_norm_table",
        kinds("input_change"),
        allows=DIVERGED | CHANGES | kinds("saturated", "unscaled_inputs", "runaway_units"),
        onset=MIDWAY,
        prepare=map_late_inputs(lambda own: own * 40 + 60),
    ),
    harm(
        INPUTS,
        "every_25th_file_in_other_units",
        "store_sales robust_demand",
        kinds("spike_and_crash", "input_change", "exploding", "loss_rises", "sudden_change"),
        allows=FOLLOWS | kinds("saturated", "unscaled_inputs"),
        onset=(0.15, 0.15),
        prepare=spoil_now_and_then,
    ),
    plant(
        NUMBERS,
        "join_without_a_match",
        "titanic_mlp shared_bottom",
        kinds("non_finite"),
        allows=DIVERGED,
        onset=MIDWAY,
        prepare=lose_values,
    ),
    plant(
        NUMBERS,
        "constant_column_over_its_deviation",
        "layer_norm_table",
        kinds("non_finite"),
        allows=DIVERGED,
        prepare=map_inputs(standardise_by_row_of_zeros),
    ),
    plant(
        INPUTS,
        "batch_divided_among_missing_devices",
        "reg_net diabetes_net",
        kinds("batch_statistics"),
        allows=UNSTABLE,
        prepare=cut_to_two,
    ),
)

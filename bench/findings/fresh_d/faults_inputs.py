"""Wrong inputs and targets, and numbers that are none."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from bench.findings.fresh_c.faults_inputs import in_order_of_class
from bench.findings.fresh_d.pictures import triplet_loss
from bench.findings.wide.acts import map_batches, map_inputs, map_late_batches, repeat_first_batch
from bench.findings.wide.architecture import FRESH_D
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    INPUTS,
    MIDWAY,
    NON_FINITE,
    NUMBERS,
    SHUT,
    change_batches,
    change_inputs,
    change_late_batches,
    harm,
    kinds,
    plant,
)
from bench.findings.wide.training import Batch, Training

CHANGED = kinds("input_change", "sudden_change")
LARGE = kinds("unscaled_inputs", "exploding")


def add_unix_time(training: Training) -> None:
    """A column of seconds since 1970."""

    def change(rows: Tensor) -> Tensor:
        rows = rows.clone()
        rows[:, 3] = 1.7e9 + 1e6 * rows[:, 3]
        return rows

    change_inputs(training, change)


def break_sensor(training: Training) -> None:
    """Now and then a sample has a value of 20000."""

    def change(batch: Batch) -> Batch:
        if float(torch.rand(())) > 0.15:
            return batch
        rows = batch[0].clone()
        rows[2].flatten()[-3:] = 2e4
        return (rows, *batch[1:])

    change_late_batches(training, change)


def isolate_nodes(training: Training) -> None:
    """Some graphs have a node without links, not even to itself."""

    def change(batch: Batch) -> Batch:
        links = batch[1].clone()
        links[0, 5], links[0, :, 5] = 0, 0
        return (batch[0], links, batch[2])

    change_late_batches(training, change)


def root_of_zero(training: Training) -> None:
    """The distance of a vector to itself has no slope."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return triplet_loss(model(batch[0]), batch[1], least=0.0)

    training.task.phases[0].loss = loss


def take_log_of_output(training: Training) -> None:
    """log_input=False, of outputs that may be negative."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return functional.poisson_nll_loss(model(batch[0]).float(), batch[1], log_input=False)

    training.task.phases[0].loss = loss


def divide_by_silence(training: Training) -> None:
    """Each clip is divided by its own spread; from the onset on some are silent."""

    def change(batch: Batch) -> Batch:
        sound = batch[0].clone()
        sound[1] = 0.0
        return (
            (sound - sound.mean((1, 2, 3), True)) / sound.std((1, 2, 3), keepdim=True),
            batch[1],
        )

    change_late_batches(training, change)


def miss_targets(training: Training) -> None:
    """An empty field of the file becomes NaN."""

    def change(batch: Batch) -> Batch:
        targets = batch[1].clone()
        targets.flatten()[4] = float("nan")
        return (batch[0], targets, *batch[2:])

    change_late_batches(training, change)


def keep_all_in_bfloat16(training: Training) -> None:
    """model.to(bfloat16) and a rate at which updates round to nothing."""
    training.model.to(torch.bfloat16)
    training.recipe.rate /= 100


def compute_in_half(training: Training) -> None:
    """model.half(), where Adam's epsilon of 1e-8 is 0."""
    training.model.half()
    change_batches(training, lambda batch: (batch[0].half(), *batch[1:]))


def look_at_padding(training: Training) -> None:
    """The mask has 1 for padding, as another library wants it."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        logits = model(batch[0], attention_mask=(batch[0] == 0).long()).logits.float()
        return functional.cross_entropy(logits, batch[2])

    training.task.phases[0].loss = loss


D_INPUTS: Final = (
    # No normalisation: 0 to 255.
    harm(
        FRESH_D,
        INPUTS,
        "bytes_as_read",
        "mnist_mlp",
        LARGE,
        prepare=map_inputs(lambda images: (images * 0.3 + 0.15) * 255),
    ),
    harm(
        FRESH_D,
        INPUTS,
        "cutout_of_everything",
        "triplet_net",
        SHUT | kinds("constant_input"),
        # Cutout's size is the picture's.
        prepare=map_inputs(torch.zeros_like),
    ),
    harm(
        FRESH_D,
        INPUTS,
        "microphone_turned_down",
        "whisper",
        CHANGED | SHUT | kinds("constant_input"),
        # The loader's scale is lost: a hundredth from the onset on.
        prepare=map_late_batches(lambda batch: (batch[0] / 100, *batch[1:])),
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        INPUTS,
        "all_words_unknown",
        "deberta word_lstm",
        CHANGED | SHUT | kinds("constant_input"),
        # Another vocabulary: all words are unknown.
        prepare=map_late_batches(lambda batch: (torch.ones_like(batch[0]), *batch[1:])),
        onset=MIDWAY,
    ),
    plant(
        FRESH_D,
        INPUTS,
        "debug_batch_left",
        "two_tower",
        kinds("constant_input"),
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_D,
        INPUTS,
        "folder_by_folder",
        "keyword_net edge_conv",
        kinds("unshuffled_input"),
        prepare=in_order_of_class,
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_D,
        INPUTS,
        "seconds_since_1970",
        "many_experts",
        LARGE | kinds("outlier_features", "non_finite"),
        prepare=add_unix_time,
    ),
    harm(
        FRESH_D,
        INPUTS,
        "load_in_megawatts",
        "deep_ar",
        LARGE | kinds("saturated"),
        # The load as it is measured, in inputs and in targets.
        prepare=map_batches(lambda batch: tuple(600 * each + 4000 for each in batch)),
    ),
    harm(
        FRESH_D,
        INPUTS,
        "broken_sensor",
        "patch_tst many_experts",
        CHANGED | LARGE | kinds("spike_and_crash", "outlier_features"),
        prepare=break_sensor,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        NUMBERS,
        "isolated_nodes",
        "graph_attention",
        NON_FINITE,
        prepare=isolate_nodes,
        onset=MIDWAY,
    ),
    harm(FRESH_D, NUMBERS, "root_without_epsilon", "triplet_net", NON_FINITE, prepare=root_of_zero),
    harm(
        FRESH_D, NUMBERS, "log_of_output", "poisson_demand", NON_FINITE, prepare=take_log_of_output
    ),
    harm(
        FRESH_D,
        NUMBERS,
        "silence_divided",
        "keyword_net",
        NON_FINITE,
        prepare=divide_by_silence,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        NUMBERS,
        "targets_missing",
        "many_experts",
        NON_FINITE,
        prepare=miss_targets,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        NUMBERS,
        "all_in_bfloat16",
        "qwen",
        kinds("low_precision", "not_learning"),
        prepare=keep_all_in_bfloat16,
    ),
    harm(
        FRESH_D,
        NUMBERS,
        "half_with_usual_epsilon",
        "many_experts",
        kinds("non_finite", "low_precision"),
        prepare=compute_in_half,
    ),
    plant(
        FRESH_D,
        INPUTS,
        "one_label",
        "edge_conv",
        SHUT | kinds("stopped_learning", "not_learning", "saturated", "loss_mismatch"),
        allows=kinds("exploding"),
        # The labels' column was read as 0 throughout.
        prepare=map_batches(lambda batch: (*batch[:-1], torch.zeros_like(batch[-1]))),
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_D,
        INPUTS,
        "padding_attended",
        "deberta",
        SHUT | kinds("redundant_units", "constant_input"),
        prepare=look_at_padding,
    ),
)

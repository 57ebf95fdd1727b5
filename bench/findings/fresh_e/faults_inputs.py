"""Mistakes of what goes in, and numbers that are not finite."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from bench.findings.wide.acts import at_onset, map_batches, map_inputs, repeat_first_batch
from bench.findings.wide.architecture import FRESH_E
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    INPUTS,
    MIDWAY,
    NON_FINITE,
    NUMBERS,
    SAME,
    UNSCALED,
    change_batches,
    change_inputs,
    change_late_batches,
    harm,
    kinds,
    plant,
)
from bench.findings.wide.training import Batch, Training

MIXED = kinds("unshuffled_input")


def divide_in_place(training: Training) -> None:
    """data /= 255 in the loop over epochs changes the data set itself, each time again."""
    draw, training.onset = training.task.draw, 28

    def drawn(step: int) -> Batch:
        images, *others = draw(step)
        return images / 255.0 ** (step // 28), *others

    training.task.draw = drawn


def give_number_of_customer(training: Training) -> None:
    """One column is the number of the customer."""

    def change(given: Tensor) -> Tensor:
        given = given.clone()
        given[:, 5] = torch.randint(10000, 99999, (len(given),)).float()
        return given

    change_inputs(training, change)


def keep_last_batch(training: Training) -> None:
    """`except StopIteration: pass`: after the last epoch the last batch stays in its variable."""
    kept: list[Batch] = []

    def change(batch: Batch) -> Batch:
        kept.append(batch)
        return kept[0]

    change_late_batches(training, change)


def seed_each_step(training: Training) -> None:
    """torch.manual_seed(0) in the loop: the noise is the same each time."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        torch.manual_seed(0)
        return draw(step)

    training.task.draw = drawn


def concatenate_sets(training: Training) -> None:
    """ConcatDataset of two sets without shuffling: digits below 5, then the others."""
    task, training.onset = training.task, training.recipe.steps // 2
    assert task.classes is not None
    assert task.sample is not None
    halves = [torch.nonzero((task.classes < 5) == low)[:, 0] for low in (True, False)]
    sample = task.sample

    def drawn(step: int) -> Batch:
        own = halves[step >= training.onset]
        return sample(own[torch.randint(len(own), (32,))])

    task.draw = drawn


def group_by_class(training: Training) -> None:
    """The file is sorted, and each batch is of one class."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    classes, sample = task.classes, task.sample
    groups = [torch.nonzero(classes == own)[:, 0] for own in classes.unique()]

    def drawn(step: int) -> Batch:
        own = groups[step // 12 % len(groups)]
        return sample(own[torch.randint(len(own), (32,))])

    task.draw = drawn


def divide_by_zero_visits(training: Training, step: int) -> None:
    """Clicks per visit, where somebody never came."""
    if step == training.onset:

        def change(batch: Batch) -> Batch:
            numbers = batch[0].clone()
            numbers[3, 2] = torch.inf
            return numbers, *batch[1:]

        change_batches(training, change)


def turn_mask_round(training: Training) -> None:
    """key_padding_mask is True at what is to be seen; it means the contrary."""
    for tower in (training.model.questions, training.model.answers):
        tower.attention.register_forward_pre_hook(_turn_mask, with_kwargs=True)


def _turn_mask(_module: object, given: tuple, more: dict) -> tuple[tuple, dict]:
    return given, {**more, "key_padding_mask": ~more["key_padding_mask"]}


def root_at_itself(training: Training) -> None:
    """The distance of an atom to itself is 0, where the root has no slope."""
    training.model.least = 0.0


def take_log_of_raw_variance(training: Training) -> None:
    """softplus was forgotten: a variance below 0 has no logarithm."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        hidden = model.body(batch[0])
        mean, variance = model.mean(hidden), model.spread(hidden)
        return 0.5 * (variance.log() + (mean - batch[1]).square() / variance).mean()

    training.task.phases[0].loss = loss


E_INPUTS: Final = (
    harm(
        FRESH_E,
        INPUTS,
        "statistics_for_0_to_1",
        "nf_resnet video_net",
        UNSCALED | kinds("exploding"),
        # (pixels - mean) / std, with statistics for 0 to 1 and pixels from 0 to 255.
        prepare=map_inputs(lambda given: given * 255 + 500),
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_E,
        INPUTS,
        "divided_in_place",
        "multi_label",
        kinds("input_change", "vanishing", "constant_input"),
        prepare=divide_in_place,
    ),
    harm(
        FRESH_E,
        INPUTS,
        "number_of_customer",
        "uncertain_values",
        UNSCALED | kinds("exploding"),
        prepare=give_number_of_customer,
    ),
    plant(
        FRESH_E,
        INPUTS,
        "raw_voltages",
        "lstm_monitor",
        UNSCALED | kinds("saturated"),
        allows=AFTERMATH | kinds("loss_mismatch"),
        # As the device counts them: about 30000 at rest, in and out.
        prepare=map_inputs(lambda given: given * 8000 + 30000),
    ),
    harm(
        FRESH_E,
        INPUTS,
        "sound_of_whole_numbers",
        "tas_net",
        UNSCALED | kinds("exploding"),
        # Sound as wavfile.read gives it, from -32768 to 32767.
        prepare=map_inputs(lambda given: given * 16000),
    ),
    plant(
        FRESH_E,
        INPUTS,
        "last_batch_kept",
        "wav2vec depth_net",
        SAME,
        prepare=keep_last_batch,
        onset=MIDWAY,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_E,
        INPUTS,
        "loader_begun_each_step",
        "star_sets",
        SAME,
        # next(iter(loader)) in each step, of a loader that does not shuffle.
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_E,
        INPUTS,
        "seed_set_each_step",
        "clipped_gan",
        SAME,
        allows=AFTERMATH,
        prepare=seed_each_step,
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_E,
        INPUTS,
        "sets_concatenated",
        "arc_face",
        MIXED | kinds("input_change", "sudden_change"),
        prepare=concatenate_sets,
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_E,
        INPUTS,
        "grouped_by_class",
        "survivors leaky_cnn",
        MIXED,
        prepare=group_by_class,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_E,
        NUMBERS,
        "no_visits",
        "wide_deep",
        NON_FINITE,
        allows=AFTERMATH,
        at_step=divide_by_zero_visits,
        onset=MIDWAY,
    ),
    plant(
        FRESH_E,
        NUMBERS,
        "mask_turned_round",
        "bi_encoder",
        NON_FINITE,
        allows=AFTERMATH,
        prepare=turn_mask_round,
    ),
    harm(FRESH_E, NUMBERS, "distance_to_itself", "sch_net", NON_FINITE, prepare=root_at_itself),
    plant(
        FRESH_E,
        NUMBERS,
        "sets_of_one_thing",
        "star_sets",
        NON_FINITE,
        allows=AFTERMATH,
        # A batch whose sets have one thing each; a single number has no deviation.
        at_step=at_onset(map_batches(lambda batch: (batch[0][:, :1], *batch[1:]))),
        onset=MIDWAY,
    ),
    plant(
        FRESH_E,
        NUMBERS,
        "variance_not_positive",
        "uncertain_values",
        NON_FINITE,
        allows=AFTERMATH,
        prepare=take_log_of_raw_variance,
    ),
    plant(
        FRESH_E,
        INPUTS,
        "colours_to_255",
        "ray_field",
        kinds("loss_mismatch", "saturated"),
        allows=AFTERMATH,
        # Colours from 0 to 255 for a sigmoid.
        prepare=map_batches(lambda batch: (batch[0], batch[1] * 255)),
    ),
)

"""Faults of what the network is fed with."""

from __future__ import annotations

import torch

from bench.findings.wide.acts import at_onset, map_inputs, repeat_first_batch, shuffle_targets
from bench.findings.wide.architecture import HELD_OUT, WORKED
from bench.findings.wide.data import raw_pictures, raw_table
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    HIDDEN,
    INPUTS,
    MIDWAY,
    SAME,
    UNSCALED,
    Fault,
    change_inputs,
    kinds,
)
from bench.findings.wide.training import Batch, Training

OUTLIER = 3e4


def feed_bytes(training: Training) -> None:
    """Pixels, or coordinates from -1 to 1, as whole numbers up to 255."""
    if training.task.draw(0)[0].dim() == 2:
        change_inputs(training, lambda x: (x + 1) * 127.5)
    else:
        change_inputs(training, raw_pictures)


def feed_raw_table(training: Training) -> None:
    """The table as it is stored, each column in its own unit."""
    names = {13: "wine", 30: "cancer"}
    own, _ = raw_table(names[training.task.draw(0)[0].shape[1]])
    mean, std = own.mean(0), own.std(0)
    change_inputs(training, lambda x: x * std + mean)


def enlarge_column(training: Training) -> None:
    scale = torch.ones(training.task.draw(0)[0].shape[1])
    scale[1] = OUTLIER
    change_inputs(training, lambda x: x * scale)


def repeat_sample(training: Training) -> None:
    """One input for all targets, as when a loop overwrites its variable."""
    first = training.task.draw(0)[0][:1]
    change_inputs(training, lambda x: first.expand(len(x), *first.shape[1:]).contiguous())


def sort_by_class(training: Training) -> None:
    """Nobody shuffles, and the data set is sorted by class."""
    assert training.task.classes is not None
    assert training.task.sample is not None
    order, sample = training.task.classes.argsort(stable=True), training.task.sample
    size = len(training.task.draw(0)[0])
    batches = order.split(size)[:-1]
    training.task.draw = lambda step: sample(batches[step % len(batches)])


def lose_scale(training: Training, step: int) -> None:
    if step == training.onset:
        change_inputs(training, lambda x: x * 25 + 10)


def spoil_batches(training: Training) -> None:
    """Now and then a batch of inputs that are 30 times too large."""
    period, draw = training.recipe.steps // 12, training.task.draw

    def spoilt(step: int) -> Batch:
        first, *rest = draw(step)
        bad = step >= training.onset and (step - training.onset) % period == 0
        return (first * 30 if bad else first, *rest)

    training.task.draw = spoilt


def feed_nan(training: Training, step: int) -> None:
    """One bad sample in one batch."""
    if step == training.onset:
        draw = training.task.draw

        def poisoned(later: int) -> Batch:
            first, *rest = draw(later)
            if later == step:
                first = first.clone()
                first[0] = torch.nan
            return (first, *rest)

        training.task.draw = poisoned


INPUT_FAULTS = (
    Fault(
        "raw_pictures",
        INPUTS,
        WORKED,
        ("plain_cnn", "siren", "contrastive"),
        UNSCALED | kinds("exploding"),
        AFTERMATH,
        prepare=feed_bytes,
        needs_effect=True,
    ),
    Fault(
        "repeated_batch",
        INPUTS,
        WORKED,
        ("residual_net", "table_mlp", "bert"),
        SAME,
        kinds("exploding", "saturated", "vanishing", "outlier_features"),
        prepare=repeat_first_batch,
        severities=ANY_SEVERITY,
    ),
    Fault(
        "black_midway",
        INPUTS,
        WORKED,
        ("plain_cnn", "vit", "unet"),
        SAME | kinds("input_change", "collapsed", "sudden_change", "vanishing"),
        AFTERMATH,
        MIDWAY,
        at_step=at_onset(map_inputs(torch.zeros_like)),
    ),
    Fault(
        "black_pictures",
        INPUTS,
        WORKED,
        ("plain_cnn", "vit"),
        SAME | kinds("collapsed", "vanishing"),
        AFTERMATH,
        # Pixels as whole numbers, divided with // in place of /.
        prepare=map_inputs(lambda x: torch.zeros_like(x)),
    ),
    Fault(
        "late_repeat",
        INPUTS,
        WORKED,
        ("residual_net", "table_mlp", "bert"),
        SAME,
        kinds("sudden_change", "outlier_features", "vanishing", "saturated", "exploding"),
        MIDWAY,
        # The data loader gives the same batch from now on.
        at_step=at_onset(repeat_first_batch),
    ),
    Fault(
        "repeated_sample",
        INPUTS,
        WORKED,
        ("table_mlp", "plain_cnn", "residual_net"),
        SAME | kinds("collapsed", "vanishing"),
        AFTERMATH,
        prepare=repeat_sample,
    ),
    Fault(
        "large_column",
        INPUTS,
        WORKED,
        ("table_mlp",),
        UNSCALED | kinds("exploding"),
        AFTERMATH,
        prepare=enlarge_column,
    ),
    Fault(
        "other_scale",
        INPUTS,
        WORKED,
        ("plain_cnn", "residual_net", "vae"),
        UNSCALED | kinds("input_change", "exploding", "sudden_change"),
        AFTERMATH,
        MIDWAY,
        at_step=lose_scale,
    ),
    Fault(
        "sorted_by_class",
        INPUTS,
        WORKED,
        ("residual_net", "plain_cnn", "table_mlp"),
        kinds("unshuffled_input", "spike_and_crash", "sudden_change"),
        AFTERMATH,
        prepare=sort_by_class,
        needs_effect=True,
        severities=ANY_SEVERITY,
    ),
    Fault(
        "nan_sample",
        INPUTS,
        WORKED,
        ("vae", "table_mlp", "kan"),
        kinds("non_finite"),
        kinds("sudden_change"),
        MIDWAY,
        at_step=feed_nan,
    ),
    Fault(
        "unscaled_column",
        INPUTS,
        HELD_OUT,
        ("gated_table", "experts", "taste"),
        UNSCALED | kinds("exploding"),
        AFTERMATH,
        prepare=enlarge_column,
        needs_effect=True,
    ),
    Fault(
        "raw_table",
        INPUTS,
        HELD_OUT,
        ("gated_table", "experts"),
        UNSCALED | kinds("exploding"),
        AFTERMATH,
        prepare=feed_raw_table,
        needs_effect=True,
    ),
    Fault(
        "raw_pictures_later",
        INPUTS,
        HELD_OUT,
        ("autoencoder", "group_norm_net", "hopfield"),
        UNSCALED | kinds("input_change", "exploding", "sudden_change"),
        AFTERMATH,
        MIDWAY,
        at_step=lose_scale,
        needs_effect=True,
    ),
    Fault(
        "one_input",
        INPUTS,
        HELD_OUT,
        ("group_norm_net", "post_norm", "hopfield"),
        SAME | kinds("collapsed", "vanishing"),
        AFTERMATH,
        prepare=repeat_sample,
    ),
    Fault(
        "stuck_loader",
        INPUTS,
        HELD_OUT,
        ("autoencoder", "translator", "tcn", "diffusion"),
        SAME,
        kinds("sudden_change", "outlier_features", "vanishing", "saturated"),
        MIDWAY,
        # The data loader gives the same batch from now on.
        at_step=at_onset(repeat_first_batch),
        severities=ANY_SEVERITY,
    ),
    Fault(
        "bad_batches",
        INPUTS,
        HELD_OUT,
        ("autoencoder", "gat", "coordinate_net", "conv_vae"),
        kinds("spike_and_crash"),
        AFTERMATH,
        MIDWAY,
        prepare=spoil_batches,
    ),
    Fault(
        "shuffled_labels",
        HIDDEN,
        WORKED,
        ("vit", "table_mlp", "residual_net"),
        kinds(),
        prepare=shuffle_targets,
    ),
    Fault(
        "shuffled_pairs",
        HIDDEN,
        HELD_OUT,
        ("clip", "mixer", "experts"),
        kinds(),
        prepare=shuffle_targets,
    ),
)

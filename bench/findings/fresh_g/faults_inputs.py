"""Mistakes in what the network is given, and at which numbers it breaks."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from bench.findings.fresh_g.tables import UncertainLinear
from bench.findings.wide.acts import map_inputs, map_late_batches
from bench.findings.wide.architecture import FRESH_G
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    INPUTS,
    MIDWAY,
    NUMBERS,
    SAME,
    STILL_TOO,
    UNSCALED,
    change_inputs,
    change_late_batches,
    harm,
    kinds,
    plant,
    replace_module,
)
from bench.findings.wide.training import Batch, Training

BURST = kinds("exploding", "sudden_change", "vanishing", "not_learning", "low_precision")


def survey_coordinates(training: Training) -> None:
    """Points as a survey has them, far from 0, and not centred."""
    place = torch.tensor([5000.0, 3000.0, 100.0])
    change_inputs(training, lambda clouds: clouds + place)


def ignore_index(training: Training) -> None:
    """__getitem__() does not use its index: all samples are the first one."""
    sample = training.task.sample
    assert sample is not None
    size = len(training.task.draw(0)[0])
    training.task.draw = lambda _step: sample(torch.zeros(size, dtype=torch.long))


def next_of_new_iterator(training: Training) -> None:
    """next(iter(loader)) of a loader that does not shuffle, in each step."""
    batch = training.task.draw(0)
    training.task.draw = lambda _step: tuple(own.clone() for own in batch)


def folders_in_order(training: Training) -> None:
    """ImageFolder, and no shuffle=True: one class after the other."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    order = task.classes.argsort(stable=True).split(24)[:-1]
    sample = task.sample
    task.draw = lambda step: sample(order[step % len(order)])


def remove_norm(training: Training) -> None:
    """Raw columns, without the norm in front."""
    replace_module(training, "norm", nn.Identity())


def boxes_without_area(training: Training) -> None:
    """Some boxes have no width: nothing is shared, and its logarithm is asked for."""

    def flat(batch: Batch) -> Batch:
        targets = batch[1].clone()
        targets[0, 1:5] = 0
        targets[0, 0] = 1
        return batch[0], targets

    change_late_batches(training, flat)


def spread_of_nothing(training: Training) -> None:
    """Spreads begin so small that softplus() gives 0, of which the divergence has a logarithm."""
    with torch.no_grad():
        for module in training.model.modules():
            if isinstance(module, UncertainLinear):
                module.spread.fill_(-120.0)


def divide_by_flat_series(training: Training) -> None:
    """Standardised without an epsilon, and a sensor that was switched off."""
    model: Any = training.model

    def forward(series: Tensor) -> Tensor:
        mean, size = series.mean(1, keepdim=True), series.std(1, keepdim=True)
        hidden = model.embed(((series - mean) / size).transpose(1, 2))
        for layer in model.layers:
            hidden = layer(hidden)
        told: Tensor = model.out(model.norm(hidden)).transpose(1, 2) * size + mean
        return told

    def switched_off(batch: Batch) -> Batch:
        series = batch[0].clone()
        series[0, :, 0] = 0
        return (series, *batch[1:])

    model.forward = forward
    change_late_batches(training, switched_off)


def _broken(name: str, on: str, **more: Any) -> Any:
    return plant(FRESH_G, NUMBERS, name, on, kinds("non_finite"), allows=BURST, **more)


G_INPUTS: Final = (
    harm(
        FRESH_G,
        INPUTS,
        "bytes_through_statistics_for_one",
        "beit siamese",
        UNSCALED,
        # Normalize(mean=0.449, std=0.226) without ToTensor(): bytes up to 255 go through
        # it.
        prepare=map_inputs(lambda images: (images.clamp(-1, 2) * 85 + 85 - 0.449) / 0.226),
    ),
    plant(
        FRESH_G,
        INPUTS,
        "bytes_divided_as_whole_numbers",
        "flow_net siamese",
        SAME | kinds("redundant_units"),
        allows=STILL_TOO | kinds("not_learning", "collapsed", "dead_units", "mostly_zero"),
        # images // 255, or a cast to whole numbers behind the division: all becomes 0.
        prepare=map_inputs(lambda images: ((images.clamp(-3, 5) + 3) * 31 // 255).float()),
    ),
    harm(
        FRESH_G,
        INPUTS,
        "brain_waves_in_volts",
        "eeg_net",
        UNSCALED | kinds("vanishing", "collapsed", "not_learning"),
        # Voltages of the brain as files have them, in volts: some millionths.
        prepare=map_inputs(lambda waves: waves * 1e-5),
    ),
    harm(
        FRESH_G,
        INPUTS,
        "spectra_without_logarithm",
        "sound_events conformer",
        UNSCALED,
        # The logarithm is forgotten: spectra as they are, over many powers of ten.
        prepare=map_inputs(lambda spectra: 100 * (10 ** (2 * spectra))),
        severities=ANY_SEVERITY,
    ),
    harm(
        FRESH_G,
        INPUTS,
        "coordinates_of_a_survey",
        "fold_net",
        UNSCALED,
        allows=AFTERMATH | kinds("loss_mismatch"),
        prepare=survey_coordinates,
    ),
    plant(
        FRESH_G,
        INPUTS,
        "index_not_used",
        "lstm_fcn flow_net",
        SAME,
        allows=STILL_TOO | kinds("not_learning", "redundant_units", "loss_mismatch", "collapsed"),
        prepare=ignore_index,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_G,
        INPUTS,
        "next_of_a_new_iterator",
        "deep_cross conformer",
        SAME,
        allows=STILL_TOO,
        prepare=next_of_new_iterator,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_G,
        INPUTS,
        "folders_in_order",
        "rep_vgg eeg_net",
        kinds("unshuffled_input"),
        allows=kinds(
            "sudden_change",
            "loss_mismatch",
            "spike_and_crash",
            "not_learning",
            "loss_rises",
            "collapsed",
            "vanishing",
        ),
        prepare=folders_in_order,
    ),
    # log() of columns in which 0 stands.
    _broken(
        "logarithm_of_a_column_with_0",
        "deep_cross",
        prepare=map_inputs(lambda numbers: numbers.clamp(min=0).log()),
    ),
    plant(
        FRESH_G,
        INPUTS,
        "second_set_not_normalised",
        "fcos hourglass",
        kinds("input_change"),
        allows=BURST | kinds("outlier_features", "spike_and_crash", "dead_units", "mostly_zero"),
        onset=MIDWAY,
        # From the second data set on, pictures come as they are, from 0 to 255.
        prepare=map_late_batches(lambda batch: (batch[0] * 50 + 120, *batch[1:])),
    ),
    harm(
        FRESH_G,
        INPUTS,
        "columns_without_their_norm",
        "mmoe",
        UNSCALED,
        prepare=remove_norm,
    ),
    # Labels of a batch are all -100, as those that were cut off: the mean is over nothing.
    _broken(
        "all_tags_ignored",
        "layout_lm",
        onset=MIDWAY,
        prepare=map_late_batches(lambda batch: (*batch[:2], torch.full_like(batch[2], -100))),
    ),
    _broken("boxes_without_area", "fcos", onset=MIDWAY, prepare=boxes_without_area),
    _broken("spread_underflows", "bayes_by_backprop", prepare=spread_of_nothing),
    _broken(
        "flat_series_standardised", "i_transformer", onset=MIDWAY, prepare=divide_by_flat_series
    ),
)

"""Mistakes in first weights, modes, norms, dropout and last layers."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_g.tables import UncertainLinear
from bench.findings.wide.acts import at_onset, layers_of, set_dropout, switch_to_eval
from bench.findings.wide.architecture import FRESH_G
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    LAST,
    MISMATCH,
    MODES,
    SATURATION,
    START,
    STILL_TOO,
    harm,
    kinds,
    plant,
    plant_in,
)
from bench.findings.wide.training import Batch, Training

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
SMALL = kinds("vanishing", "collapsed", "not_learning")


@torch.no_grad()
def norms_like_convs(training: Training) -> None:
    """model.apply(weights_init) with normal_(0, 0.02) for all that has a weight."""
    for module in training.model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, *BATCH_NORMS)):
            module.weight.normal_(0, 0.02)


@torch.no_grad()
def cell_of_three(training: Training) -> None:
    """nn.init.normal_(w, std=3) for a recurrent cell."""
    for module in plant_in(training, "middle"):
        for own in module.parameters():
            own.normal_(0, 3.0)


def norm_of_one_value(training: Training) -> None:
    """LayerNorm(1) over the one value of a series: it is its own mean, and 0 is left."""
    model: Any = training.model
    model.before, training.truth = nn.LayerNorm(1), {"before", "convs", "cell"}


@torch.no_grad()
def tiny_everywhere(training: Training) -> None:
    """normal_(0, 0.001) for all layers, as in an old recipe, and no norms."""
    for layer in layers_of(training.model):
        layer.weight.normal_(0, 0.001)


@torch.no_grad()
def wide_spreads(training: Training) -> None:
    """Spreads begin at softplus(+3), where -3 was meant: weights are noise."""
    for module in training.model.modules():
        if isinstance(module, UncertainLinear):
            module.spread.fill_(3.0)


def momentum_of_one(training: Training) -> None:
    """A momentum of 1, for fresh statistics, was left on."""
    training.truth = set()
    for name, module in training.model.named_modules():
        if isinstance(module, BATCH_NORMS):
            module.momentum = 1.0
            training.truth.add(name)


def keep_a_tenth(training: Training) -> None:
    """The share that was meant to be kept is the share that is dropped."""
    set_dropout(training, 0.9)


def freeze_statistics(training: Training) -> None:
    """A fine-tuning script's set_bn_eval() in a training from scratch."""
    training.truth = {
        name for name, own in training.model.named_modules() if isinstance(own, BATCH_NORMS)
    }

    def evaluate(model: nn.Module) -> None:
        for module in model.modules():
            if isinstance(module, BATCH_NORMS):
                module.eval()

    training.trains = evaluate


def _put_behind(training: Training, module: nn.Module) -> None:
    """Put a module behind the last one, as part of it."""
    name = training.task.parts["head"]
    parent, _, own = name.rpartition(".")
    holder = training.model.get_submodule(parent)
    setattr(holder, own, nn.Sequential(holder.get_submodule(own), module))


def softmax_in_model(training: Training) -> None:
    _put_behind(training, nn.Softmax(1))


def softmax_of_one(training: Training) -> None:
    """softmax(dim=1) of the one logit of a yes or no: it is always 1."""
    _put_behind(training, nn.Softmax(1))
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy(model(*batch[:2]).float(), batch[2])

    training.task.phases[0].loss = loss


def tanh_for_movements(training: Training) -> None:
    """Movements of up to three pixels behind a tanh."""
    _put_behind(training, nn.Tanh())


def sigmoid_before_logits(training: Training) -> None:
    _put_behind(training, nn.Sigmoid())


def relu_behind_each(training: Training) -> None:
    """A ReLU behind each linear layer, and the last one is one."""
    _put_behind(training, nn.ReLU())


def column_against_row(training: Training) -> None:
    """Targets (N, 1) against (N,): each customer against all others."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        buys, stays = model(batch[0])
        bought = functional.binary_cross_entropy_with_logits(buys.float(), batch[1])
        return bought + functional.mse_loss(stays.float(), batch[2][:, None])

    training.task.phases[0].loss = loss


def likelihood_of_logits(training: Training) -> None:
    """nll_loss() of logits, without log_softmax()."""
    model = training.model
    training.task.phases[0].loss = lambda batch: functional.nll_loss(
        model(batch[0]).float(), batch[1]
    )


FLAT = STILL_TOO | kinds("saturated", "not_learning", "collapsed")

G_START: Final = (
    harm(
        FRESH_G,
        START,
        "norms_initialised_like_convolutions",
        "res_next sound_events",
        SMALL,
        prepare=norms_like_convs,
    ),
    harm(
        FRESH_G,
        SATURATION,
        "cell_of_standard_deviation_three",
        "attention_ocr sound_events",
        kinds("saturated", "exploding"),
        prepare=cell_of_three,
    ),
    plant(
        FRESH_G,
        MODES,
        "norm_over_one_value",
        "lstm_fcn",
        kinds("batch_statistics", "collapsed", "redundant_units", "vanishing"),
        allows=STILL_TOO
        | kinds("not_learning", "constant_input", "dead_units", "mostly_zero", "collapsed"),
        prepare=norm_of_one_value,
    ),
    harm(
        FRESH_G,
        START,
        "weights_of_a_thousandth",
        "siamese fold_net",
        SMALL,
        prepare=tiny_everywhere,
    ),
    harm(
        FRESH_G,
        START,
        "spread_of_plus_three",
        "bayes_by_backprop",
        kinds("exploding", "saturated", "not_learning"),
        prepare=wide_spreads,
    ),
    plant(
        FRESH_G,
        MODES,
        "no_train_after_a_look",
        "dynamic_unet sim_cse",
        kinds("eval_mode"),
        allows=kinds("sudden_change", "exploding"),
        onset=(0.2, 0.35),
        # model.eval() for a look at other data, and no model.train() behind it.
        at_step=at_onset(switch_to_eval),
    ),
    plant(
        FRESH_G,
        MODES,
        "momentum_of_one_left_on",
        "res_next eeg_net",
        kinds("batch_statistics"),
        allows=kinds("eval_mode"),
        prepare=momentum_of_one,
    ),
    plant(
        FRESH_G,
        MODES,
        "dropout_keeps_a_tenth",
        "conformer",
        kinds("strong_dropout"),
        allows=kinds("vanishing", "mostly_zero", "spike_and_crash", "outlier_features"),
        prepare=keep_a_tenth,
    ),
    plant(
        FRESH_G,
        MODES,
        "statistics_frozen_from_scratch",
        "hourglass",
        kinds("eval_mode", "batch_statistics"),
        allows=kinds("exploding", "vanishing", "spike_and_crash", "not_learning"),
        prepare=freeze_statistics,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_G,
        LAST,
        "softmax_left_in_the_model",
        "eeg_net binary_net",
        MISMATCH,
        allows=FLAT,
        prepare=softmax_in_model,
    ),
    plant(
        FRESH_G,
        LAST,
        "softmax_of_one_logit",
        "deep_cross",
        MISMATCH | kinds("saturated", "collapsed", "not_learning"),
        allows=FLAT,
        prepare=softmax_of_one,
    ),
    harm(
        FRESH_G,
        LAST,
        "tanh_for_movements",
        "flow_net",
        MISMATCH | kinds("saturated"),
        prepare=tanh_for_movements,
    ),
    plant(
        FRESH_G,
        LAST,
        "sigmoid_before_loss_with_logits",
        "sound_events",
        MISMATCH,
        allows=FLAT,
        prepare=sigmoid_before_logits,
    ),
    harm(
        FRESH_G,
        LAST,
        "relu_behind_each_layer",
        "flow_net i_transformer",
        kinds("relu_logits"),
        allows=FLAT | kinds("dead_units", "mostly_zero"),
        prepare=relu_behind_each,
    ),
    plant(
        FRESH_G,
        LAST,
        "column_against_row",
        "mmoe",
        MISMATCH,
        allows=FLAT,
        prepare=column_against_row,
    ),
    plant(
        FRESH_G,
        LAST,
        "likelihood_of_logits",
        "res_next",
        MISMATCH | kinds("exploding"),
        allows=kinds(
            "runaway_units", "outlier_features", "sudden_change", "non_finite", "saturated"
        ),
        prepare=likelihood_of_logits,
    ),
)

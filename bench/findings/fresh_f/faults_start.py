"""Mistakes of how a network is built and begun, of its modes, and of its last layer."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_f.pictures import LeakyNeurons, Quantise
from bench.findings.fresh_f.sequences import phi
from bench.findings.fresh_f.tables import GhostNorm
from bench.findings.wide.acts import at_onset, set_role_dropout, switch_to_eval
from bench.findings.wide.architecture import FRESH_F
from bench.findings.wide.fault import (
    AFTERMATH,
    LAST,
    MISMATCH,
    MODES,
    SATURATION,
    SHUT,
    START,
    harm,
    kinds,
    plant,
    replace_module,
)
from bench.findings.wide.training import Batch, Training


def spread_of_one(training: Training) -> None:
    """initializer_range=1, as nn.Embedding alone has it."""
    training.task = phi(1.0)


def threshold_of_ten(training: Training) -> None:
    """A threshold that no potential reaches."""
    for module in training.model.modules():
        if isinstance(module, LeakyNeurons):
            module.threshold = 10.0


def turn_scale(training: Training) -> None:
    """Multiplied by the scale where one divides: all is rounded to 0."""
    for module in training.model.modules():
        if isinstance(module, Quantise):
            module.levels = 1 / module.levels


@torch.no_grad()
def radius_of_ten(training: Training) -> None:
    """Nobody divided the recurrent weights by their largest eigenvalue."""
    echo: Any = training.model.get_submodule("echo")
    training.truth = {"echo"}
    echo.weight_hh_l0.mul_(10 / 0.9)


def end_with(training: Training, role: str, last: nn.Module) -> None:
    """A layer behind a network's last one."""
    name = training.task.parts[role]
    own = training.model.get_submodule(name)
    replace_module(training, name, nn.Sequential(own, last))


def never_negative(training: Training) -> None:
    """A ReLU behind both critics, where all rewards are negative."""
    training.truth = {"critics"}
    for name in ("critics.0.4", "critics.1.4"):
        own = training.model.get_submodule(name)
        replace_module(training, name, nn.Sequential(own, nn.ReLU()))


def broadcast_values(training: Training) -> None:
    """Values (N, 1) held against ends (N,): each against all."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        moves, value = model(batch[0])
        chosen = functional.cross_entropy(moves.float(), batch[1])
        return chosen + functional.mse_loss(value.float(), batch[2][:, 0])

    training.task.phases[0].loss = loss


def momentum_of_keras(training: Training) -> None:
    """BatchNorm(momentum=0.99), as Keras has it; for PyTorch that is what is new."""
    for module in training.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.99


def parts_of_two(training: Training) -> None:
    """virtual_batch_size=2."""
    for module in training.model.modules():
        if isinstance(module, GhostNorm):
            module.size = 2


def forget_logarithm(training: Training) -> None:
    """nll_loss() of what a softmax gives."""
    end_with(training, "head", nn.Softmax(-1))
    model = training.model
    training.task.phases[0].loss = lambda batch: functional.nll_loss(model(*batch[:2]), batch[2])


F_START: Final = (
    harm(
        FRESH_F,
        START,
        "initializer_range_of_one",
        "phi",
        kinds("exploding", "saturated"),
        prepare=spread_of_one,
    ),
    harm(
        FRESH_F,
        START,
        "threshold_of_ten",
        "spiking",
        SHUT | kinds("dead_units"),
        prepare=threshold_of_ten,
    ),
    harm(
        FRESH_F,
        START,
        "scale_turned",
        "int8_cnn",
        SHUT,
        allows=AFTERMATH | kinds("constant_input", "redundant_units"),
        prepare=turn_scale,
    ),
    harm(
        FRESH_F,
        SATURATION,
        "spectral_radius_of_ten",
        "reservoir",
        kinds("saturated"),
        prepare=radius_of_ten,
    ),
    plant(
        FRESH_F,
        LAST,
        "softmax_then_cross_entropy",
        "inception_time captioner",
        MISMATCH,
        prepare=lambda training: end_with(training, "head", nn.Softmax(-1)),
    ),
    harm(
        FRESH_F,
        LAST,
        "value_never_negative",
        "td3",
        kinds("relu_logits", "collapsed", "mostly_zero"),
        prepare=never_negative,
    ),
    plant(FRESH_F, LAST, "values_broadcast", "alpha_zero", MISMATCH, prepare=broadcast_values),
    plant(
        FRESH_F,
        MODES,
        "train_forgotten_after_validation",
        "shuffle_net tab_net",
        kinds("eval_mode"),
        allows=AFTERMATH,
        # model.eval() for the first validation, and no train() after it.
        at_step=at_onset(switch_to_eval),
        onset=(0.2, 0.4),
    ),
    plant(
        FRESH_F,
        MODES,
        "momentum_of_keras",
        "rotation_net",
        kinds("batch_statistics"),
        prepare=momentum_of_keras,
    ),
    plant(
        FRESH_F,
        MODES,
        "virtual_batches_of_two",
        "tab_net",
        kinds("batch_statistics"),
        prepare=parts_of_two,
    ),
    plant(
        FRESH_F,
        MODES,
        "dropout_typed_095",
        "captioner crf_tagger",
        kinds("strong_dropout"),
        allows=AFTERMATH,
        prepare=lambda training: set_role_dropout(training, "dropout", 0.95),
    ),
    plant(FRESH_F, LAST, "nll_of_probabilities", "ggnn", MISMATCH, prepare=forget_logarithm),
    harm(
        FRESH_F,
        LAST,
        "relu_behind_logits",
        "x_vector",
        kinds("relu_logits"),
        allows=AFTERMATH | MISMATCH,
        prepare=lambda training: end_with(training, "head", nn.ReLU()),
    ),
)

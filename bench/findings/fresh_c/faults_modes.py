"""Mistakes of modes, number formats and last layers, and what histograms do not show."""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_c.dense import detect_loss
from bench.findings.fresh_c.sequences import Attention
from bench.findings.wide.acts import at_onset, set_role_dropout, shuffle_targets, switch_to_eval
from bench.findings.wide.architecture import FRESH_C
from bench.findings.wide.fault import (
    HIDDEN,
    LAST,
    MIDWAY,
    MODES,
    NON_FINITE,
    NUMBERS,
    PART,
    change_inputs,
    change_late_batches,
    harm,
    kinds,
    plant,
    replace_module,
)
from bench.findings.wide.training import (
    Batch,
    Training,
)


class Unregistered:
    """Layers in an object that is no module: a plain list, a dict, a class of one's own."""

    def __init__(self, layers: nn.Module) -> None:
        self._layers = layers

    def __call__(self, given: Tensor) -> Tensor:
        return self._layers(given)


def keep_branch_apart(training: Training) -> None:
    branch = training.model._modules.pop("branch")
    training.model.branch = Unregistered(branch)  # type: ignore[assignment]


def keep_messages_in_list(training: Training) -> None:
    messages = training.model._modules.pop("messages")
    training.model.messages = list(messages)  # type: ignore[arg-type, assignment]


def lose_values(training: Training) -> None:
    """From a place of the file on, single values are missing."""

    def change(batch: Batch) -> Batch:
        rows = batch[0].clone()
        rows[3, -1] = float("nan")
        return (rows, *batch[1:])

    change_late_batches(training, change)


def scale_constant_column(training: Training) -> None:
    """(x - mean) / std, where one column is the same in all rows."""

    def change(rows: Tensor) -> Tensor:
        rows = rows.clone()
        rows[:, 2] = 3.0
        return torch.where(torch.arange(rows.shape[1]) == 2, (rows - 3.0) / 0.0, rows)

    change_inputs(training, change)


def keep_a_tenth(training: Training) -> None:
    """Dropout(0.9), meant as what is kept."""
    set_role_dropout(training, "dropout", 0.9)


def compute_in_half(training: Training) -> None:
    """model.half(), with Adam's epsilon of 1e-8."""
    training.model.half()
    change_inputs(training, lambda given: given.half())


def root_of_sizes(training: Training) -> None:
    """YOLO's square roots, of sizes that may be negative."""
    model = training.model
    training.task.phases[0].loss = lambda batch: detect_loss(model(batch[0]), batch[1], root=True)


def too_few_frames(training: Training) -> None:
    """So many strides that fewer frames are left than there are phones."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        chances = model(batch[0]).float().log_softmax(-1).transpose(0, 1)[::8]
        lasts = torch.full((len(batch[0]),), len(chances))
        return functional.ctc_loss(chances, batch[1], lasts, batch[2])

    training.task.phases[0].loss = loss


def swap_axes_by_view(training: Training) -> None:
    """view() where transpose() is meant."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        given = model(batch[0]).float().log_softmax(-1)
        chances = given.reshape(given.shape[1], given.shape[0], -1)
        lasts = torch.full((len(batch[0]),), len(chances))
        return functional.ctc_loss(chances, batch[1], lasts, batch[2], zero_infinity=True)

    training.task.phases[0].loss = loss


def end_in(training: Training, act: nn.Module) -> None:
    """Another module after the last one."""
    name = training.task.parts["head"]
    replace_module(training, name, nn.Sequential(training.task.part("head"), act))


def soften_twice(training: Training) -> None:
    """CrossEntropyLoss of a softmax."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).softmax(1), batch[1])

    training.task.phases[0].loss = loss


def leave_out_activations(training: Training) -> None:
    for name, module in copy.copy(list(training.model.named_modules())):
        if isinstance(module, nn.ReLU):
            replace_module(training, name, nn.Identity())


def batch_is_time(training: Training) -> None:
    """LSTM without batch_first."""
    for module in training.model.modules():
        if isinstance(module, nn.LSTM):
            module.batch_first = False


def see_the_future(training: Training) -> None:
    """No causal mask."""
    for module in training.model.modules():
        if isinstance(module, Attention):
            module.causal = False


C_MODES: Final = (
    plant(
        FRESH_C,
        PART,
        "branch_unregistered",
        "deeponet",
        kinds("not_learning"),
        prepare=keep_branch_apart,
    ),
    plant(
        FRESH_C,
        PART,
        "layers_in_list",
        "mpnn",
        kinds("not_learning"),
        prepare=keep_messages_in_list,
    ),
    harm(
        FRESH_C,
        NUMBERS,
        "values_missing",
        "fraud house_prices",
        NON_FINITE,
        prepare=lose_values,
        onset=MIDWAY,
    ),
    harm(
        FRESH_C,
        NUMBERS,
        "constant_column_scaled",
        "entity_embeddings fraud",
        NON_FINITE,
        prepare=scale_constant_column,
    ),
    plant(
        FRESH_C,
        HIDDEN,
        "targets_shuffled",
        "spatial_transformer mpnn",
        kinds(),
        prepare=shuffle_targets,
    ),
    plant(
        FRESH_C,
        MODES,
        "train_mode_forgotten",
        "vgg bilstm",
        kinds("eval_mode"),
        # evaluate() calls model.eval(), and nobody calls train() after it.
        at_step=at_onset(switch_to_eval),
        onset=(0.1, 0.4),
    ),
    harm(
        FRESH_C,
        MODES,
        "share_to_keep",
        "vgg text_cnn tutorial_cnn",
        kinds("strong_dropout"),
        prepare=keep_a_tenth,
    ),
    harm(
        FRESH_C,
        NUMBERS,
        "model_in_half",
        "bag_of_words deeponet",
        kinds("non_finite", "low_precision"),
        prepare=compute_in_half,
    ),
    harm(
        FRESH_C, NUMBERS, "roots_of_sizes", "detector", kinds("non_finite"), prepare=root_of_sizes
    ),
    harm(
        FRESH_C,
        NUMBERS,
        "fewer_frames_than_phones",
        "ctc_speech",
        kinds("non_finite"),
        prepare=too_few_frames,
    ),
    harm(
        FRESH_C,
        LAST,
        "relu_at_the_end",
        "house_prices mpnn",
        kinds("relu_logits", "collapsed", "mostly_zero", "loss_mismatch"),
        prepare=lambda training: end_in(training, nn.ReLU()),
    ),
    harm(
        FRESH_C,
        LAST,
        "sigmoid_at_the_end",
        "denoiser super_resolution",
        kinds("saturated", "collapsed", "vanishing", "loss_mismatch"),
        prepare=lambda training: end_in(training, nn.Sigmoid()),
    ),
    plant(
        FRESH_C,
        LAST,
        "softened_twice",
        "tutorial_cnn text_cnn",
        kinds("loss_mismatch"),
        prepare=soften_twice,
    ),
    plant(FRESH_C, HIDDEN, "no_activations", "fraud", kinds(), prepare=leave_out_activations),
    plant(FRESH_C, HIDDEN, "batch_as_time", "stock_lstm", kinds(), prepare=batch_is_time),
    plant(FRESH_C, HIDDEN, "axes_by_view", "ctc_speech", kinds(), prepare=swap_axes_by_view),
    plant(FRESH_C, HIDDEN, "no_causal_mask", "nano_gpt", kinds(), prepare=see_the_future),
)

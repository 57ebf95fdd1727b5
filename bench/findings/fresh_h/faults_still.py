"""Mistakes by which a network, or a part of it, does not learn, or stops too early."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from bench.findings.faults import DIVERGED
from bench.findings.fresh_h.series import Forecaster
from bench.findings.wide.acts import leave_out, set_recipe
from bench.findings.wide.architecture import FRESH_H
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    EARLY,
    NOTHING,
    PART,
    STILL,
    STILL_TOO,
    harm,
    kinds,
    plant,
    plant_in,
    replace_module,
    still,
    without_gradient,
)
from bench.findings.wide.training import Training


class MadeAnew(nn.Module):
    """A layer that is made in forward(), as if that was where layers belong."""

    def forward(self, values: Tensor) -> Tensor:
        layer = nn.Linear(values.shape[1], 32)
        made: Tensor = layer(values)
        return made


def make_in_forward(training: Training) -> None:
    replace_module(training, "3", MadeAnew())


def freeze_all_but_norms_and_head(training: Training) -> None:
    """vision_learner(..., pretrained=False), and fit() without unfreeze()."""
    for module in plant_in(training, "trunk"):
        for own in module.modules():
            if not isinstance(own, nn.BatchNorm2d):
                for parameter in own.parameters(recurse=False):
                    parameter.requires_grad_(False)


class BufferTable(nn.Module):
    """register_buffer() in place of nn.Parameter()."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows.detach().clone())

    def forward(self, index: Tensor) -> Tensor:
        chosen: Tensor = self.get_buffer("rows")[index]
        return chosen


def keep_tables_in_buffers(training: Training) -> None:
    plant_in(training, "users")
    model: Any = training.model
    for name in ("users", "deep_users"):
        replace_module(training, name, BufferTable(getattr(model, name).weight))


def rewrap_state(training: Training) -> None:
    """hidden = Variable(hidden.data) between the encoder and the decoder."""
    plant_in(training, "encoder")
    model = training.model
    assert isinstance(model, Forecaster)
    model.between = lambda state: state.data.clone()  # type: ignore[method-assign]


def leave_neck_out(training: Training) -> None:
    """Groups for the trunk and for the heads, and none for what is between."""
    leave_out(training, "neck")


def checkpoint_behind_frozen(training: Training) -> None:
    """checkpoint(layer, states, use_reentrant=True) behind embeddings that are frozen.

    No input of a layer needs a gradient, so no parameter in it has one.
    """

    def recompute(layer: Any) -> None:
        own = layer.forward

        def forward(states: Tensor, **more: object) -> object:
            return checkpoint(partial(own, **more), states, use_reentrant=True)

        layer.forward = forward

    model: Any = training.model
    model.model.embed_tokens.requires_grad_(False)
    for layer in model.model.layers:
        recompute(layer)
    training.truth = without_gradient(training)


def exchange_optimizers(training: Training) -> None:
    """The critic's loss is followed by the generator's optimizer, and the other way round."""
    training.truth = {"generator"}
    training.optimizers = training.optimizers[::-1]


def swap_head_late(training: Training) -> None:
    """model.fc = nn.Linear(...) below the line with the optimizer."""
    training.truth = {"8"}
    replace_module(training, "8", nn.Linear(64, 10))


def lambda_returns_rate(training: Training) -> None:
    """LambdaLR multiplies the rate by what the function gives, and that is the rate."""
    rate = training.recipe.rate
    training.recipe.schedule = lambda _share: rate


def accumulate_too_long(training: Training) -> None:
    """if (i + 1) % 16 == 0: step() and zero_grad(); an epoch has seven batches."""
    training.updates = False
    for optimizer in training.optimizers:
        optimizer.zero_grad = lambda *_, **__: None  # type: ignore[method-assign]


def give_teacher(training: Training) -> None:
    """The optimizer has the parameters of the teacher."""
    teacher: nn.Module = training.model.__dict__["teacher"]
    training.optimizers = [torch.optim.AdamW(teacher.parameters(), training.recipe.rate)]


FROZEN_TOO = STILL | kinds("frozen")

H_STILL: Final = (
    harm(
        FRESH_H,
        PART,
        "layer_made_in_forward",
        "churn_net",
        STILL,
        allows=STILL_TOO | DIVERGED,
        severities=ANY_SEVERITY,
        prepare=make_in_forward,
    ),
    plant(
        FRESH_H,
        PART,
        "freeze_without_pretraining",
        "fastai_vision vov_net",
        FROZEN_TOO,
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=freeze_all_but_norms_and_head,
    ),
    plant(
        FRESH_H,
        PART,
        "tables_in_buffers",
        "neu_mf",
        FROZEN_TOO,
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=keep_tables_in_buffers,
    ),
    still(FRESH_H, PART, "state_rewrapped", "forecast_gru", prepare=rewrap_state),
    still(FRESH_H, PART, "neck_left_out", "retina_net", rewire=leave_neck_out),
    still(
        FRESH_H,
        PART,
        "checkpoints_behind_frozen_embeddings",
        "mistral_sft",
        allows=STILL_TOO | kinds("frozen"),
        prepare=checkpoint_behind_frozen,
    ),
    still(
        FRESH_H,
        PART,
        "optimizers_exchanged",
        "wgan_clipped",
        allows=STILL_TOO | DIVERGED | kinds("kept_gradients", "loss_mismatch", "loss_rises"),
        rewire=exchange_optimizers,
    ),
    still(FRESH_H, PART, "head_swapped_below_the_optimizer", "wide_resnet", rewire=swap_head_late),
    # The rate of a tutorial on fine-tuning, with SGD and from scratch.
    still(
        FRESH_H,
        NOTHING,
        "sgd_at_the_rate_of_bert",
        "ecg_resnet dpcnn",
        prepare=set_recipe(optimizer="sgd", rate=2e-5),
    ),
    still(
        FRESH_H, NOTHING, "lambda_gives_the_rate", "mpnet_similarity", prepare=lambda_returns_rate
    ),
    still(
        FRESH_H,
        NOTHING,
        "accumulation_longer_than_an_epoch",
        "ordinal_wine",
        allows=STILL_TOO | kinds("kept_gradients"),
        rewire=accumulate_too_long,
    ),
    plant(
        FRESH_H,
        EARLY,
        "polynomial_of_one_epoch",
        "deep_lab vov_net",
        kinds("stopped_learning"),
        allows=STILL | STILL_TOO,
        severities=ANY_SEVERITY,
        onset=(0.2, 0.2),
        # PolynomialLR with total_iters of one epoch, and step() after each batch.
        prepare=set_recipe(schedule=lambda share: float(max(0.0, 1 - share / 0.2) ** 0.9)),
    ),
    still(FRESH_H, NOTHING, "optimizer_has_the_teacher", "deit", rewire=give_teacher),
)

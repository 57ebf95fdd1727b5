"""Rates and decays that are too high, starts that are wrong, and modes that do not fit."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from bench.findings.faults import DIVERGED
from bench.findings.fresh_h.tables import NoisyLinear
from bench.findings.wide.acts import (
    at_onset,
    keep_in_eval,
    layers_of,
    map_batches,
    set_recipe,
    set_role_dropout,
)
from bench.findings.wide.architecture import FRESH_H
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    FADED,
    FOLLOWS,
    GROWTH,
    MIDWAY,
    MODES,
    SATURATION,
    START,
    STILL_TOO,
    UNSTABLE,
    harm,
    kinds,
    plant,
    plant_in,
    replace_module,
    role_modules,
)
from bench.findings.wide.training import Training, phase_parameters


def rate_and_momentum_swapped(training: Training) -> None:
    """SGD(parameters, 0.9, 0.01)"""
    parameters = phase_parameters(training.task.phases[0])
    training.optimizers = [torch.optim.SGD(parameters, 0.9, training.recipe.rate)]


def average_at_half(training: Training, step: int) -> None:
    """SWALR(swa_lr=0.5), where Adam had a rate of thousandths."""
    if step == training.onset:
        training.factor = 0.5 / training.recipe.rate


def smooth_without_end(training: Training) -> None:
    """No way back to a node's own features, and as many steps as the paper has for large graphs."""
    model: Any = training.model
    model.hops, model.stay = 200, 0.0


def forget_residuals(training: Training) -> None:
    """x = attention(norm(x)), not x + attention(norm(x))."""

    def rewire(block: Any) -> None:
        def forward(values: Tensor, *_: object, **__: object) -> Tensor:
            values = block.attn(block.norm1(values))
            changed: Tensor = block.mlp(block.norm2(values))
            return changed

        block.forward = forward

    model: Any = training.model
    for block in model.blocks:
        rewire(block)


@torch.no_grad()
def start_both_at_zero(training: Training) -> None:
    """Of two vectors that are multiplied, both start at 0: neither has a gradient."""
    for own in plant_in(training, "embedding"):
        assert isinstance(own, nn.Embedding)
        own.weight.zero_()


def norm_of_single_values(training: Training) -> None:
    """GroupNorm with as many groups as channels, behind the pooling: each group is one value."""
    replace_module(training, training.task.parts["after_pool"], nn.GroupNorm(32, 32))


def sigmoids_for_relus(training: Training) -> None:
    for name, module in list(training.model.named_modules()):
        if isinstance(module, nn.ReLU):
            replace_module(training, name, nn.Sigmoid())


@torch.no_grad()
def noise_of_five(training: Training) -> None:
    """The noise is not divided by the root of the inputs, and ten times as large."""
    for own in plant_in(training, "noisy"):
        assert isinstance(own, NoisyLinear)
        own.spread.fill_(5.0)


@torch.no_grad()
def start_by_randn(training: Training) -> None:
    """nn.Parameter(torch.randn(...))"""
    for layer in layers_of(training.model):
        layer.weight.normal_()


def give_what_is_kept(training: Training) -> None:
    """ps=0.95, as in a framework where that is kept."""
    set_role_dropout(training, "drops", 0.95)


def forget_head_modes(training: Training) -> None:
    """The whole model is in eval mode but its head: head.train() in place of model.train()."""
    heads = role_modules(training, "head")

    def set_modes(model: nn.Module) -> None:
        model.eval()
        for head in heads:
            head.train()

    training.trains = set_modes


H_RATES: Final = (
    harm(
        FRESH_H,
        GROWTH,
        "rate_of_5e_2",
        "mpnet_similarity roformer_ner",
        UNSTABLE | kinds("vanishing"),
        allows=FOLLOWS,
        # 5e-2 for 5e-5
        prepare=set_recipe(rate=0.05),
    ),
    harm(
        FRESH_H,
        GROWTH,
        "rate_and_momentum_swapped",
        "alex_net wide_resnet",
        UNSTABLE | kinds("optimizer_settings"),
        allows=FOLLOWS,
        rewire=rate_and_momentum_swapped,
    ),
    harm(
        FRESH_H,
        GROWTH,
        "decay_of_adamw_in_sgd",
        "wide_resnet ecg_resnet",
        FADED | kinds("optimizer_settings", "mostly_zero"),
        allows=FOLLOWS | STILL_TOO,
        # weight_decay=0.1, as for a transformer, with SGD.
        prepare=set_recipe(weight_decay=0.1),
    ),
    harm(
        FRESH_H,
        GROWTH,
        "averaging_at_a_rate_of_half",
        "star_net sup_con",
        UNSTABLE | kinds("optimizer_settings"),
        allows=FOLLOWS,
        onset=MIDWAY,
        at_step=average_at_half,
    ),
    harm(
        FRESH_H,
        GROWTH,
        "gamma_of_ten",
        "nll_cnn ecg_resnet",
        UNSTABLE | kinds("optimizer_settings"),
        allows=FOLLOWS,
        onset=(0.5, 0.5),
        # MultiStepLR(gamma=10), where 0.1 was meant.
        prepare=set_recipe(
            schedule=lambda share: 1.0 if share < 0.5 else 10.0 if share < 0.75 else 100.0
        ),
    ),
    plant(
        FRESH_H,
        GROWTH,
        "links_not_normalised",
        "appnp",
        kinds("exploding", "loss_rises"),
        allows=FOLLOWS | kinds("loss_mismatch", "unscaled_inputs"),
        # Neighbours are summed: the links are not divided by degrees.
        prepare=map_batches(lambda batch: (batch[0], (batch[1] > 0).float(), batch[2])),
    ),
    harm(FRESH_H, START, "smoothed_without_end", "appnp", FADED, prepare=smooth_without_end),
    harm(FRESH_H, START, "residuals_forgotten", "deit", FADED, prepare=forget_residuals),
    plant(
        FRESH_H,
        START,
        "both_factors_start_at_zero",
        "neu_mf",
        FADED | kinds("mostly_zero"),
        allows=STILL_TOO | FADED,
        prepare=start_both_at_zero,
    ),
    plant(
        FRESH_H,
        START,
        "groups_of_one_value",
        "ecg_resnet",
        FADED | kinds("batch_statistics"),
        allows=STILL_TOO | kinds("mostly_zero", "dead_units"),
        prepare=norm_of_single_values,
    ),
    harm(
        FRESH_H,
        SATURATION,
        "sigmoids_for_relus",
        "alex_net",
        FADED | kinds("saturated"),
        prepare=sigmoids_for_relus,
    ),
    harm(
        FRESH_H,
        START,
        "noise_of_five",
        "noisy_dqn",
        UNSTABLE | kinds("outlier_features"),
        allows=FOLLOWS,
        prepare=noise_of_five,
    ),
    harm(
        FRESH_H,
        SATURATION,
        "weights_by_randn",
        "behaviour_cloning",
        kinds("saturated", "exploding"),
        prepare=start_by_randn,
    ),
    plant(
        FRESH_H,
        MODES,
        "eval_since_the_first_validation",
        "alex_net fastai_vision",
        kinds("eval_mode"),
        allows=DIVERGED,
        onset=(0.1, 0.2),
        # model.eval() in the first validation, and no model.train() after it.
        at_step=at_onset(keep_in_eval),
    ),
    plant(
        FRESH_H,
        MODES,
        "only_the_head_in_train_mode",
        "ecg_resnet",
        kinds("eval_mode"),
        allows=DIVERGED | kinds("vanishing"),
        severities=ANY_SEVERITY,
        prepare=forget_head_modes,
    ),
    plant(
        FRESH_H,
        MODES,
        "dropout_of_what_is_kept",
        "fastai_vision",
        kinds("strong_dropout"),
        allows=FOLLOWS,
        prepare=give_what_is_kept,
    ),
    plant(
        FRESH_H,
        MODES,
        "batches_of_two",
        "fastai_vision",
        kinds("batch_statistics"),
        allows=FOLLOWS,
        # bs=2 for want of memory.
        prepare=map_batches(lambda batch: tuple(own[:2] for own in batch)),
    ),
)

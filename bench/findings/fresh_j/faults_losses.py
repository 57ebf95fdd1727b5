"""Losses that do not fit, optimizers set wrongly, and numbers that run out of range."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.faults import DIVERGED
from bench.findings.fresh_j.planting import harm, plant
from bench.findings.wide.acts import minimise, put_behind, set_on_model, use_optimizer
from bench.findings.wide.fault import (
    AFTERMATH,
    FADED,
    FOLLOWS,
    GROWTH,
    LAST,
    MIDWAY,
    NUMBERS,
    UNSTABLE,
    WRONGLY,
    Fault,
    kinds,
)
from bench.findings.wide.planting import map_targets
from bench.findings.wide.training import Batch, Training

MISFIT: Final = kinds("loss_mismatch")


def ascend_slowly(training: Training) -> None:
    """A score that is to be large is given as a loss, with a small weight."""
    training.recipe.rate /= 4
    training.loss_of = lambda loss: -0.1 * loss


def strong_decay(training: Training) -> None:
    """weight_decay=1 in place of 1e-4."""
    training.recipe.weight_decay = 1.0


def logarithm_of_predictions(model: nn.Module, batch: Batch) -> Tensor:
    """The logarithmic error of sales, some of which the network tells below -1."""
    told = model(*batch[:-1]).float()
    return functional.mse_loss((1 + told).log(), (1 + batch[-1].clamp(min=-0.5)).log())


def targets_in_one_dimension(model: nn.Module, batch: Batch) -> Tensor:
    told = model(batch[0]).float()
    return ((told - batch[1][:, 0]) ** 2).mean()


def softmax_of_the_first_axis(model: nn.Module, batch: Batch) -> Tensor:
    """log_softmax(dim=0), as the first axis that comes to mind."""
    return functional.nll_loss(model(batch[0]).float().log_softmax(0), batch[1])


def raise_rate_midway(training: Training, step: int) -> None:
    """The second stage of a script has the rate of another optimizer: 60 times as high."""
    if step == training.onset:
        training.factor = 60.0


def small_loss_in_half(training: Training) -> None:
    """autocast to float16, a loss divided by the size of a data set, no scaler."""
    training.recipe.autocast = torch.float16
    training.loss_of = lambda loss: loss * 1e-6


def let_judge_run_ahead(training: Training) -> None:
    """The judge's optimizer keeps the rate of a search, 30 times the generator's."""
    for group in training.optimizers[0].param_groups:
        group["lr"] *= 30


def swap_betas(training: Training) -> None:
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["betas"] = (0.999, 0.9)


J_LOSSES: Final[tuple[Fault, ...]] = (
    plant(
        WRONGLY,
        "score_given_as_loss",
        "titanic_mlp granite",
        kinds("loss_rises"),
        allows=FOLLOWS,
        prepare=ascend_slowly,
    ),
    plant(
        WRONGLY,
        "error_of_a_column_against_a_row",
        "diabetes_net",
        MISFIT,
        allows=FADED,
        prepare=minimise(targets_in_one_dimension),
    ),
    plant(
        WRONGLY,
        "softmax_of_the_first_axis",
        "dense_graph tiny_vit",
        MISFIT,
        allows=FADED,
        prepare=minimise(softmax_of_the_first_axis),
    ),
    plant(
        LAST,
        "forward_ends_with_a_softmax",
        "fast_text basic_resnet",
        MISFIT,
        allows=FADED | kinds("saturated"),
        prepare=put_behind("head", lambda: nn.Softmax(-1)),
    ),
    plant(
        LAST,
        "last_block_like_the_others",
        "wave_cnn rem_bert",
        kinds("relu_logits"),
        allows=FADED | kinds("dead_units", "mostly_zero", "loss_mismatch"),
        prepare=put_behind("head", nn.ReLU),
    ),
    plant(
        LAST,
        "numbers_from_a_sigmoid",
        "age_estimator lstm_forecast",
        MISFIT,
        allows=FADED | kinds("saturated"),
        prepare=put_behind("head", nn.Sigmoid),
    ),
    plant(
        WRONGLY,
        "label_column_of_a_filtered_file",
        "wave_cnn pool_former",
        MISFIT,
        allows=FADED | AFTERMATH,
        prepare=map_targets(torch.zeros_like),
    ),
    plant(
        WRONGLY,
        "prices_in_cents",
        "store_sales shared_bottom",
        MISFIT | kinds("not_learning"),
        allows=UNSTABLE | FADED,
        prepare=map_targets(lambda own: own * 4e3 + 2e4),
    ),
    plant(
        WRONGLY,
        "betas_in_the_wrong_order",
        "nt_xent ssd_heads",
        kinds("optimizer_settings"),
        allows=UNSTABLE,
        rewire=swap_betas,
    ),
    plant(
        WRONGLY,
        "decay_of_one_for_ten_thousandths",
        "basic_resnet dropout_mlp",
        kinds("optimizer_settings", "vanishing", "collapsed"),
        allows=FADED | AFTERMATH,
        prepare=strong_decay,
    ),
    harm(
        GROWTH,
        "second_stage_at_another_rate",
        "ssd_heads rem_bert",
        UNSTABLE | kinds("optimizer_settings", "sudden_change"),
        allows=FOLLOWS | kinds("saturated"),
        onset=MIDWAY,
        at_step=raise_rate_midway,
    ),
    harm(
        GROWTH,
        "rate_of_three_for_adam",
        "gru_reviews pool_former",
        UNSTABLE | FADED | kinds("saturated"),
        allows=FOLLOWS | kinds("optimizer_settings"),
        rewire=use_optimizer(lambda _, own: torch.optim.Adam(own, 3.0)),
    ),
    harm(
        GROWTH,
        "sgd_of_three_with_momentum",
        "robust_demand seq_autoencoder",
        UNSTABLE | FADED | kinds("saturated"),
        allows=FOLLOWS | kinds("optimizer_settings"),
        rewire=use_optimizer(lambda _, own: torch.optim.SGD(own, 3.0, momentum=0.95)),
    ),
    harm(
        NUMBERS,
        "logarithm_of_sales_below_nothing",
        "store_sales",
        kinds("non_finite"),
        allows=DIVERGED,
        prepare=minimise(logarithm_of_predictions),
    ),
    harm(
        NUMBERS,
        "loss_by_size_of_set_in_half",
        "dropout_mlp char_gru",
        kinds("low_precision", "not_learning"),
        allows=FADED,
        prepare=small_loss_in_half,
    ),
    harm(
        WRONGLY,
        "judge_keeps_the_rate_of_a_search",
        "ls_gan",
        kinds("not_learning", "vanishing", "saturated", "loss_rises", "exploding", "collapsed"),
        allows=FOLLOWS | MISFIT,
        rewire=let_judge_run_ahead,
    ),
    harm(
        WRONGLY,
        "divergence_of_two_hundred",
        "mlp_vae",
        kinds("collapsed", "vanishing", "redundant_units", "unused_units"),
        allows=FOLLOWS,
        prepare=set_on_model(beta=200.0),
    ),
)

"""Mistakes of rates, decays and losses, by which a training grows out of bounds or shrinks."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from bench.findings.faults import DIVERGED
from bench.findings.fresh_f.physics import SpectralConv
from bench.findings.fresh_f.pictures import mean_teacher
from bench.findings.fresh_f.tables import Attend
from bench.findings.wide.acts import never_clear, set_recipe
from bench.findings.wide.architecture import FRESH_F
from bench.findings.wide.fault import (
    AFTERMATH,
    GROWTH,
    SATURATION,
    WRONGLY,
    harm,
    kinds,
    plant,
    weights_of,
)
from bench.findings.wide.training import Batch, Training, one_cycle

GROWN = DIVERGED | {"loss_rises", "not_learning", "vanishing"}


def accumulate_undivided(training: Training) -> None:
    """Eight batches to a step, whose losses are summed and not divided by eight."""
    training.recipe.accumulate = 8
    training.loss_of = lambda loss: loss * 8


def subtract_penalty(training: Training) -> None:
    """loss -= penalty: large weights are rewarded."""
    loss = training.task.phases[0].loss

    def rewarded(batch: Batch) -> Tensor:
        penalty = torch.stack([p.square().sum() for p in weights_of(training.model)]).sum()
        return loss(batch) - 0.05 * penalty

    training.task.phases[0].loss = rewarded


def minimise_likelihood(training: Training) -> None:
    """crf(scores, tags) is a log-likelihood; its minus sign is forgotten."""
    loss = training.task.phases[0].loss
    training.task.phases[0].loss = lambda batch: -loss(batch)


def agree_above_all(training: Training) -> None:
    """The consistency with the teacher counts a thousandfold from the first step on."""
    training.task = mean_teacher(1000.0)


def scale_only_one_way(training: Training) -> None:
    """rfft() as it is and irfft(norm="forward"): each block multiplies by the length."""
    for module in training.model.modules():
        if isinstance(module, SpectralConv):
            module.back = "forward"


def multiply_scores(training: Training) -> None:
    """Scores are multiplied by the root of the width instead of divided."""
    training.truth = {"blocks", "pool"}
    for module in training.model.modules():
        if isinstance(module, Attend):
            module.factor = 1 / module.factor


F_RATES: Final = (
    # lr=0.1, as SGD had it, given to Adam.
    harm(
        FRESH_F, GROWTH, "adam_with_rate_of_sgd", "tab_net phi", GROWN, prepare=set_recipe(rate=0.1)
    ),
    # fit_one_cycle(lr_max=1), where 1e-2 was meant.
    harm(
        FRESH_F,
        GROWTH,
        "one_cycle_peak_of_one",
        "dino_v2 ggnn",
        GROWN,
        prepare=set_recipe(schedule=one_cycle, rate=0.5),
    ),
    harm(
        FRESH_F,
        GROWTH,
        "accumulation_not_divided",
        "alpha_zero",
        GROWN,
        prepare=accumulate_undivided,
    ),
    plant(
        FRESH_F,
        GROWTH,
        "penalty_subtracted",
        "hamiltonian rotation_net",
        DIVERGED,
        allows=AFTERMATH | kinds("runaway_units"),
        prepare=subtract_penalty,
    ),
    plant(
        FRESH_F,
        WRONGLY,
        "likelihood_minimised",
        "crf_tagger",
        kinds("exploding", "loss_rises", "saturated", "non_finite"),
        allows=AFTERMATH,
        prepare=minimise_likelihood,
    ),
    plant(
        FRESH_F,
        WRONGLY,
        "gradients_never_cleared",
        "x_vector ggnn",
        kinds("kept_gradients"),
        allows=AFTERMATH,
        rewire=never_clear,
    ),
    harm(
        FRESH_F,
        WRONGLY,
        "decay_of_ten",
        "set_transformer",
        kinds("optimizer_settings", "vanishing", "collapsed"),
        # wd=10, where 0.1 was meant.
        prepare=set_recipe(optimizer="adamw", weight_decay=10.0),
    ),
    harm(
        FRESH_F,
        WRONGLY,
        "consistency_of_a_thousand",
        "mean_teacher",
        kinds("collapsed", "vanishing", "not_learning"),
        prepare=agree_above_all,
    ),
    harm(
        FRESH_F,
        GROWTH,
        "transform_scaled_one_way",
        "fourier_operator",
        kinds("exploding", "non_finite"),
        prepare=scale_only_one_way,
    ),
    harm(
        FRESH_F,
        SATURATION,
        "scores_multiplied_by_the_root",
        "set_transformer",
        kinds("saturated"),
        prepare=multiply_scores,
    ),
)

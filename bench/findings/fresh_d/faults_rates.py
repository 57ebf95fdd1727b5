"""Mistakes of rates, optimizers and losses, by which something grows or shrinks."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from bench.findings.faults import DIVERGED
from bench.findings.fresh_d.games import DuelingTask
from bench.findings.wide.acts import at_onset, map_loss, never_clear, set_recipe, set_sgd_momentum
from bench.findings.wide.architecture import FRESH_D
from bench.findings.wide.fault import (
    AFTERMATH,
    GROWTH,
    MIDWAY,
    SHRINKS,
    WRONGLY,
    change_batches,
    harm,
    kinds,
    plant,
    role_modules,
)
from bench.findings.wide.training import Batch, Training, keep_rate

RISES = kinds("loss_rises")


def restart_too_hot(training: Training, step: int) -> None:
    """The second cycle begins at a hundred times the rate, and falls."""
    if step >= training.onset:
        training.factor = max(100.0 * 0.99 ** (step - training.onset), 1.0)


def decay_more(training: Training, step: int) -> None:
    """The second phase's file has weight_decay: 30."""
    if step == training.onset:
        for optimizer in training.optimizers:
            for group in optimizer.param_groups:
                group["weight_decay"] = 30.0


def unclipped_sgd(training: Training) -> None:
    """SGD at a rate of 60, as papers have it for language models, but without their clipping."""
    training.recipe.optimizer, training.recipe.rate = "sgd", 60.0
    training.recipe.clip = None


def rise_forever(training: Training) -> None:
    """rate * step / 10: the minimum of this and 1 was forgotten."""
    steps = training.recipe.steps
    training.recipe.schedule = lambda share: share * steps / 3
    training.onset = steps // 5


def reverse_gradient(training: Training, step: int) -> None:
    """A gradient reversal, meant for another domain, is left on."""
    if step == training.onset:
        last = role_modules(training, "trunk")[-1]
        last.register_forward_hook(lambda _module, _given, output: _reversed(output))


def _reversed(output: Tensor) -> Tensor:
    turned = output * 1.0
    if turned.requires_grad:
        turned.register_hook(lambda gradient: -gradient)
    return turned


def discount_of_nine(training: Training) -> None:
    """9.5 for 0.95."""
    assert isinstance(training.task, DuelingTask)
    training.task.discount = 9.5


def sum_losses(training: Training) -> None:
    """Over samples and words."""
    size = training.task.draw(0)[1].numel()
    training.loss_of = lambda loss: loss * size
    training.recipe.schedule = keep_rate


def minutes_in_milliseconds(training: Training) -> None:
    """One of three losses is of numbers in the thousands, and the losses are added."""
    scale = torch.tensor([1.0, 1.0, 3000.0])
    change_batches(training, lambda batch: (batch[0], batch[1] * scale))


def broadcast_counts(training: Training) -> None:
    """Counts (N,) against log rates (N, 1)."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        log_rate = model(batch[0])
        return (log_rate.exp() - batch[1][:, 0] * log_rate).mean()

    training.task.phases[0].loss = loss


D_RATES: Final = (
    harm(
        FRESH_D,
        GROWTH,
        "rate_of_sgd",
        "deberta text_vae",
        DIVERGED,
        # 0.1, from a script with SGD.
        prepare=set_recipe(rate=0.1),
    ),
    harm(
        FRESH_D,
        GROWTH,
        "restart_too_hot",
        "segformer graph_attention",
        DIVERGED,
        at_step=restart_too_hot,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        GROWTH,
        "momentum_of_999",
        "mnist_mlp",
        DIVERGED | RISES | kinds("optimizer_settings"),
        # 0.999, Adam's second beta.
        rewire=set_sgd_momentum(0.999),
    ),
    harm(
        FRESH_D,
        WRONGLY,
        "zero_grad_forgotten",
        "deep_survival",
        DIVERGED | kinds("kept_gradients"),
        rewire=never_clear,
    ),
    harm(
        FRESH_D,
        WRONGLY,
        "zero_grad_lost",
        "many_experts",
        DIVERGED | kinds("kept_gradients"),
        # Accumulation was switched on, and its condition never holds.
        at_step=at_onset(never_clear),
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        WRONGLY,
        "minus_forgotten",
        "deep_ar",
        DIVERGED | RISES,
        # The log-likelihood itself is minimised.
        prepare=map_loss(lambda loss: -loss),
    ),
    harm(
        FRESH_D,
        GROWTH,
        "decay_of_one",
        "two_tower",
        SHRINKS | kinds("optimizer_settings", "mostly_zero"),
        # Adam(weight_decay=1).
        prepare=set_recipe(weight_decay=1.0),
    ),
    harm(
        FRESH_D,
        GROWTH,
        "decay_of_thirty_later",
        "qwen",
        SHRINKS | kinds("optimizer_settings", "sudden_change", "mostly_zero"),
        at_step=decay_more,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        GROWTH,
        "rate_of_sixty_unclipped",
        "word_lstm",
        DIVERGED,
        prepare=unclipped_sgd,
    ),
    harm(
        FRESH_D,
        GROWTH,
        "rise_without_end",
        "detr",
        DIVERGED | RISES,
        prepare=rise_forever,
    ),
    harm(
        FRESH_D,
        WRONGLY,
        "gradient_reversed",
        "keyword_net",
        DIVERGED | RISES,
        at_step=reverse_gradient,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        GROWTH,
        "discount_of_nine",
        "dueling_dqn",
        kinds("exploding"),
        prepare=discount_of_nine,
    ),
    harm(
        FRESH_D,
        GROWTH,
        "summed_over_batch",
        "efficientnet",
        DIVERGED,
        prepare=sum_losses,
    ),
    plant(
        FRESH_D,
        GROWTH,
        "one_loss_outweighs",
        "many_experts",
        kinds("exploding", "spike_and_crash", "runaway_units"),
        allows=AFTERMATH,
        prepare=minutes_in_milliseconds,
    ),
    harm(
        FRESH_D,
        WRONGLY,
        "counts_broadcast",
        "poisson_demand",
        SHRINKS | kinds("loss_mismatch"),
        prepare=broadcast_counts,
    ),
)

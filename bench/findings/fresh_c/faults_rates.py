"""Mistakes of rates, losses and starts."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from bench.findings.faults import DIVERGED
from bench.findings.fresh_c.games import critic_loss
from bench.findings.wide.acts import (
    layers_of,
    map_loss,
    multiply_rate,
    never_clear,
    set_recipe,
    sum_losses,
)
from bench.findings.wide.architecture import FRESH_C
from bench.findings.wide.fault import (
    AFTERMATH,
    GROWTH,
    MIDWAY,
    SHRINKS,
    START,
    WRONGLY,
    harm,
    kinds,
    replace_module,
)
from bench.findings.wide.training import (
    Batch,
    Training,
    keep_rate,
)


def raise_rate_later(training: Training, step: int) -> None:
    """Resumed with the rate of another file."""
    training.factor = 100.0 if step >= training.onset else 1.0


def skip_warm_up(training: Training) -> None:
    training.recipe.schedule = keep_rate
    training.recipe.rate = 3e-2


def drop_penalty(training: Training) -> None:
    task = training.task
    for phase in task.phases[:-1]:
        phase.loss = lambda batch: critic_loss(task, batch, 0.0)


def pay_in_hundreds(training: Training) -> None:
    """Rewards of some hundreds for each step."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        return (batch[0], batch[1], 400 * batch[2], batch[3])

    training.task.draw = drawn


@torch.no_grad()
def draw_normal(training: Training) -> None:
    """nn.init.normal_(weight), with its standard deviation of 1."""
    for name, parameter in training.model.named_parameters():
        if parameter.dim() > 1 and "embed" not in name:
            nn.init.normal_(parameter)


@torch.no_grad()
def start_at_zero(training: Training) -> None:
    for parameter in training.model.parameters():
        parameter.zero_()


@torch.no_grad()
def start_equal(training: Training) -> None:
    for layer in layers_of(training.model):
        nn.init.constant_(layer.weight, 0.1)


@torch.no_grad()
def usual_embedding(training: Training) -> None:
    """nn.Embedding as it is made: a standard deviation of 1, also for what writes the letters."""
    nn.init.normal_(training.task.part("embedding").weight)


def stack_sigmoids(training: Training) -> None:
    layers: list[nn.Module] = [nn.Linear(8, 48), nn.Sigmoid()]
    for _ in range(5):
        layers += [nn.Linear(48, 48), nn.Sigmoid()]
    replace_module(training, "body", nn.Sequential(*layers))


def stack_convolutions(training: Training) -> None:
    """Fourteen layers with neither norms nor skips."""
    layers: list[nn.Module] = []
    for _ in range(14):
        layers += [nn.Conv2d(20, 20, 3, padding=1), nn.ReLU()]
    replace_module(training, "blocks", nn.Sequential(*layers))


def broadcast_targets(training: Training) -> None:
    """Targets (N,) against outputs (N, 1)."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return (model(batch[0]) - batch[1][:, 0]).pow(2).mean()

    training.task.phases[0].loss = loss


C_RATES: Final = (
    harm(
        FRESH_C,
        GROWTH,
        "hundredfold_rate",
        "tutorial_cnn text_cnn mae",
        DIVERGED,
        allows=AFTERMATH | kinds("loss_rises"),
        prepare=multiply_rate(100),
    ),
    harm(
        FRESH_C,
        GROWTH,
        "resumed_at_hundredfold",
        "mpnn vgg",
        DIVERGED,
        at_step=raise_rate_later,
        onset=MIDWAY,
    ),
    harm(
        FRESH_C,
        GROWTH,
        "losses_summed",
        "vgg spatial_transformer",
        DIVERGED,
        allows=AFTERMATH | kinds("loss_rises"),
        # reduction="sum".
        prepare=sum_losses,
    ),
    harm(
        FRESH_C,
        WRONGLY,
        "gradients_kept",
        "house_prices spatial_transformer",
        DIVERGED | kinds("kept_gradients"),
        # The line with zero_grad() is not there.
        rewire=never_clear,
    ),
    harm(
        FRESH_C,
        GROWTH,
        "warm_up_skipped",
        "series_transformer",
        DIVERGED | kinds("vanishing"),
        prepare=skip_warm_up,
    ),
    harm(
        FRESH_C,
        GROWTH,
        "penalty_forgotten",
        "wgan_gp",
        kinds("exploding", "spike_and_crash", "loss_mismatch"),
        prepare=drop_penalty,
    ),
    harm(
        FRESH_C,
        GROWTH,
        "rewards_unscaled",
        "soft_actor_critic",
        kinds("exploding"),
        prepare=pay_in_hundreds,
    ),
    harm(
        FRESH_C,
        WRONGLY,
        "loss_maximised",
        "deeponet entity_embeddings",
        DIVERGED | kinds("loss_rises"),
        prepare=map_loss(lambda loss: -loss),
    ),
    harm(
        FRESH_C,
        GROWTH,
        "decay_in_adam",
        "text_cnn cnn_lstm mpnn",
        SHRINKS | kinds("optimizer_settings"),
        # weight_decay=0.1 in Adam, which adds it to the gradient.
        prepare=set_recipe(weight_decay=0.1),
    ),
    harm(
        FRESH_C,
        START,
        "normal_start",
        "tutorial_cnn stock_lstm",
        kinds("exploding", "saturated"),
        allows=AFTERMATH | kinds("unscaled_inputs"),
        prepare=draw_normal,
    ),
    harm(
        FRESH_C,
        START,
        "start_of_zeros",
        "bag_of_words tutorial_cnn",
        SHRINKS | kinds("redundant_units", "not_learning"),
        prepare=start_at_zero,
    ),
    harm(
        FRESH_C,
        START,
        "start_of_tenths",
        "pinn",
        kinds("redundant_units", "vanishing"),
        prepare=start_equal,
    ),
    harm(
        FRESH_C,
        START,
        "tied_embedding_of_one",
        "nano_gpt",
        kinds("exploding"),
        prepare=usual_embedding,
    ),
    harm(FRESH_C, START, "six_sigmoids", "house_prices", SHRINKS, prepare=stack_sigmoids),
    harm(
        FRESH_C,
        START,
        "fourteen_plain_layers",
        "preact_resnet",
        SHRINKS,
        prepare=stack_convolutions,
    ),
    harm(
        FRESH_C,
        WRONGLY,
        "targets_broadcast",
        "stock_lstm house_prices",
        SHRINKS | kinds("loss_mismatch"),
        prepare=broadcast_targets,
    ),
)

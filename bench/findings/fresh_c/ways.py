"""Healthy ways to train that look odd."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from bench.findings.wide.acts import (
    Ways,
    freeze_role,
    set_dropout,
    set_recipe,
)
from bench.findings.wide.fault import role_modules
from bench.findings.wide.training import Batch, Training, train_before


def restarts(training: Training) -> None:
    """SGDR: each cycle is twice as long as the one before it."""

    def schedule(share: float) -> float:
        for begin, end in ((0.0, 1 / 7), (1 / 7, 3 / 7), (3 / 7, 1.01)):
            if share < end:
                turn = torch.tensor(3.14159 * (share - begin) / (end - begin))
                return 0.5 + 0.499 * float(turn.cos())
        return 0.0

    training.recipe.schedule = schedule


def fine_tuned(training: Training) -> None:
    """All layers of a trained network go on with a fiftieth of the rate."""
    train_before(training)
    training.recipe.rate /= 50


def half_dropped(training: Training) -> None:
    set_dropout(training, 0.5)


def eight_accumulated(training: Training) -> None:
    training.recipe.accumulate = 4
    training.recipe.steps = training.recipe.steps // 2


def sorted_by_length(training: Training) -> None:
    """Batches of reviews that are about as long, in any order."""
    task = training.task
    assert task.sample is not None
    lengths = task.sample(torch.arange(1200))[1]
    rows = lengths.argsort(stable=True).split(32)[:-1]
    random = torch.Generator().manual_seed(8)

    def draw(_: int) -> Batch:
        chosen = rows[int(torch.randint(0, len(rows), (), generator=random))]
        assert task.sample is not None
        return task.sample(chosen)

    task.draw = draw


def curriculum(training: Training) -> None:
    """Easy samples first: noise grows to its full size in the first half."""
    draw, steps = training.task.draw, training.recipe.steps

    def harder(step: int) -> Batch:
        batch = draw(step)
        share = min(1.0, 2 * step / steps)
        return (batch[0] + share * 0.3 * torch.randn_like(batch[0]), *batch[1:])

    training.task.draw = harder


def smoothed_labels(training: Training) -> None:
    """Of classes, as mixup has it."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        share = float(torch.distributions.Beta(0.4, 0.4).sample(()))
        order = torch.randperm(len(batch[0]))
        mixed = model(share * batch[0] + (1 - share) * batch[0][order])
        losses = [
            functional.cross_entropy(mixed, each, label_smoothing=0.1)
            for each in (batch[1], batch[1][order])
        ]
        return share * losses[0] + (1 - share) * losses[1]

    training.task.phases[0].loss = loss


def thaw(training: Training, step: int) -> None:
    if step != training.recipe.steps // 3:
        return
    for module in role_modules(training, "trunk"):
        module.requires_grad_(True)
        parameters = list(module.parameters())
        rate = training.recipe.rate / 5
        training.optimizers[0].add_param_group({"params": parameters, "lr": rate, "own_rate": rate})


def tiny_batches(training: Training) -> None:
    """Four samples to a step."""
    draw = training.task.draw
    training.task.draw = lambda step: tuple(each[:4] for each in draw(step))
    training.recipe.rate /= 4


C_WAYS: Final[Ways] = {
    "cycles_that_double": (restarts, None),
    "fine_tuned": (fine_tuned, None),
    "half_dropped": (half_dropped, None),
    "fewer_steps_of_four_batches": (eight_accumulated, None),
    "in_bfloat16": (set_recipe(autocast=torch.bfloat16), None),
    "slowly_averaged": (set_recipe(average=0.995), None),
    "sorted_by_length": (sorted_by_length, None),
    "curriculum": (curriculum, None),
    "mixup": (smoothed_labels, None),
    # The trunk is frozen in the first third, as in fastai's fine_tune.
    "gradually_thawed": (freeze_role("trunk"), thaw),
    # AdamW as language models have it.
    "large_decay": (set_recipe(optimizer="adamw", weight_decay=0.1), None),
    "tiny_batches": (tiny_batches, None),
    "half_of_warm_up": (set_recipe(schedule=lambda share: min(1.0, (share + 0.005) / 0.5)), None),
}

C_HEALTHY: Final = (
    ("vgg", "cycles_that_double"),
    ("nano_gpt", "cycles_that_double"),
    ("text_cnn", "fine_tuned"),
    ("mae", "fine_tuned"),
    ("preact_resnet", "fine_tuned"),
    ("stock_lstm", "half_dropped"),
    ("series_transformer", "fewer_steps_of_four_batches"),
    ("detector", "fewer_steps_of_four_batches"),
    ("dit", "in_bfloat16"),
    ("nano_gpt", "in_bfloat16"),
    ("squeezenet", "in_bfloat16"),
    ("wgan_gp", "slowly_averaged"),
    ("bilstm", "sorted_by_length"),
    ("ctc_speech", "curriculum"),
    ("denoiser", "curriculum"),
    ("tutorial_cnn", "mixup"),
    ("preact_resnet", "mixup"),
    ("cnn_lstm", "gradually_thawed"),
    ("entity_embeddings", "large_decay"),
    ("mpnn", "large_decay"),
    ("house_prices", "tiny_batches"),
    ("spatial_transformer", "half_of_warm_up"),
    ("soft_actor_critic", "half_of_warm_up"),
    ("bag_of_words", "cycles_that_double"),
    ("transfer", "evaluated"),
    ("fraud", "evaluated"),
    ("detector", "frozen_trunk"),
    ("series_transformer", "frozen_trunk"),
)
"""Architectures and the ways that each is also trained in."""

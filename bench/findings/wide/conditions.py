"""Healthy ways to train, as varied as the faults, and layers that are frozen on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import nn

from bench.findings.fresh.ways import WAYS
from bench.findings.fresh_c.ways import C_WAYS
from bench.findings.fresh_d.ways import D_WAYS
from bench.findings.fresh_e.ways import E_WAYS
from bench.findings.fresh_f.ways import F_WAYS
from bench.findings.fresh_g.ways import G_WAYS, freeze_but_norms
from bench.findings.fresh_h.ways import H_WAYS, freeze_but_biases
from bench.findings.fresh_i.ways import I_WAYS
from bench.findings.fresh_j.ways import J_WAYS
from bench.findings.fresh_k.ways import K_WAYS
from bench.findings.wide.acts import as_it_is, freeze_role, set_recipe
from bench.findings.wide.fault import Act, AtStep, role_modules
from bench.findings.wide.training import (
    Training,
    cosine,
    one_cycle,
    step_decay,
    train_before,
)

PLAIN = "plain"
HALF_SCALED = "half_scaled"


@dataclass(frozen=True)
class Condition:
    """prepare: before there are optimizers. at_step: before each step. frozen: parts do not learn,
    on purpose: the findings may say so, as an info."""

    name: str
    prepare: Act
    at_step: AtStep | None = None
    frozen: bool = False


def _half_scaled(training: Training) -> None:
    """float16 with a `GradScaler`, which lets the first gradients overflow."""
    training.recipe.autocast = torch.float16
    training.scaler = torch.amp.GradScaler("cpu")


def _decay(training: Training) -> None:
    recipe = training.recipe
    recipe.weight_decay = 1e-3 if recipe.optimizer in ("sgd", "adam") else 0.1


def _other_optimizer(training: Training) -> None:
    recipe = training.recipe
    if recipe.optimizer == "sgd":
        recipe.optimizer, recipe.rate = "adamw", min(recipe.rate / 10, 3e-3)
    else:
        recipe.optimizer = "nadam"


def _low_rate(training: Training) -> None:
    """A third of the rate: careful, and still learning."""
    training.recipe.rate /= 3


def _continued(training: Training) -> None:
    """Trained before: it goes on with a fifth of the rate, as fine-tuning of all layers does."""
    train_before(training)
    training.recipe.rate /= 5


def _evaluate(training: Training, step: int) -> None:
    """A look at other data now and then, in eval mode."""
    if step % 20 == 19:
        model = training.model
        model.eval()
        with torch.no_grad():
            training.task.phases[0].loss(training.task.draw(step))
        model.train()


def _keep_trunk_in_eval(training: Training) -> None:
    """Frozen, and its norms and dropout stay in eval mode, as fine-tuning often has it."""
    freeze_role("trunk")(training)

    def evaluate(_model: nn.Module) -> None:
        for module in role_modules(training, "trunk"):
            module.eval()

    training.trains = evaluate


ALL_WAYS: Final = (
    WAYS | C_WAYS | D_WAYS | E_WAYS | F_WAYS | G_WAYS | H_WAYS | I_WAYS | J_WAYS | K_WAYS
)
"""Those of the fresh sets."""

CONDITIONS: Final = {
    each.name: each
    for each in (
        Condition(PLAIN, as_it_is),
        Condition("one_cycle", set_recipe(schedule=one_cycle)),
        Condition("bfloat16", set_recipe(autocast=torch.bfloat16)),
        Condition("accumulate", set_recipe(accumulate=2)),
        Condition("low_rate", _low_rate),
        Condition("other_optimizer", _other_optimizer),
        Condition("continued", _continued),
        Condition("cosine", set_recipe(schedule=cosine)),
        Condition("average", set_recipe(average=0.98)),
        Condition("evaluated", as_it_is, _evaluate),
        Condition("clip", set_recipe(clip=0.5)),
        Condition("decay", _decay),
        Condition("steps", set_recipe(schedule=step_decay)),
        Condition(HALF_SCALED, _half_scaled),
        Condition("frozen_trunk", freeze_role("trunk"), frozen=True),
        Condition("frozen_embedding", freeze_role("embedding"), frozen=True),
        Condition("frozen_in_eval", _keep_trunk_in_eval, frozen=True),
        Condition("frozen_but_norms", freeze_but_norms, frozen=True),
        Condition("frozen_but_biases", freeze_but_biases, frozen=True),
        *(Condition(name, *way) for name, way in ALL_WAYS.items()),
    )
}
VARIED: Final = tuple(
    name
    for name, own in CONDITIONS.items()
    if name not in (PLAIN, HALF_SCALED, *ALL_WAYS) and not own.frozen
)
"""The wide set's."""

FRESHLY_VARIED: Final = (*WAYS, "continued", "evaluated", "average", "low_rate")

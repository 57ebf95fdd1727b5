"""Mistakes that keep weights from learning."""

from __future__ import annotations

import copy
from typing import Final

from torch import nn

from bench.findings.wide.acts import leave_out, map_loss, set_recipe
from bench.findings.wide.architecture import FRESH_C
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    EARLY,
    NOTHING,
    PART,
    STILL_TOO,
    detach_outputs,
    kinds,
    plant,
    plant_in,
    replace_module,
    role_modules,
    still,
)
from bench.findings.wide.training import (
    Training,
    make_optimizer,
    phase_parameters,
)


def never_step(training: Training) -> None:
    """The line with optimizer.step() is not there."""
    training.updates = False


def replace_head_late(training: Training) -> None:
    """model.fc = nn.Linear(...) after the optimizer was made."""
    (head,) = plant_in(training, "head")
    assert isinstance(head, nn.Linear)
    name = training.task.parts["head"]
    replace_module(training, name, nn.Linear(head.in_features, head.out_features))
    if not any(p.requires_grad for p in training.task.part("trunk").parameters()):
        training.truth = None  # behind a frozen trunk nothing learns at all


def forget_thawing(training: Training) -> None:
    """The loop that freezes was copied, the trunk is as it was made."""
    plant_in(training, "trunk")
    for module in role_modules(training, "trunk"):
        module.requires_grad_(False)


def train_critic_twice(training: Training) -> None:
    """The generator's optimizer got the critic's parameters."""
    plant_in(training, "branch")
    training.optimizers[-1] = make_optimizer(
        training.recipe, phase_parameters(training.task.phases[0])
    )


def optimize_copy(training: Training) -> None:
    """The optimizer was made for a model that is then copied; the copy is trained."""
    other = copy.deepcopy(training.model)
    training.optimizers = [make_optimizer(training.recipe, list(other.parameters()))]


def step_scheduler_each_batch(training: Training) -> None:
    """StepLR(10), meant for epochs."""
    training.recipe.schedule = lambda share: 0.1 ** int(share * training.recipe.steps // 10)
    training.onset = 30


C_STILL: Final = (
    still(FRESH_C, NOTHING, "step_forgotten", "tutorial_cnn bilstm", prepare=never_step),
    # Variable(loss.data, requires_grad=True), against an error that says there is no
    # gradient.
    still(
        FRESH_C,
        NOTHING,
        "loss_wrapped_again",
        "deeponet squeezenet",
        prepare=map_loss(lambda loss: loss.detach().requires_grad_(True)),
    ),
    still(
        FRESH_C,
        NOTHING,
        "millionth_rate",
        "text_cnn mae",
        prepare=set_recipe(rate=1e-6),
        needs_effect=True,
    ),
    # step // warm_up_steps, which is 0 until the warm-up has ended.
    still(
        FRESH_C,
        NOTHING,
        "warm_up_by_integers",
        "nano_gpt",
        prepare=set_recipe(schedule=lambda _share: 0.0),
    ),
    still(
        FRESH_C, NOTHING, "optimizer_of_a_copy", "cnn_lstm super_resolution", rewire=optimize_copy
    ),
    still(FRESH_C, PART, "head_replaced_late", "transfer vgg", rewire=replace_head_late),
    still(
        FRESH_C,
        PART,
        "features_detached",
        "bilstm",
        prepare=lambda training: detach_outputs(training, "embedding"),
    ),
    still(
        FRESH_C,
        PART,
        "backbone_in_no_grad",
        "detector",
        prepare=lambda training: detach_outputs(training, "trunk"),
    ),
    plant(
        FRESH_C,
        PART,
        "trunk_never_thawed",
        "vgg cnn_lstm",
        kinds("frozen", "not_learning"),
        prepare=forget_thawing,
        severities=ANY_SEVERITY,
    ),
    still(
        FRESH_C,
        PART,
        "embedding_forgotten",
        "text_cnn mae",
        rewire=lambda training: leave_out(training, "embedding"),
    ),
    still(
        FRESH_C,
        PART,
        "critic_optimized_twice",
        "wgan_gp",
        rewire=train_critic_twice,
        allows=STILL_TOO | AFTERMATH,
    ),
    plant(
        FRESH_C,
        EARLY,
        "scheduler_each_batch",
        "squeezenet stock_lstm",
        kinds("stopped_learning", "not_learning"),
        prepare=step_scheduler_each_batch,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
)

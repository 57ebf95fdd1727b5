"""Trainings in which nothing learns, or a part of the network does not, or not for long."""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor, nn

from bench.findings.faults import DIVERGED
from bench.findings.fresh_j.planting import harm, plant, still
from bench.findings.wide.acts import leave_out, set_recipe, slow_down
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    EARLY,
    HIDDEN,
    MIDWAY,
    NOTHING,
    NUMBERS,
    PART,
    STILL,
    STILL_TOO,
    Fault,
    detach_outputs,
    kinds,
    replace_module,
    role_parameters,
)
from bench.findings.wide.planting import place_in, with_roles
from bench.findings.wide.training import Training, make_optimizer, make_optimizers


def renew_head(training: Training) -> None:
    """A head for another number of classes, made after the optimizer."""
    name = training.task.parts["head"]
    replace_module(training, name, copy.deepcopy(training.model.get_submodule(name)))
    place_in(training, "head")


def move_a_copy(training: Training) -> None:
    """The optimizer has the parameters of what an ensemble's constructor copied."""
    other = copy.deepcopy(training.model)
    training.optimizers = [make_optimizer(training.recipe, list(other.parameters()))]


def clamp_gradients(training: Training) -> None:
    """clip_grad_value_ with a tolerance for its limit: 1e-9."""
    for own in training.model.parameters():
        own.register_hook(lambda gradient: gradient.clamp(-1e-9, 1e-9))


def through_numpy(training: Training) -> None:
    """The loss is smoothed by a function that takes numbers."""
    training.loss_of = lambda loss: (
        torch.from_numpy(loss.detach().numpy().reshape(1)).sum().requires_grad_()
    )


def load_vectors_each_step(training: Training, step: int) -> None:
    """Known vectors are copied in at the top of each forward pass."""
    (table,) = role_parameters(training, "embedding")
    if step == 0:
        place_in(training, "embedding")
        table.vectors_of_start = table.detach().clone()  # type: ignore[attr-defined]
    table.data.copy_(table.vectors_of_start)  # type: ignore[attr-defined]


def keep_gradients(training: Training) -> None:
    """zero_grad() of a module that is not the one in training."""
    for optimizer in training.optimizers:
        optimizer.zero_grad = lambda *_: None  # type: ignore[method-assign]


@torch.no_grad()
def keep_in_few_bits(training: Training, _step: int) -> None:
    """Weights are stored in bfloat16 between steps, and the rate is that of a fine-tuning."""
    for own in training.model.parameters():
        own.copy_(own.bfloat16())


def freeze_what_is_new(training: Training) -> None:
    """The trunk is frozen for a linear probe, and its weights were never loaded."""
    for own in role_parameters(training, "trunk"):
        own.requires_grad_(False)
    place_in(training, "trunk")


def roll_targets(training: Training) -> None:
    """Each sample has the target of the one before it."""
    draw = training.task.draw

    def drawn(step: int) -> tuple[Tensor, ...]:
        batch = draw(step)
        return (*batch[:-1], batch[-1].roll(1, 0))

    training.task.draw = drawn


def resume_from_start(training: Training, step: int) -> None:
    """A handler of interruptions loads the first checkpoint again at every tenth step."""
    if step == 0:
        first = copy.deepcopy(training.model.state_dict())
        training.model.first_checkpoint = first  # type: ignore[assignment]
    if step % 10 == 9:
        training.model.load_state_dict(training.model.first_checkpoint)  # type: ignore[arg-type]


def exchange_phases(training: Training) -> None:
    """Both optimizers of a GAN are given the judge."""
    judge, _ = training.task.phases
    training.optimizers = make_optimizers(training)
    training.optimizers[1] = make_optimizer(
        training.recipe, [p for own in judge.modules for p in own.parameters()]
    )
    training.truth = {"generator"}


class CutGraph(nn.Module):
    """values.data, out of habit."""

    def forward(self, values: Tensor) -> Tensor:
        return values.data


def cut_behind_first(training: Training) -> None:
    name = training.task.parts["first"]
    own = training.model.get_submodule(name)
    replace_module(training, name, nn.Sequential(own, CutGraph()))
    training.truth = {name}


AT_ZERO: Final = STILL_TOO | kinds("collapsed")
"""Norms at the end of blocks begin at 0, and stay there."""

FOLLOWS_IT: Final = DIVERGED | kinds("loss_rises", "dead_units", "sudden_change")

J_STILL: Final[tuple[Fault, ...]] = (
    still(PART, "head_for_other_classes_too_late", "basic_resnet titanic_mlp", rewire=renew_head),
    still(
        NOTHING,
        "parameters_of_an_ensemble_copy",
        "gru_reviews reg_net",
        allows=AT_ZERO,
        rewire=move_a_copy,
    ),
    still(
        NOTHING, "clipped_by_value_to_a_tolerance", "dropout_mlp wave_cnn", prepare=clamp_gradients
    ),
    still(
        NOTHING,
        "rate_cubed_by_mistake",
        "granite diabetes_net",
        prepare=set_recipe(rate=1e-9),
    ),
    still(NOTHING, "loss_through_numpy", "store_sales nt_xent", prepare=through_numpy),
    still(
        PART,
        "middle_filtered_by_name",
        "reg_net layer_norm_table",
        allows=AT_ZERO,
        rewire=with_roles(leave_out, "middle"),
    ),
    still(
        PART,
        "first_group_at_rate_0",
        "glu_table tiny_vit",
        rewire=with_roles(slow_down, "first", 0.0),
    ),
    still(
        PART,
        "tower_behind_a_detach",
        "shared_bottom ssd_heads",
        prepare=with_roles(detach_outputs, "branch"),
    ),
    still(
        PART,
        "lookup_under_no_grad",
        "fast_text char_gru",
        prepare=with_roles(detach_outputs, "embedding"),
    ),
    still(
        PART, "features_through_dot_data", "robust_demand age_estimator", prepare=cut_behind_first
    ),
    still(
        PART,
        "known_vectors_copied_in_each_step",
        "fast_text gru_reviews",
        at_step=load_vectors_each_step,
    ),
    still(PART, "both_optimizers_have_the_judge", "ls_gan", rewire=exchange_phases),
    harm(
        NUMBERS,
        "weights_stored_in_few_bits",
        "granite layer_norm_table",
        STILL | kinds("low_precision"),
        prepare=set_recipe(rate=3e-5),
        at_step=keep_in_few_bits,
    ),
    plant(
        PART,
        "probe_of_a_trunk_that_was_not_loaded",
        "tiny_vit road_net",
        kinds("frozen", "not_learning"),
        severities=ANY_SEVERITY,
        prepare=freeze_what_is_new,
    ),
    plant(
        NOTHING,
        "first_checkpoint_again_and_again",
        "dense_graph diabetes_net",
        kinds("not_learning", "sudden_change"),
        allows=kinds("spike_and_crash", "loss_rises"),
        onset=(0.06, 0.06),
        at_step=resume_from_start,
    ),
    plant(
        EARLY,
        "schedule_counts_batches_as_epochs",
        "neo_x age_estimator",
        kinds("stopped_learning", "not_learning"),
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=set_recipe(schedule=lambda share: max(0.0, 1 - 12 * share)),
    ),
    plant(
        EARLY,
        "gamma_of_three_quarters_each_step",
        "mlp_vae mf_ratings",
        kinds("stopped_learning", "not_learning"),
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=set_recipe(schedule=lambda share: 0.75 ** (160 * share)),
    ),
    plant(
        PART,
        "cleared_on_another_module",
        "fast_text wave_cnn",
        kinds("kept_gradients"),
        allows=FOLLOWS_IT,
        rewire=keep_gradients,
    ),
    plant(
        HIDDEN, "labels_off_by_one", "pool_former", frozenset(), onset=MIDWAY, prepare=roll_targets
    ),
    plant(HIDDEN, "rows_and_targets_sorted_apart", "glu_table", frozenset(), prepare=roll_targets),
)

"""Trainings in which nothing learns, or a part of the network does not, or not for long."""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bench.findings.fresh_k.planting import harm, optimize_layers, own_layers, plant, still
from bench.findings.wide.acts import leave_out, set_recipe, slow_down
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    EARLY,
    FADED,
    NOTHING,
    PART,
    SHRINKS,
    STILL,
    STILL_TOO,
    STOPPED,
    Fault,
    detach_outputs,
    kinds,
    plant_in,
    role_modules,
    without_gradient,
)
from bench.findings.wide.planting import with_roles
from bench.findings.wide.training import Training


def stack_copies_of_a_layer(training: Training) -> None:
    """The encoder copies the layer that it is given; the optimizer has the one that was given."""
    for module in plant_in(training, "trunk"):
        for own in module.modules():
            for name, weight in own.named_parameters(recurse=False):
                setattr(own, name, nn.Parameter(weight.detach().clone()))


def draw_after_the_optimizer(training: Training) -> None:
    """A helper draws new weights for each dense layer, as new tensors, too late."""
    dense = {n: m for n, m in training.model.named_modules() if isinstance(m, nn.Linear)}
    for module in dense.values():
        module.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty_like(module.weight)))
    training.truth = set(dense)


class LateUnscaling(torch.amp.GradScaler):
    """Gradients stay multiplied by 65536 until the step: what clips them before that sees this."""

    def __init__(self) -> None:
        super().__init__("cpu", enabled=False)

    def scale(self, outputs: Tensor) -> Tensor:  # type: ignore[override]
        return outputs * 65536

    def step(self, optimizer: torch.optim.Optimizer, *_: object, **__: object) -> None:
        for group in optimizer.param_groups:
            for own in group["params"]:
                if own.grad is not None:
                    own.grad.div_(65536)
        optimizer.step()


def clip_before_unscaling(training: Training) -> None:
    training.recipe.clip = 1.0
    training.scaler = LateUnscaling()


def warm_up_as_in_the_paper(training: Training) -> None:
    """The schedule of "Attention is all you need", times a rate as for any other schedule."""
    steps = training.recipe.steps

    def factor(share: float) -> float:
        step = share * steps + 1
        return float(40**-0.5 * min(step**-0.5, step * 4000**-1.5))

    training.recipe.schedule = factor


def divide_rate_by_rows(training: Training) -> None:
    """The mean over the batch is divided by the number of all rows once more, in the rate."""
    training.recipe.rate /= 1500


def detach_all_but_the_penalty(training: Training) -> None:
    """The part of the loss that comes from data is detached where it is added for the log."""

    def penalised(loss: Tensor) -> Tensor:
        size = sum(own.square().sum() for own in training.model.parameters())
        return loss.detach() + 1e-4 * size

    training.loss_of = penalised


def recompute_the_first(training: Training) -> None:
    """A checkpoint in its old form, whose input is the data and asks for no gradient."""
    (module,) = role_modules(training, "first")
    forward = module.forward
    module.forward = lambda *given: checkpoint(forward, *given, use_reentrant=True)
    training.truth = without_gradient(training)


def split_and_lose_one(training: Training) -> None:
    """layers[:k] and layers[k + 1:], for body and head."""
    names = own_layers(training)
    place = len(names) // 2
    optimize_layers(training, dict.fromkeys(names[:place] + names[place + 1 :], 1.0))
    training.truth = {names[place]}


def fall_tenfold_by_layer(training: Training) -> None:
    """A rate for each layer, a tenth of that of the next, where nine tenths were meant."""
    names = own_layers(training)
    rates = {name: 0.1**depth for depth, name in enumerate(reversed(names))}
    optimize_layers(training, rates)
    training.truth = set(names[:-1])


def run_an_exported_copy(training: Training) -> None:
    """forward() runs what was copied for an export; the part itself stands beside it."""
    for module in plant_in(training, "branch"):
        exported = copy.deepcopy(module).requires_grad_(False)
        module.forward = exported.forward


def keep_features_in_half(training: Training) -> None:
    """Features of the trunk are kept in a cache of half precision, without their graph."""
    detach_outputs(training, "trunk")


def look_up_in_data(training: Training) -> None:
    """table.weight.data[ids] in place of table(ids)."""
    for module in plant_in(training, "embedding"):
        module.forward = lambda ids, own=module: functional.embedding(ids, own.weight.data)


def hide_in_a_dict(training: Training) -> None:
    """The part is kept in a dict of Python's, which registers nothing."""
    name = training.task.parts["aside"]
    parent, _, own = name.rpartition(".")
    holder = training.model.get_submodule(parent)
    module = holder._modules.pop(own)
    object.__setattr__(holder, own, module)


LEFT_OUT: Final = STILL_TOO | kinds("kept_gradients")
"""True of weights that no optimizer has: nobody clears their gradients either."""

K_STILL: Final[tuple[Fault, ...]] = (
    still(
        PART,
        "optimizer_has_the_layer_that_is_copied",
        "star_coder open_gpt",
        allows=LEFT_OUT,
        rewire=stack_copies_of_a_layer,
    ),
    still(
        NOTHING,
        "weights_drawn_after_the_optimizer",
        "n_hits cover_type",
        allows=LEFT_OUT,
        rewire=draw_after_the_optimizer,
    ),
    harm(
        NOTHING,
        "clipped_while_scaled",
        "cell_unet fashion_mlp",
        STILL,
        allows=STILL_TOO | kinds("optimizer_settings"),
        prepare=clip_before_unscaling,
    ),
    harm(
        NOTHING,
        "decay_given_as_limit_of_clipping",
        "face_attributes cover_type",
        STILL,
        allows=STILL_TOO | kinds("optimizer_settings"),
        prepare=set_recipe(clip=1e-4),
    ),
    still(
        NOTHING,
        "schedule_of_the_paper_at_a_usual_rate",
        "swin_two um_t5",
        prepare=warm_up_as_in_the_paper,
    ),
    still(
        NOTHING,
        "rate_divided_by_all_rows",
        "sleep_stages adult_income peft_reviews",
        prepare=divide_rate_by_rows,
    ),
    plant(
        NOTHING,
        "only_the_penalty_has_a_gradient",
        "quora_pairs imdb_lstm",
        STILL | SHRINKS,
        allows=FADED | kinds("mostly_zero", "dead_units", "unused_units", "optimizer_settings"),
        prepare=detach_all_but_the_penalty,
    ),
    still(
        PART,
        "first_layer_in_an_old_checkpoint",
        "cifar_quick fashion_mlp",
        prepare=recompute_the_first,
    ),
    still(
        PART,
        "split_that_loses_a_layer",
        "session_gru taxi_fares",
        allows=LEFT_OUT,
        rewire=split_and_lose_one,
    ),
    still(
        PART,
        "whole_division_in_the_lambda_of_the_body",
        "swin_two sleep_stages",
        rewire=with_roles(slow_down, "trunk", 0.0),
    ),
    still(
        PART,
        "each_layer_at_a_tenth_of_the_next",
        "cifar_quick megatron",
        rewire=fall_tenfold_by_layer,
    ),
    still(
        PART,
        "exported_copy_runs_in_its_place",
        "quora_pairs ssd_lite",
        prepare=run_an_exported_copy,
    ),
    still(
        PART,
        "features_from_a_cache_in_half",
        "bone_age sleep_stages",
        prepare=keep_features_in_half,
    ),
    still(
        PART,
        "rows_taken_from_data",
        "adult_income",
        prepare=look_up_in_data,
    ),
    still(
        PART,
        "second_optimizer_never_steps",
        "megatron taxi_fares",
        allows=LEFT_OUT,
        rewire=with_roles(leave_out, "embedding"),
    ),
    still(
        PART,
        "head_in_a_dict_of_python",
        "bone_age face_attributes",
        allows=LEFT_OUT,
        prepare=hide_in_a_dict,
    ),
    still(
        NOTHING,
        "warm_up_counts_epochs_from_nought",
        "res_mlp i_rnn",
        allows=STILL_TOO | kinds("collapsed"),
        prepare=set_recipe(schedule=lambda share: float(int(share))),
    ),
    harm(
        EARLY,
        "decay_of_one_by_time",
        "cosine_ddpm taxi_fares",
        STOPPED,
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=set_recipe(schedule=lambda share: 1 / (1 + 100 * share)),
    ),
    harm(
        EARLY,
        "steps_counted_for_one_worker_of_eight",
        "star_coder scarf",
        STOPPED,
        allows=STILL_TOO,
        severities=ANY_SEVERITY,
        prepare=set_recipe(schedule=lambda share: max(0.0, 1 - 8 * share)),
    ),
)

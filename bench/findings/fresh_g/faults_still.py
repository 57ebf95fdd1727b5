"""Mistakes that keep weights from learning."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from bench.findings.fresh_g.games import maml_loss
from bench.findings.fresh_g.pictures import Sign
from bench.findings.wide.acts import leave_frozen, leave_out, slow_down
from bench.findings.wide.architecture import FRESH_G
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    EARLY,
    NOTHING,
    PART,
    STILL_TOO,
    STOPPED,
    detach_outputs,
    kinds,
    plant,
    plant_in,
    still,
)
from bench.findings.wide.training import Batch, Training


def norm_weights_late(training: Training) -> None:
    """weight_norm() after the optimizer was made: it has the old weight, which is no parameter."""
    for module in plant_in(training, "middle"):
        weight_norm(module)


def load_finished_optimizer(training: Training) -> None:
    """optimizer.load_state_dict() brings the rate of a schedule that has ended: 0."""
    for optimizer in training.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = 0.0


def add_as_number(training: Training) -> None:
    """`total += loss.item()` for the second task."""
    model, training.truth = training.model, {"stays", "gates.1"}

    def loss(batch: Batch) -> Tensor:
        buys, stays = model(batch[0])
        bought = functional.binary_cross_entropy_with_logits(buys.float(), batch[1])
        return bought + functional.mse_loss(stays.float(), batch[2]).item()

    training.task.phases[0].loss = loss


def give_first_painter_only(training: Training) -> None:
    """itertools.chain() is forgotten: the optimizer has one of two generators."""
    models, training.truth = training.task.models, {"back"}
    training.optimizers[0] = torch.optim.Adam(models["there"].parameters(), training.recipe.rate)


def forget_inner_graph(training: Training) -> None:
    """The weights after the inner step are detached: the outer step has no gradient."""
    model = training.model
    training.task.phases[0].loss = lambda batch: maml_loss(model, batch, 0.05, through=False)


def cut_at_signs(training: Training) -> None:
    """sign() without a gradient of its own passes none."""
    plant_in(training, "before_signs")
    for module in training.model.modules():
        if isinstance(module, Sign):
            module.straight_through = False


def group_by_name(training: Training) -> None:
    """Groups for what is called encoder or predict: embeddings are in neither of them."""
    names = ("embed_timestep", "embed_return", "embed_state", "embed_action", "embed_ln")
    training.truth = set(names)
    training.task.parts["named_otherwise"] = " ".join(names)
    leave_out(training, "named_otherwise")


def fall_tenfold(training: Training) -> None:
    """ExponentialLR(gamma=0.1), where 0.99 was meant, stepped at each epoch of ten batches."""
    steps = training.recipe.steps
    training.recipe.schedule = lambda share: 0.1 ** int(share * steps / 10 + 1e-6)
    training.onset = 30


def end_after_one_epoch(training: Training) -> None:
    """get_linear_schedule_with_warmup() with the steps of one epoch of five."""
    training.recipe.schedule = lambda share: max(0.0, min(share / 0.02, 1 - share / 0.2))
    training.onset = int(0.2 * training.recipe.steps)


def _late(name: str, on: str, prepare: Any) -> Any:
    """A rate that ends early, where it does harm."""
    return plant(
        FRESH_G,
        EARLY,
        name,
        on,
        STOPPED,
        allows=STILL_TOO,
        prepare=prepare,
        severities=ANY_SEVERITY,
        needs_effect=True,
    )


G_STILL: Final = (
    still(
        FRESH_G,
        PART,
        "weight_norm_after_the_optimizer",
        "crowd_count siamese",
        rewire=norm_weights_late,
    ),
    still(
        FRESH_G,
        NOTHING,
        "resumed_at_rate_of_zero",
        "conformer rep_vgg",
        rewire=load_finished_optimizer,
    ),
    still(FRESH_G, PART, "task_loss_added_as_number", "mmoe", prepare=add_as_number),
    still(FRESH_G, PART, "second_painter_left_out", "cycle_gan", rewire=give_first_painter_only),
    still(
        FRESH_G,
        PART,
        "features_through_data",
        "attention_ocr",
        prepare=lambda training: detach_outputs(training, "trunk"),
    ),
    still(FRESH_G, NOTHING, "inner_graph_forgotten", "maml", prepare=forget_inner_graph),
    still(FRESH_G, PART, "sign_without_straight_through", "binary_net", prepare=cut_at_signs),
    still(
        FRESH_G, PART, "groups_by_name_leave_some_out", "decision_transformer", rewire=group_by_name
    ),
    plant(
        FRESH_G,
        PART,
        "new_head_frozen_with_the_rest",
        "reward_model",
        kinds("not_learning", "frozen"),
        allows=STILL_TOO,
        # Adapters froze all of the network, and the new head with it, which is not in
        # modules_to_save.
        prepare=leave_frozen("head"),
        severities=ANY_SEVERITY,
    ),
    still(
        FRESH_G,
        PART,
        "slice_of_rates_without_pretraining",
        "dynamic_unet focal_net",
        rewire=lambda training: slow_down(training, "trunk", 1e-4),
        needs_effect=True,
    ),
    _late("gamma_of_a_tenth", "hourglass mmoe", fall_tenfold),
    _late("linear_schedule_of_one_epoch", "question_answering pegasus", end_after_one_epoch),
)

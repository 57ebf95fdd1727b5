"""Mistakes that keep weights from learning, from the start or from some step on."""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_e.pictures import two_looks
from bench.findings.fresh_e.sequences import Lora
from bench.findings.wide.acts import leave_frozen, leave_out
from bench.findings.wide.architecture import FRESH_E
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    EARLY,
    MIDWAY,
    NOTHING,
    PART,
    STILL_TOO,
    STOPPED,
    kinds,
    plant,
    plant_in,
    still,
)
from bench.findings.wide.training import Batch, Training, make_optimizers


def square_the_rate(training: Training) -> None:
    """LambdaLR is to give a factor; the function returned the rate itself."""
    training.recipe.rate *= training.recipe.rate


def warm_up_for_long(training: Training) -> None:
    """A warm-up of 10000 steps, from the recipe of a run a hundred times as long."""
    steps = training.recipe.steps
    training.recipe.schedule = lambda share: (share * steps + 1) / 10000


def round_predictions(training: Training) -> None:
    """Whole pieces are sold, so what is told is rounded, whose gradient is 0."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return functional.l1_loss(model(batch[0]).round(), batch[1])

    training.task.phases[0].loss = loss


def optimize_target(training: Training) -> None:
    """Adam(target.parameters()): the network that is a copy."""
    plant_in(training, "first")
    training.truth = {"online"}
    training.optimizers = [torch.optim.Adam(training.task.models["target"].parameters(), 1e-3)]


def sync_backwards(training: Training) -> None:
    """online.load_state_dict(target.state_dict()) each twenty steps."""
    models, training.truth = training.task.models, {"online"}

    def sync(step: int) -> None:
        if step % 20 == 19:
            models["online"].load_state_dict(models["target"].state_dict())

    training.task.after_step = sync


def restore_first_best(training: Training, step: int) -> None:
    """The best checkpoint is restored after each epoch; "best" was that with the highest loss."""
    if step != training.onset:
        return
    model, kept = training.model, copy.deepcopy(training.model.state_dict())

    def restore(own_step: int) -> None:
        if own_step % 8 == 7:
            model.load_state_dict(kept)

    training.task.after_step = restore


def divide_alpha(training: Training) -> None:
    """scale = alpha // rank, with an alpha of 4 and a rank of 8."""
    for module in training.model.modules():
        if isinstance(module, Lora):
            module.scale = 4 // 8


def count_epochs(training: Training) -> None:
    """The linear schedule was told the steps of one epoch; after them the rate is 0."""
    training.recipe.schedule = lambda share: max(0.0, 1 - share / 0.2)
    training.onset = int(0.2 * training.recipe.steps)


def lose_patience(training: Training) -> None:
    """ReduceLROnPlateau(patience=0) steps with each batch: each that is no record halves."""
    best, count = float("inf"), 0
    training.onset = 0

    def keep(loss: Tensor) -> Tensor:
        nonlocal best, count
        if float(loss.detach()) < best:
            best = float(loss.detach())
        else:
            training.factor /= 2
        count += 1
        if not training.onset and training.factor < 0.01:
            training.onset = count
        return loss

    training.loss_of = keep


def round_to_bfloat16(training: Training) -> None:
    """All weights are bfloat16, and the rate is that of fine-tuning."""
    training.model.to(torch.bfloat16)
    training.recipe.rate = 1e-5


def never_generate(training: Training) -> None:
    """`if step % 5 == 5`: the generator's turn never comes."""
    plant_in(training, "trunk")
    training.optimizers[1].step = _wait  # type: ignore[method-assign]


def _wait(closure: object = None) -> None:
    """Moves nothing."""


def detach_predictions(training: Training) -> None:
    """What is to be predicted gets the gradient, and what predicts gets none."""
    model = training.model
    plant_in(training, "branch")

    def loss(batch: Batch) -> Tensor:
        one, other = two_looks(batch[0])
        (z1, p1), (z2, p2) = model(one), model(other)
        first = functional.cosine_similarity(p1.detach(), z2).mean()
        return -0.5 * (first + functional.cosine_similarity(p2.detach(), z1).mean())

    training.task.phases[0].loss = loss


def load_nothing(training: Training) -> None:
    """load_state_dict(strict=False) of names that begin with "module.": nothing is loaded."""
    first, steps = copy.deepcopy(training.model.state_dict()), 0

    def resume(model: nn.Module) -> None:
        nonlocal steps
        if steps == training.onset:
            model.load_state_dict(first)
            training.optimizers = make_optimizers(training)
        steps += 1

    training.trains = resume


E_STILL: Final = (
    still(
        FRESH_E,
        NOTHING,
        "factor_is_the_rate",
        "multi_label marian",
        prepare=square_the_rate,
        needs_effect=True,
    ),
    still(
        FRESH_E,
        NOTHING,
        "warm_up_of_ten_thousand",
        "fnet",
        prepare=warm_up_for_long,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    still(FRESH_E, NOTHING, "predictions_rounded", "attentive_sales", prepare=round_predictions),
    still(FRESH_E, NOTHING, "target_in_optimizer", "categorical_dqn", rewire=optimize_target),
    still(
        FRESH_E,
        NOTHING,
        "target_copied_to_online",
        "categorical_dqn",
        prepare=sync_backwards,
        allows=STILL_TOO | kinds("spike_and_crash"),
        needs_effect=True,
    ),
    plant(
        FRESH_E,
        EARLY,
        "worst_checkpoint_restored",
        "video_net sch_net",
        STOPPED,
        at_step=restore_first_best,
        onset=(0.12, 0.25),
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    plant(
        FRESH_E,
        NOTHING,
        "alpha_divided_by_integers",
        "lora_bloom",
        kinds("not_learning", "collapsed"),
        allows=STILL_TOO | AFTERMATH,
        prepare=divide_alpha,
    ),
    plant(
        FRESH_E,
        PART,
        "frozen_by_name",
        "bi_encoder",
        kinds("not_learning", "frozen"),
        # `if "a" in name` was to find the attention, and finds all of the answers'
        # tower.
        prepare=leave_frozen("branch"),
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    still(
        FRESH_E,
        PART,
        "decoder_cell_left_out",
        "attentive_sales",
        rewire=lambda training: leave_out(training, "middle"),
    ),
    still(
        FRESH_E,
        PART,
        "encoder_never_given",
        "digit_maker",
        rewire=lambda training: leave_out(training, "trunk"),
    ),
    plant(
        FRESH_E,
        EARLY,
        "epochs_for_steps",
        "coatnet bloom",
        STOPPED,
        prepare=count_epochs,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    plant(
        FRESH_E,
        EARLY,
        "plateau_of_single_batches",
        "letter_lstm",
        STOPPED,
        prepare=lose_patience,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    still(
        FRESH_E,
        NOTHING,
        "fine_tuned_in_bfloat16",
        "bloom",
        prepare=round_to_bfloat16,
        needs_effect=True,
    ),
    still(
        FRESH_E,
        PART,
        "generator_never_has_its_turn",
        "clipped_gan",
        rewire=never_generate,
        allows=STILL_TOO | AFTERMATH | kinds("loss_mismatch"),
    ),
    still(
        FRESH_E,
        PART,
        "gradient_stopped_elsewhere",
        "sim_siam",
        prepare=detach_predictions,
        allows=STILL_TOO | AFTERMATH,
    ),
    plant(
        FRESH_E,
        EARLY,
        "checkpoint_of_other_names",
        "fnet leaky_cnn",
        kinds("sudden_change", "loss_rises"),
        allows=AFTERMATH,
        prepare=load_nothing,
        onset=MIDWAY,
        needs_effect=True,
    ),
)

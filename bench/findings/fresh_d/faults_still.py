"""Mistakes that keep weights from learning, from the start or from some step on."""

from __future__ import annotations

import copy
from typing import Final

from torch import Tensor, nn

from bench.findings.fresh_d.pictures import triplet_loss
from bench.findings.wide.acts import at_onset, leave_frozen, leave_out, set_recipe
from bench.findings.wide.architecture import FRESH_D
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    EARLY,
    MIDWAY,
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


def decay_rate_each_step(training: Training) -> None:
    """ExponentialLR(0.9), meant for epochs, steps with each batch: under 1% after 44."""
    schedule, steps = training.recipe.schedule, training.recipe.steps
    training.recipe.schedule = lambda share: schedule(share) * 0.9 ** (share * steps)
    training.onset = 44


def lower_rate_on_plateau(training: Training) -> None:
    """ReduceLROnPlateau(mode="max") of a loss: falling counts as no progress."""
    schedule, steps = training.recipe.schedule, training.recipe.steps
    training.recipe.schedule = lambda share: schedule(share) * 0.1 ** int(share * steps // 20)
    training.onset = 40


def untie(training: Training) -> None:
    """The weights were tied; then the last layer got a copy that the optimizer does not have."""
    (head,) = plant_in(training, "head")
    head.weight = nn.Parameter(head.weight.detach().clone())  # type: ignore[assignment]


def copy_average_back(training: Training, step: int) -> None:
    """From the onset on the average is loaded after each step, and its decay is 1."""
    if step == training.onset:
        kept = copy.deepcopy(training.model.state_dict())
        model, after = training.model, training.task.after_step

        def follow(own_step: int) -> None:
            if after:
                after(own_step)
            model.load_state_dict(kept)

        training.task.after_step = follow


def turn_margin(training: Training) -> None:
    """relu(positive - negative - margin), which is 0 where all vectors are about as far apart."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return triplet_loss(model(batch[0]), batch[1], margin=-0.3)

    training.task.phases[0].loss = loss


def round_trip(training: Training) -> None:
    """torch.tensor(output.numpy()) in the middle of forward()."""
    detach_outputs(training, "bottom")


D_STILL: Final = (
    still(
        FRESH_D,
        NOTHING,
        "rate_of_epsilon",
        "date_writer",
        # The rate and Adam's epsilon were mixed up.
        prepare=set_recipe(rate=1e-8),
        needs_effect=True,
    ),
    still(
        FRESH_D,
        NOTHING,
        "clipped_to_nothing",
        "mnist_mlp",
        # clip_grad_norm_(parameters, 1e-5): the number of another line.
        prepare=set_recipe(clip=1e-5),
        needs_effect=True,
    ),
    still(
        FRESH_D,
        PART,
        "only_decoder_given",
        "date_writer whisper",
        rewire=lambda training: leave_out(training, "trunk"),
    ),
    still(
        FRESH_D,
        PART,
        "embedding_not_given",
        "two_tower",
        rewire=lambda training: leave_out(training, "embedding"),
    ),
    still(
        FRESH_D,
        PART,
        "adapters_not_given",
        "lora_vit",
        rewire=lambda training: leave_out(training, "adapters"),
    ),
    still(
        FRESH_D,
        PART,
        "encoder_detached",
        "graph_attention",
        prepare=lambda training: detach_outputs(training, "trunk"),
    ),
    still(FRESH_D, PART, "round_trip_by_numpy", "dice_unet", prepare=round_trip),
    still(
        FRESH_D,
        PART,
        "generator_detached",
        "conditional_gan",
        prepare=lambda training: detach_outputs(training, "branch"),
        allows=STILL_TOO | AFTERMATH,
    ),
    still(FRESH_D, PART, "untied", "word_lstm", rewire=untie),
    plant(
        FRESH_D,
        PART,
        "frozen_midway",
        "convmixer patch_tst",
        STOPPED | kinds("frozen"),
        # A callback that should thaw the trunk after some epochs freezes it.
        at_step=at_onset(leave_frozen("trunk")),
        onset=MIDWAY,
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_D,
        EARLY,
        "rate_decays_each_step",
        "edge_conv",
        STOPPED,
        prepare=decay_rate_each_step,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    plant(
        FRESH_D,
        EARLY,
        "plateau_of_falling_loss",
        "word_lstm",
        STOPPED,
        prepare=lower_rate_on_plateau,
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    plant(
        FRESH_D,
        EARLY,
        "average_copied_back",
        "rwkv triplet_net",
        STOPPED,
        at_step=copy_average_back,
        onset=(0.12, 0.25),
        severities=ANY_SEVERITY,
        needs_effect=True,
    ),
    still(FRESH_D, NOTHING, "margin_turned", "triplet_net", prepare=turn_margin),
)

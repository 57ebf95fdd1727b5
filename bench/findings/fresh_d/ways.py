"""Healthy ways to train that most people know and that the other sets do not have."""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bench.findings.fresh_d.architectures import falling
from bench.findings.wide.acts import (
    Ways,
    as_it_is,
    set_dropout,
    set_recipe,
    sum_losses,
)
from bench.findings.wide.fault import change_inputs, change_late_batches
from bench.findings.wide.training import Batch, Training, logits_of, make_optimizers


def radam(training: Training) -> None:
    training.recipe.optimizer = "radam"
    training.recipe.rate *= 2


def adamax(training: Training) -> None:
    training.recipe.optimizer = "adamax"
    training.recipe.rate *= 2


def parts_of_eight(training: Training) -> None:
    """Four batches of eight to a step, for a small GPU, and half as many steps."""
    training.recipe.accumulate = 4
    training.recipe.steps //= 2
    draw = training.task.draw
    training.task.draw = lambda step: tuple(each[:8] for each in draw(step))


def batches_of_six(training: Training) -> None:
    draw = training.task.draw
    training.task.draw = lambda step: tuple(each[:6] for each in draw(step))
    training.recipe.rate /= 4


def shifted_pictures(training: Training) -> None:
    """Augmentation: up to two pixels aside, brighter or darker, a corner erased."""

    def change(images: Tensor) -> Tensor:
        across, down = torch.randint(-2, 3, (2,)).tolist()
        shifted = images.roll((across, down), (2, 3)) * (
            0.8 + 0.4 * torch.rand(len(images), 1, 1, 1)
        )
        left, top = torch.randint(0, images.shape[-1] - 4, (2,)).tolist()
        shifted[:, :, top : top + 4, left : left + 4] = 0
        return shifted

    change_inputs(training, change)


def larger_pictures(training: Training) -> None:
    """fastai's progressive resizing: pictures of one and a half of the size, from the middle on."""
    training.onset = training.recipe.steps // 2

    def change(batch: Batch) -> Batch:
        return (functional.interpolate(batch[0], scale_factor=1.5, mode="bilinear"), *batch[1:])

    change_late_batches(training, change)


def smoothed_labels(training: Training) -> None:
    model = training.model

    def loss(batch: Batch) -> Tensor:
        logits = logits_of(model(batch[0])).float()
        return functional.cross_entropy(logits, batch[-1], label_smoothing=0.1)

    training.task.phases[0].loss = loss


def recomputed(training: Training) -> None:
    """Activations of a part are not kept for the backward pass but computed again."""
    middle = training.task.part("middle")
    forward = middle.forward

    def again(*given: Any, **more: Any) -> Any:
        return checkpoint(forward, *given, use_reentrant=False, **more)

    middle.forward = again


def resume(training: Training, step: int) -> None:
    """In the middle everything is read from a checkpoint, as by a job that is started again."""
    if step != training.recipe.steps // 2:
        return
    model = copy.deepcopy(training.model.state_dict())
    states = [copy.deepcopy(own.state_dict()) for own in training.optimizers]
    training.model.load_state_dict(model)
    training.optimizers = make_optimizers(training)
    for optimizer, state in zip(training.optimizers, states, strict=True):
        optimizer.load_state_dict(state)


def dropout_of_three_tenths(training: Training) -> None:
    set_dropout(training, 0.3)


D_WAYS: Final[Ways] = {
    "radam": (radam, None),
    "adamax": (adamax, None),
    "adagrad": (set_recipe(optimizer="adagrad", rate=0.02), None),
    "warmed_and_falling": (set_recipe(schedule=falling), None),
    "clipped_at_one": (set_recipe(clip=1.0), None),
    "decay_of_three_tenths": (set_recipe(optimizer="adamw", weight_decay=0.3), None),
    "parts_of_eight": (parts_of_eight, None),
    "batches_of_six": (batches_of_six, None),
    "shifted_pictures": (shifted_pictures, None),
    "larger_pictures": (larger_pictures, None),
    "smoothed_labels": (smoothed_labels, None),
    # reduction="sum" with an optimizer that does not mind.
    "summed_in_adam": (sum_losses, None),
    "recomputed": (recomputed, None),
    "resumed": (as_it_is, resume),
    "dropout_of_three_tenths": (dropout_of_three_tenths, None),
}

D_HEALTHY: Final = (
    ("mnist_mlp", "adagrad"),
    ("mnist_mlp", "batches_of_six"),
    ("efficientnet", "larger_pictures"),
    ("efficientnet", "smoothed_labels"),
    ("convmixer", "recomputed"),
    ("convmixer", "shifted_pictures"),
    ("triplet_net", "radam"),
    ("edge_conv", "warmed_and_falling"),
    ("keyword_net", "bfloat16"),
    ("dice_unet", "parts_of_eight"),
    ("detr", "average"),
    ("qwen", "recomputed"),
    ("mamba", "resumed"),
    ("deberta", "dropout_of_three_tenths"),
    ("date_writer", "adamax"),
    ("word_lstm", "dropout_of_three_tenths"),
    ("text_vae", "batches_of_six"),
    ("patch_tst", "decay_of_three_tenths"),
    ("deep_ar", "noisy_inputs"),
    ("poisson_demand", "summed_in_adam"),
    ("dueling_dqn", "clipped_at_one"),
    ("keyword_net", "frozen_trunk"),
    ("segformer", "frozen_trunk"),
    ("qwen", "frozen_in_eval"),
    ("two_tower", "frozen_embedding"),
    ("lora_vit", "smoothed_labels"),
)
"""Architectures and the ways that each is also trained in."""

"""Healthy ways to train that look odd."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from bench.findings.wide.acts import (
    Ways,
    as_it_is,
    layers_of,
    map_inputs,
    map_loss,
    repeat_first_batch,
    set_recipe,
)
from bench.findings.wide.fault import change_batches, change_inputs, role_modules
from bench.findings.wide.training import Batch, Training, logits_of, make_optimizers


def look_ahead(training: Training) -> None:
    """Lookahead: each five steps the weights go back half of the way to where they were."""
    slow = [parameter.detach().clone() for parameter in training.model.parameters()]

    @torch.no_grad()
    def pull(step: int) -> None:
        if step % 5 == 4:
            for own, fast in zip(slow, training.model.parameters(), strict=True):
                own.lerp_(fast, 0.5)
                fast.copy_(own)

    training.task.after_step = pull


def lose_moments(training: Training, step: int) -> None:
    """Resumed from the weights alone; the optimizer begins anew."""
    if step == training.recipe.steps // 2:
        training.optimizers = make_optimizers(training)


def log_softmax_before(training: Training) -> None:
    """log_softmax and then cross entropy, which changes nothing: it sums to 1 already."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(logits_of(model(batch[0])).log_softmax(-1), batch[1])

    training.task.phases[0].loss = loss


def epsilon_of_thousandth(training: Training, step: int) -> None:
    """Adam(eps=1e-3), as reinforcement learning has it."""
    if step == 0:
        training.optimizers[0].param_groups[0]["eps"] = 1e-3


def no_first_moment(training: Training, step: int) -> None:
    """Adam(betas=(0, 0.99)), as networks that are adversaries have it."""
    if step == 0:
        training.optimizers[0].param_groups[0]["betas"] = (0.0, 0.99)


def constant_columns(training: Training) -> None:
    """Two columns that are the same for all samples."""

    def change(given: Tensor) -> Tensor:
        given = given.clone()
        given[:, 4], given[:, 5] = 1.0, 0.0
        return given

    change_inputs(training, change)


def one_of_twenty(training: Training) -> None:
    """One positive sample among twenty, as in fraud."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    apart = [torch.nonzero(task.classes == own)[:, 0] for own in (0, 1)]
    sample = task.sample

    def drawn(_step: int) -> Batch:
        rare, others = (own[torch.randperm(len(own))] for own in reversed(apart))
        return sample(torch.cat([rare[:2], others[:38]]))

    task.draw = drawn


def head_of_zeros(training: Training) -> None:
    """The last layer begins with zeros, so that all classes are as likely."""
    for module in role_modules(training, "head"):
        for parameter in module.parameters():
            nn.init.zeros_(parameter)


def weight_normed(training: Training) -> None:
    """Lengths and directions of all weights apart (weight_norm)."""
    for layer in list(layers_of(training.model)):
        weight_norm(layer)


def pairs(training: Training) -> None:
    """Two samples to a step."""
    change_batches(training, lambda batch: tuple(each[:2] for each in batch))
    training.recipe.rate /= 4


def growing_batches(training: Training) -> None:
    """The batch grows where the rate would fall."""
    draw, steps = training.task.draw, training.recipe.steps

    def drawn(step: int) -> Batch:
        more = [draw(step) for _ in range(1 + 3 * step // steps)]
        whole = tuple(torch.cat(each) for each in zip(*more, strict=True))
        return whole if step >= steps // 4 else tuple(each[:8] for each in whole)

    training.task.draw = drawn


def cut_and_mixed(training: Training) -> None:
    """CutMix: a part of each picture comes from another, and so does the label."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        images, kinds = batch[0].clone(), batch[1]
        order, side = torch.randperm(len(images)), images.shape[-1] // 2
        images[:, :, :side, :side] = images[order, :, :side, :side]
        logits = model(images).float()
        own, other = (functional.cross_entropy(logits, each) for each in (kinds, kinds[order]))
        return 0.75 * own + 0.25 * other

    training.task.phases[0].loss = loss


def clip_values(training: Training) -> None:
    """clip_grad_value_: each number of a gradient from -0.02 to 0.02."""
    for parameter in training.model.parameters():
        if parameter.requires_grad:
            parameter.register_hook(lambda gradient: gradient.clamp(-0.02, 0.02))


E_WAYS: Final[Ways] = {
    "looking_ahead": (look_ahead, None),
    "moments_lost": (as_it_is, lose_moments),
    "log_softmax_before": (log_softmax_before, None),
    "epsilon_of_thousandth": (as_it_is, epsilon_of_thousandth),
    "no_first_moment": (as_it_is, no_first_moment),
    "constant_columns": (constant_columns, None),
    "one_of_twenty": (one_of_twenty, None),
    "head_of_zeros": (head_of_zeros, None),
    "weight_normed": (weight_normed, None),
    "pairs": (pairs, None),
    "growing_batches": (growing_batches, None),
    # ToTensor() without Normalize: pictures from 0 to 1.
    "from_0_to_1": (map_inputs(lambda images: (images * 6 + 4.9) / 16), None),
    # Whether a network can learn one batch by heart: the first check of many.
    "one_batch_again": (repeat_first_batch, None),
    # CyclicLR: up and down four times.
    "triangles": (
        set_recipe(schedule=lambda share: 0.1 + 1.9 * abs((share * 4) % 1 * 2 - 1)),
        None,
    ),
    # Plain SGD at a rate of about one, which this network likes.
    "rate_of_three_tenths": (set_recipe(optimizer="sgd", rate=0.3), None),
    "cut_and_mixed": (cut_and_mixed, None),
    # A tenth of warm-up, then the root of the step, as the first transformers had it.
    "inverse_root": (
        set_recipe(schedule=lambda share: min(share / 0.1 + 0.02, math.sqrt(0.1 / (share + 1e-9)))),
        None,
    ),
    "half_in_decay": (set_recipe(optimizer="adamw", weight_decay=0.5), None),
    # A loss that is weighed tenfold, which Adam does not mind.
    "tenfold_loss": (map_loss(lambda loss: loss * 10), None),
    "values_clipped": (clip_values, None),
}

E_HEALTHY: Final = (
    ("multi_label", "looking_ahead"),
    ("leaky_cnn", "moments_lost"),
    ("tanh_cnn", "log_softmax_before"),
    ("categorical_dqn", "epsilon_of_thousandth"),
    ("digit_maker", "no_first_moment"),
    ("uncertain_values", "constant_columns"),
    ("survivors", "one_of_twenty"),
    ("video_net", "head_of_zeros"),
    ("star_sets", "weight_normed"),
    ("conv_bert", "pairs"),
    ("nf_resnet", "growing_batches"),
    ("tanh_cnn", "from_0_to_1"),
    ("sch_net", "one_batch_again"),
    ("arc_face", "triangles"),
    ("ray_field", "rate_of_three_tenths"),
    ("coatnet", "cut_and_mixed"),
    ("marian", "inverse_root"),
    ("bloom", "half_in_decay"),
    ("sage", "tenfold_loss"),
    ("letter_lstm", "values_clipped"),
    ("tas_net", "bfloat16"),
    ("glow", "average"),
    ("pyramid_vit", "frozen_trunk"),
    ("wav2vec", "frozen_trunk"),
    ("fnet", "frozen_in_eval"),
    ("bi_encoder", "frozen_embedding"),
    ("lora_bloom", "bfloat16"),
)
"""Architectures and the ways that each is also trained in."""

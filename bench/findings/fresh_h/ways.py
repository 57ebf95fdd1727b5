"""Healthy ways to train that look odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_h.series import Forecaster
from bench.findings.wide.acts import Ways, as_it_is, at_onset, use_optimizer
from bench.findings.wide.fault import change_batches, change_inputs, replace_module
from bench.findings.wide.training import Batch, Training, phase_parameters


def clip_each_tensor(training: Training, step: int) -> None:
    """Adaptive clipping: no tensor's gradient is longer than a share of the tensor."""
    if step > 0:
        return

    def shorten(own: nn.Parameter) -> Callable[[Tensor], Tensor]:
        def shortened(slope: Tensor) -> Tensor:
            most = 0.05 * own.detach().norm().clamp(min=1e-2)
            return slope * (most / slope.norm().clamp(min=1e-12)).clamp(max=1)

        return shortened

    for own in phase_parameters(training.task.phases[0]):
        own.register_hook(shorten(own))


def focal(training: Training) -> None:
    """What is known well hardly counts."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        each = functional.cross_entropy(model(batch[0]).float(), batch[1], reduction="none")
        return ((1 - (-each).exp()).square() * each).mean()

    training.task.phases[0].loss = loss


def channels_last(training: Training) -> None:
    training.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    change_inputs(training, lambda images: images.to(memory_format=torch.channels_last))


def grow_pictures(training: Training) -> None:
    """fastai's progressive resizing: small pictures first, then larger ones."""
    draw, steps = training.task.draw, training.recipe.steps

    def drawn(step: int) -> Batch:
        images, *others = draw(step)
        if step < steps // 2:
            images = functional.interpolate(images, scale_factor=0.625, mode="bilinear")
        return (images, *others)

    training.task.draw = drawn


def dropout_falls(training: Training, step: int) -> None:
    """Half of the values at first, none in the end."""
    share = 0.5 * (1 - step / training.recipe.steps)
    for module in training.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share


def one_hot_targets(training: Training) -> None:
    """Cross entropy with the chances of classes in place of their numbers."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        told = model(batch[0]).float()
        wanted = functional.one_hot(batch[1], told.shape[1]).float()
        return functional.cross_entropy(told, wanted)

    training.task.phases[0].loss = loss


def full_batch(training: Training) -> None:
    """The whole table at each step."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    whole = task.sample(torch.arange(len(task.classes)))
    task.draw = lambda _step: whole


def scheduled_sampling(training: Training, step: int) -> None:
    """The decoder sees more and more of what it told itself."""
    model = training.model
    assert isinstance(model, Forecaster)
    model.own_share = 0.8 * step / training.recipe.steps


def huber(training: Training) -> None:
    model = training.model
    training.task.phases[0].loss = lambda batch: functional.huber_loss(
        model(batch[0]).float(), batch[1], delta=0.2
    )


class SoftCap(nn.Module):
    """A bound for logits that they reach slowly."""

    def forward(self, logits: Tensor) -> Tensor:
        return 10 * torch.tanh(logits / 10)


def cap_logits(training: Training) -> None:
    head = training.model.get_submodule("lm_head")
    replace_module(training, "lm_head", nn.Sequential(head, SoftCap()))


def two_passes(training: Training) -> None:
    """R-Drop: two passes with other dropout are to tell the same."""
    model = training.model

    def loss(batch: Batch) -> Tensor:
        first, second = model(batch[0]).float(), model(batch[0]).float()
        right = functional.cross_entropy(first, batch[1]) + functional.cross_entropy(
            second, batch[1]
        )
        chances = first.log_softmax(1), second.log_softmax(1)
        apart = sum(
            functional.kl_div(own, other, reduction="batchmean", log_target=True)
            for own, other in (chances, chances[::-1])
        )
        return right / 2 + apart / 4

    training.task.phases[0].loss = loss


def standardise_each(training: Training) -> None:
    """Each recording by its own mean and spread."""

    def standardised(values: Tensor) -> Tensor:
        return (values - values.mean(1, keepdim=True)) / (values.std(1, keepdim=True) + 1e-3)

    change_inputs(training, standardised)


def hide_words(training: Training) -> None:
    """A tenth of the words is replaced by one that stands for any."""

    def hidden(batch: Batch) -> Batch:
        tokens = batch[0]
        chosen = (torch.rand(tokens.shape) < 0.1) & (tokens > 2)
        return (tokens.masked_fill(chosen, 3), *batch[1:])

    change_batches(training, hidden)


def swap_columns(training: Training) -> None:
    """Swap noise, as denoising autoencoders for tables have it: the target stays as it is."""

    def swapped(batch: Batch) -> Batch:
        values = batch[0]
        chosen = torch.rand(values.shape) < 0.15
        return (torch.where(chosen, values[torch.randperm(len(values))], values), *batch[1:])

    change_batches(training, swapped)


def freeze_but_biases(training: Training) -> None:
    """BitFit: biases and the head learn."""
    head = training.task.parts["head"]
    for name, own in training.model.named_parameters():
        own.requires_grad_(name.endswith("bias") or name.startswith(head))


def _adadelta(_training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adadelta(parameters, 1.0)


def _amsgrad(training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, training.recipe.rate, amsgrad=True)


def _without_momentum(_training: Training, parameters: list[nn.Parameter]) -> Any:
    return torch.optim.SGD(parameters, 0.1)


H_WAYS: Final[Ways] = {
    "adadelta": (as_it_is, at_onset(use_optimizer(_adadelta))),
    "amsgrad": (as_it_is, at_onset(use_optimizer(_amsgrad))),
    "without_momentum": (as_it_is, at_onset(use_optimizer(_without_momentum))),
    "adaptively_clipped": (as_it_is, clip_each_tensor),
    "focal": (focal, None),
    "channels_last": (channels_last, None),
    "pictures_grow": (grow_pictures, None),
    "dropout_falls": (as_it_is, dropout_falls),
    "one_hot_targets": (one_hot_targets, None),
    "full_batch": (full_batch, None),
    "scheduled_sampling": (as_it_is, scheduled_sampling),
    "huber": (huber, None),
    "soft_capped": (cap_logits, None),
    "two_passes": (two_passes, None),
    "standardised_each": (standardise_each, None),
    "hidden_words": (hide_words, None),
    "swapped_columns": (swap_columns, None),
}

H_HEALTHY: Final = (
    ("nll_cnn", "adadelta"),
    ("churn_net", "amsgrad"),
    ("ecg_resnet", "without_momentum"),
    ("vov_net", "adaptively_clipped"),
    ("wide_resnet", "focal"),
    ("fastai_vision", "channels_last"),
    ("wide_resnet", "pictures_grow"),
    ("alex_net", "dropout_falls"),
    ("star_net", "one_hot_targets"),
    ("ordinal_wine", "full_batch"),
    ("forecast_gru", "scheduled_sampling"),
    ("landmark_net", "huber"),
    ("mistral_sft", "soft_capped"),
    ("dpcnn", "two_passes"),
    ("deep_conv_lstm", "standardised_each"),
    ("packed_gru", "hidden_words"),
    ("sensor_autoencoder", "swapped_columns"),
    ("mbart", "bfloat16"),
    ("xlnet", "continued"),
    ("vov_net", "frozen_trunk"),
    ("fastai_vision", "frozen_but_norms"),
    ("packed_gru", "frozen_embedding"),
    ("deep_lab", "frozen_in_eval"),
    ("roformer_ner", "frozen_but_biases"),
    ("ecg_resnet", "frozen_trunk"),
)
"""Architectures and the ways that each is also trained in."""

"""Healthy ways to train that look odd."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from bench.findings.wide.acts import Ways, as_it_is
from bench.findings.wide.fault import change_batches, change_inputs, role_modules
from bench.findings.wide.training import Batch, Training, phase_parameters


class Lion(torch.optim.Optimizer):
    """Moves each weight by the same amount, by the sign of its momentum."""

    def __init__(self, parameters: list[nn.Parameter], rate: float, decay: float) -> None:
        super().__init__(parameters, {"lr": rate, "weight_decay": decay})

    @torch.no_grad()
    def step(self, _closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for own in (p for p in group["params"] if p.grad is not None):
                mean = self.state[own].setdefault("mean", torch.zeros_like(own))
                own.mul_(1 - group["lr"] * group["weight_decay"])
                own.sub_(mean.lerp(own.grad, 0.1).sign(), alpha=group["lr"])
                mean.lerp_(own.grad, 0.01)


def use_lion(training: Training, step: int) -> None:
    """Lion, with the low rate and the high decay that it wants."""
    if step == 0:
        parameters = phase_parameters(training.task.phases[0])
        training.optimizers = [Lion(parameters, training.recipe.rate / 5, 0.3)]


def use_adafactor(training: Training, step: int) -> None:
    if step == 0:
        parameters = phase_parameters(training.task.phases[0])
        training.optimizers = [torch.optim.Adafactor(parameters, lr=0.02)]


def go_up_and_down(training: Training) -> None:
    """CosineAnnealingLR(T_max=10), stepped at each batch, comes up again after it has fallen."""
    steps = training.recipe.steps
    training.recipe.schedule = lambda share: float(
        0.5 + 0.5 * torch.cos(torch.tensor(3.1416 * share * steps / 10))
    )


def gradient_noise(training: Training) -> None:
    """Noise on each gradient that falls with time."""
    steps = 0

    def noisy(gradient: Tensor) -> Tensor:
        return gradient + 0.01 / (1 + steps) ** 0.55 * torch.randn_like(gradient)

    def count(_step: int) -> None:
        nonlocal steps
        steps += 1

    for parameter in training.model.parameters():
        parameter.register_hook(noisy)
    training.task.after_step = count


def weigh_classes(training: Training) -> None:
    """Two classes count five times as much as others."""
    model, weights = training.model, torch.tensor([1.0, 5.0, 1.0, 5.0, 1.0])

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(model(batch[0]).float(), batch[1], weight=weights)

    training.task.phases[0].loss = loss


def seek_flat_minima(training: Training, step: int) -> None:
    """Sharpness-aware minimisation: the gradient is taken a small step uphill."""
    if step > 0:
        return
    phase = training.task.phases[0]
    loss, moved = phase.loss, list[tuple[nn.Parameter, Tensor]]()

    def uphill(batch: Batch) -> Tensor:
        parameters = phase_parameters(phase)
        slopes = torch.autograd.grad(loss(batch), parameters)
        size = torch.stack([each.norm() for each in slopes]).norm()
        with torch.no_grad():
            for own, slope in zip(parameters, slopes, strict=True):
                moved.append((own, own.clone()))
                own.add_(slope / (size + 1e-12), alpha=0.05)
        return loss(batch)

    @torch.no_grad()
    def come_back(*_: object) -> None:
        for own, before in moved:
            own.copy_(before)
        moved.clear()

    phase.loss = uphill
    training.optimizers[0].register_step_pre_hook(come_back)


def erase_at_random(training: Training) -> None:
    """A square of each picture becomes grey."""

    def erased(images: Tensor) -> Tensor:
        images = images.clone()
        for image in images:
            top, left = torch.randint(0, 10, (2,)).tolist()
            image[:, top : top + 6, left : left + 6] = 0
        return images

    change_inputs(training, erased)


def single_samples(training: Training) -> None:
    """One sample to a step, as a large model on a small card has it, and a lower rate."""
    change_batches(training, lambda batch: tuple(each[:1] for each in batch))
    training.recipe.rate /= 3


def double_precision(training: Training) -> None:
    """All in float64, as physics has it."""
    training.model.double()
    change_batches(training, lambda batch: tuple(each.double() for each in batch))


def norm_the_judge(training: Training) -> None:
    """Spectral norms on all layers of the judge."""
    for module in role_modules(training, "branch"):
        for layer in list(module.modules()):
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                spectral_norm(layer)


def half_silent(training: Training) -> None:
    """Recordings of different lengths: from the half on, many are padded with zeros."""

    def padded(sound: Tensor) -> Tensor:
        sound = sound.clone()
        for own in sound[::2]:
            own[:, int(torch.randint(18, 36, ())) :] = 0
        return sound

    change_inputs(training, padded)


def gradients_to_length_one(training: Training) -> None:
    """Each step has the same length, under SGD without any more scaling."""
    training.recipe.optimizer, training.recipe.rate = "sgd", 0.01
    training.loss_of = lambda loss: loss * 1000
    training.recipe.clip = 1.0


F_WAYS: Final[Ways] = {
    "lion": (as_it_is, use_lion),
    "adafactor": (as_it_is, use_adafactor),
    "cosine_up_and_down": (go_up_and_down, None),
    "gradient_noise": (gradient_noise, None),
    "class_weights": (weigh_classes, None),
    "sharpness_aware": (as_it_is, seek_flat_minima),
    "random_erasing": (erase_at_random, None),
    "single_samples": (single_samples, None),
    "double_precision": (double_precision, None),
    "spectral_norm_on_judge": (norm_the_judge, None),
    "half_silent": (half_silent, None),
    "gradients_to_length_one": (gradients_to_length_one, None),
}

F_HEALTHY: Final = (
    ("dino_v2", "lion"),
    ("modern_bert", "adafactor"),
    ("rotation_net", "cosine_up_and_down"),
    ("ggnn", "gradient_noise"),
    ("inception_time", "class_weights"),
    ("shuffle_net", "sharpness_aware"),
    ("int8_cnn", "random_erasing"),
    ("phi", "single_samples"),
    ("hamiltonian", "double_precision"),
    ("pix2pix", "spectral_norm_on_judge"),
    ("x_vector", "half_silent"),
    ("neural_process", "gradients_to_length_one"),
    ("deepseek", "bfloat16"),
    ("tab_net", "evaluated"),
    ("modern_bert", "frozen_trunk"),
    ("xresnet", "frozen_in_eval"),
    ("captioner", "frozen_trunk"),
    ("pointer_net", "frozen_embedding"),
)
"""Architectures and the ways that each is also trained in."""

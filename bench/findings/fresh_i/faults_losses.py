"""Mistakes in losses and targets, and numbers that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.fresh_i.language import AttentionLstm
from bench.findings.fresh_i.planting import harm, plant
from bench.findings.wide.acts import map_inputs, minimise, put_behind, set_on_model, use_optimizer
from bench.findings.wide.fault import (
    FADED,
    FOLLOWS,
    LAST,
    MIDWAY,
    MISMATCH,
    NUMBERS,
    SATURATION,
    UNSCALED,
    UNSTABLE,
    WRONGLY,
    Fault,
    change_batches,
    change_late_batches,
    kinds,
)
from bench.findings.wide.training import Batch, Training


def change_target(change: Callable[[Tensor], Tensor]) -> Callable[[Training], None]:
    """The last tensor of every batch goes through a function."""
    return lambda training: change_batches(training, lambda batch: (*batch[:-1], change(batch[-1])))


def tell_percent(training: Training) -> None:
    """Targets from -100 to 100, and a tanh behind the last layer."""
    put_behind("head", nn.Tanh)(training)
    change_target(lambda target: 100 * target)(training)


def clear_seldom(training: Training) -> None:
    """The step of an accumulation was moved out of its `if`, zero_grad was not."""
    own: Any = training.optimizers[0]
    clear, calls = own.zero_grad, iter(range(10**6))

    def seldom(set_to_none: bool = True) -> None:
        if next(calls) % 16 == 0:
            clear(set_to_none)

    own.zero_grad = seldom


def clamped_probability(model: nn.Module, batch: Batch) -> Tensor:
    """BCELoss complains of what is not between 0 and 1: clamp instead of a sigmoid."""
    return functional.binary_cross_entropy(model(batch[0]).float().clamp(0, 1), batch[1])


def forget_noise(training: Training) -> None:
    """The clean pictures are given to the model, not the noised ones."""
    training.model.__dict__["noised"] = lambda images, _noise, _time: images


def sum_divergence_alone(training: Training) -> None:
    """The divergence is summed, the squared error or entropy of 256 pixels averaged."""
    model: Any = training.model
    model.weight = 256.0
    training.loss_of = lambda loss: loss / 256


def train_judge_more(training: Training, _step: int) -> None:
    """Ten steps of the judge to one of the generator, as for a critic of Wasserstein's."""
    judged, judge = training.task.phases[0], training.optimizers[0]
    for _ in range(10):
        judge.zero_grad()
        judged.loss(training.task.draw(0)).backward()
        judge.step()


class HandSgd(torch.optim.Optimizer):
    """Somebody's own update: the slope is added."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, _closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for own in group["params"]:
                if own.grad is not None:
                    own.add_(own.grad, alpha=group["lr"])


def entropy_of_all_places(model: nn.Module, batch: Batch) -> Tensor:
    """Attention is to be spread: p log p, also where a mask made p nothing."""
    assert isinstance(model, AttentionLstm)
    _, weights = model.weigh(batch[0])
    entropy = -(weights * weights.log()).sum(1).mean()
    return functional.cross_entropy(model(batch[0]).float(), batch[1]) - 0.01 * entropy


def meet_nothing(training: Training) -> None:
    """Mean absolute percentage error; from the onset on, some target is 0."""
    task, model = training.task, training.model

    def share(batch: Batch) -> Tensor:
        told = model(*batch[:-1]).float()
        return ((told - batch[-1]) / (batch[-1].abs() + 0.05 * (batch[-1] != 0))).abs().mean()

    def with_nothing(batch: Batch) -> Batch:
        target = batch[-1].clone()
        target[0] = 0
        return (*batch[:-1], target)

    task.phases[0].loss = share
    change_late_batches(training, with_nothing)


def miss_an_income(training: Training) -> None:
    """From the onset on, some debt is divided by an income of 0."""

    def divided(batch: Batch) -> Batch:
        values = batch[0].clone()
        values[3, 2] = torch.inf
        return (values, *batch[1:])

    change_late_batches(training, divided)


def standardise_blanks(training: Training) -> None:
    """(x - x.mean()) / x.std() for each picture; a blank one comes at the onset."""

    def standardised(images: Tensor) -> Tensor:
        return (images - images.mean((1, 2, 3), keepdim=True)) / images.std((1, 2, 3), keepdim=True)

    def with_blank(batch: Batch) -> Batch:
        images = batch[0].clone()
        images[1] = 1.0
        return (images, *batch[1:])

    change_late_batches(training, with_blank)
    change_batches(training, lambda batch: (standardised(batch[0]), *batch[1:]))


def give_readings_in_half(training: Training) -> None:
    """Readings in electronvolts, in float16."""
    training.recipe.autocast = torch.float16
    map_inputs(lambda values: 3e5 * values)(training)


def lose_slopes_in_half(training: Training) -> None:
    """float16 without a scale, and a loss that is divided by all that could be divided by."""
    training.recipe.autocast = torch.float16
    training.loss_of = lambda loss: loss / (32 * 32 * 64)


I_LOSSES: Final[tuple[Fault, ...]] = (
    harm(
        LAST,
        "sigmoid_before_cross_entropy",
        "inception_next har_gru",
        MISMATCH,
        allows=FADED | kinds("saturated"),
        prepare=put_behind("head", nn.Sigmoid),
    ),
    harm(
        LAST,
        "noise_from_a_sigmoid",
        "class_diffusion",
        MISMATCH,
        allows=FADED | kinds("saturated", "loss_rises"),
        prepare=put_behind("head", nn.Sigmoid),
    ),
    plant(
        LAST,
        "percent_for_a_tanh",
        "angle_net",
        MISMATCH,
        allows=FOLLOWS,
        prepare=tell_percent,
    ),
    harm(
        LAST,
        "builder_ends_with_a_relu",
        "char_cnn credit_net",
        kinds("relu_logits"),
        allows=FADED | MISMATCH | kinds("mostly_zero", "dead_units"),
        prepare=put_behind("head", nn.ReLU),
    ),
    plant(
        WRONGLY,
        "bytes_as_targets_of_an_entropy",
        "conditional_vae",
        MISMATCH | kinds("exploding"),
        allows=FOLLOWS,
        prepare=change_target(lambda bright: (255 * bright).round()),
    ),
    plant(
        WRONGLY,
        "counts_without_a_logarithm",
        "bike_demand",
        MISMATCH | kinds("exploding"),
        allows=FOLLOWS,
        prepare=change_target(lambda hires: (200 * hires.exp()).round()),
    ),
    harm(
        WRONGLY,
        "cleared_at_each_sixteenth_step",
        "resnet_9 higgs_mlp",
        kinds("kept_gradients"),
        allows=FOLLOWS,
        rewire=clear_seldom,
    ),
    harm(
        WRONGLY,
        "clamped_into_probabilities",
        "credit_net auto_int",
        MISMATCH | FADED,
        allows=FOLLOWS | kinds("stopped_learning"),
        prepare=minimise(clamped_probability),
    ),
    harm(
        WRONGLY,
        "noise_never_added",
        "class_diffusion",
        FADED,
        allows=FADED | kinds("mostly_zero", "loss_mismatch"),
        prepare=forget_noise,
    ),
    plant(
        SATURATION,
        "divergence_summed_the_rest_averaged",
        "conditional_vae",
        FADED,
        allows=FOLLOWS,
        prepare=sum_divergence_alone,
    ),
    harm(
        WRONGLY,
        "ten_steps_of_the_judge",
        "relativistic_gan",
        UNSTABLE | FADED | MISMATCH,
        allows=FOLLOWS,
        at_step=train_judge_more,
    ),
    harm(
        WRONGLY,
        "real_pictures_not_in_the_range_of_tanh",
        "relativistic_gan",
        UNSCALED | UNSTABLE | FADED | MISMATCH,
        allows=FOLLOWS,
        prepare=map_inputs(lambda images: 127.5 * images + 127.5),
    ),
    harm(
        WRONGLY,
        "update_added_by_hand",
        "attention_lstm char_cnn",
        kinds("loss_rises"),
        allows=FOLLOWS,
        rewire=use_optimizer(lambda _, parameters: HandSgd(parameters, 0.05)),
    ),
    harm(
        WRONGLY,
        "scale_of_64_without_the_sphere",
        "proxy_net",
        kinds("exploding"),
        allows=FOLLOWS | MISMATCH,
        prepare=set_on_model(on_sphere=False, scale=64.0),
    ),
    plant(
        NUMBERS,
        "entropy_of_masked_places",
        "attention_lstm",
        kinds("non_finite"),
        allows=FOLLOWS,
        prepare=minimise(entropy_of_all_places),
    ),
    plant(
        NUMBERS,
        "percentage_of_nothing",
        "bike_demand ts_mixer",
        kinds("non_finite"),
        allows=FOLLOWS,
        onset=MIDWAY,
        prepare=meet_nothing,
    ),
    plant(
        NUMBERS,
        "debt_divided_by_no_income",
        "credit_net",
        kinds("non_finite"),
        allows=FOLLOWS | kinds("input_change"),
        onset=MIDWAY,
        prepare=miss_an_income,
    ),
    plant(
        NUMBERS,
        "blank_picture_standardised",
        "da_vit",
        kinds("non_finite"),
        allows=FOLLOWS | kinds("input_change"),
        onset=MIDWAY,
        prepare=standardise_blanks,
    ),
    plant(
        NUMBERS,
        "readings_beyond_float16",
        "higgs_mlp",
        kinds("non_finite", "low_precision") | UNSCALED,
        allows=FOLLOWS,
        prepare=give_readings_in_half,
    ),
    harm(
        NUMBERS,
        "slopes_below_float16",
        "link_net",
        kinds("low_precision", "not_learning"),
        allows=FADED | kinds("non_finite"),
        prepare=lose_slopes_in_half,
    ),
)

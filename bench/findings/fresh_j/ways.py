"""Healthy ways to train that look odd."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.findings.wide.acts import Ways, as_it_is
from bench.findings.wide.fault import change_batches, change_inputs
from bench.findings.wide.training import Batch, Training


def warm_restart_of_moments(training: Training, step: int) -> None:
    """The optimizer is made anew in the middle, as scripts of two stages do."""
    if step == training.recipe.steps // 2:
        for place, own in enumerate(training.optimizers):
            groups = [{**group} for group in own.param_groups]
            training.optimizers[place] = type(own)(groups)


def grey_pictures(training: Training) -> None:
    """Half of the batches are grey: one channel, three times."""
    change_inputs(
        training,
        lambda own: (
            own.mean(1, keepdim=True).expand_as(own).clone() if torch.rand(()) < 0.5 else own
        ),
    )


def clipped_by_value(training: Training) -> None:
    """Each gradient between -0.5 and 0.5."""
    for own in training.model.parameters():
        own.register_hook(lambda gradient: gradient.clamp(-0.5, 0.5))


def uneven_classes(training: Training) -> None:
    """Nine of ten samples are of the first three classes."""
    task = training.task
    assert task.classes is not None
    assert task.sample is not None
    sample = task.sample
    shares = torch.where(task.classes < 3, 9.0, 1.0)
    task.draw = lambda _: sample(torch.multinomial(shares, 32))


def leaky_relus(training: Training) -> None:
    """ReLU6 in place of ReLU, as for small devices."""
    for parent in list(training.model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.ReLU6())


def skewed_columns(training: Training) -> None:
    """Columns of a log-normal distribution, clipped at five deviations."""
    change_inputs(training, lambda own: (own.exp() - 1.65).div(2.16).clamp(-5, 5))


def sparse_columns(training: Training) -> None:
    """Nine of ten cells are 0, as counts of words are."""
    change_inputs(training, lambda own: own * (torch.arange(own[0].numel()) % 4 > 0))


def sums_of_losses(training: Training) -> None:
    """reduction="sum" with a rate for it: the loss is 32 times as large."""
    training.recipe.rate /= 32
    training.loss_of = lambda loss: 32 * loss


def words_dropped(training: Training) -> None:
    """A tenth of the words become unknown."""

    def dropped(batch: Batch) -> Batch:
        words = batch[0].clone()
        words[torch.rand(words.shape) < 0.1] = 1
        return (words, *batch[1:])

    change_batches(training, dropped)


def absolute_error(training: Training) -> None:
    model = training.model
    training.task.phases[0].loss = lambda batch: functional.l1_loss(
        model(batch[0]).float(), batch[1]
    )


def floor_of_loss(training: Training) -> None:
    """Flooding: the loss is kept from falling below 0.15."""
    training.loss_of = lambda loss: (loss - 0.15).abs() + 0.15


def epochs_in_order(training: Training) -> None:
    """The same shuffled order in each epoch."""
    draw, kept = training.task.draw, list[Batch]()

    def drawn(step: int) -> Batch:
        if step < 20:
            kept.append(draw(step))
        return kept[step % 20]

    training.task.draw = drawn


@torch.no_grad()
def small_head(training: Training) -> None:
    """The last layer starts at a hundredth, as policies and diffusion models have it."""
    head = training.task.part("head")
    assert isinstance(head, nn.Linear)
    head.weight.mul_(0.01)


def stepped_twice(training: Training, step: int) -> None:
    """The second half has twice the rate of the first, a gentle schedule by hand."""
    training.factor = 1.0 if step < training.recipe.steps // 2 else 2.0


def one_of_two_towers_slow(training: Training, step: int) -> None:
    """The head at the full rate, all else at a fifth, as fine-tuning has it."""
    if step == 0:
        own = training.optimizers[0]
        head = {id(p) for p in training.task.part("head").parameters()}
        group = own.param_groups[0]
        rest = [p for p in group["params"] if id(p) not in head]
        last: list[Tensor] = [p for p in group["params"] if id(p) in head]
        shared = {k: v for k, v in group.items() if k not in ("params", "own_rate")}
        groups = [
            {**shared, "params": rest, "lr": group["lr"] / 5},
            {**shared, "params": last},
        ]
        training.optimizers[0] = type(own)(groups)


J_WAYS: Final[Ways] = {
    "moments_made_anew": (as_it_is, warm_restart_of_moments),
    "often_grey": (grey_pictures, None),
    "clipped_by_value": (clipped_by_value, None),
    "uneven_classes": (uneven_classes, None),
    "relus_to_six": (leaky_relus, None),
    "skewed_columns": (skewed_columns, None),
    "columns_of_zeros": (sparse_columns, None),
    "summed_with_a_rate_for_it": (sums_of_losses, None),
    "words_dropped": (words_dropped, None),
    "absolute_error": (absolute_error, None),
    "flooded": (floor_of_loss, None),
    "one_order_of_epochs": (epochs_in_order, None),
    "head_of_a_hundredth": (small_head, None),
    "twice_the_rate_later": (as_it_is, stepped_twice),
    "head_five_times_as_fast": (as_it_is, one_of_two_towers_slow),
}

J_HEALTHY: Final = (
    ("reg_net", "moments_made_anew"),
    ("basic_resnet", "often_grey"),
    ("wave_cnn", "clipped_by_value"),
    ("basic_resnet", "uneven_classes"),
    ("strided_cnn", "relus_to_six"),
    ("titanic_mlp", "skewed_columns"),
    ("layer_norm_table", "columns_of_zeros"),
    ("dropout_mlp", "summed_with_a_rate_for_it"),
    ("gru_reviews", "words_dropped"),
    ("diabetes_net", "absolute_error"),
    ("dense_graph", "flooded"),
    ("lstm_forecast", "one_order_of_epochs"),
    ("bandit_policy", "head_of_a_hundredth"),
    ("neo_x", "twice_the_rate_later"),
    ("fast_text", "head_five_times_as_fast"),
    ("granite", "bfloat16"),
    ("mlp_vae", "other_optimizer"),
    ("store_sales", "evaluated"),
    ("nt_xent", "accumulate"),
    ("rem_bert", "continued"),
    ("pool_former", "frozen_in_eval"),
    ("age_estimator", "frozen_trunk"),
    ("fast_text", "frozen_embedding"),
    ("shared_bottom", "frozen_but_biases"),
    ("tiny_vit", "frozen_but_norms"),
)
"""Architectures and the ways that each is also trained in."""

"""Mistakes of first weights, activations, dropout and modes."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from bench.findings.wide.acts import (
    at_onset,
    keep_in_eval,
    layers_of,
    set_role_dropout,
    switch_to_eval,
)
from bench.findings.wide.architecture import FRESH_D
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    HIDDEN,
    LAST,
    MIDWAY,
    MODES,
    SATURATION,
    SHRINKS,
    SHUT,
    START,
    STILL,
    harm,
    kinds,
    plant,
    plant_in,
    replace_module,
    role_parameters,
)
from bench.findings.wide.training import Batch, Training


@torch.no_grad()
def sink_biases(training: Training) -> None:
    """bias.fill_(-10), meant for the layer behind a sigmoid."""
    for module in plant_in(training, "middle"):
        nn.init.constant_(module.bias, -10.0)  # type: ignore[arg-type]
    assert training.truth is not None
    training.truth |= set(training.task.parts["relu"].split())


@torch.no_grad()
def zero_all_vectors(training: Training) -> None:
    """The loop that sets biases to 0 finds them by their shape, and the norms' gains with them."""
    for parameter in training.model.parameters():
        if parameter.dim() == 1:
            parameter.zero_()


@torch.no_grad()
def draw_standard(training: Training) -> None:
    """nn.init.normal_(weight)."""
    for layer in layers_of(training.model):
        if not isinstance(layer, nn.Embedding):
            nn.init.normal_(layer.weight)


@torch.no_grad()
def start_recurrence_wide(training: Training) -> None:
    """Uniform between -3 and 3 in all weights of recurrent layers."""
    plant_in(training, "recurrent")
    for parameter in role_parameters(training, "recurrent"):
        nn.init.uniform_(parameter, -3, 3)


def stack_sigmoids(training: Training) -> None:
    """Twelve layers with sigmoids, without norms and skips."""
    layers: list[nn.Module] = [nn.Linear(96, 48), nn.Sigmoid()]
    for _ in range(11):
        layers += [nn.Linear(48, 48), nn.Sigmoid()]
    replace_module(training, "fc2", nn.Sequential(*layers))


@torch.no_grad()
def start_equal(training: Training) -> None:
    for layer in layers_of(training.model):
        nn.init.constant_(layer.weight, 0.05)


def end_in_sigmoid(training: Training) -> None:
    """For values that are standardised, half of them below 0."""
    name = training.task.parts["head"]
    replace_module(training, name, nn.Sequential(training.task.part("head"), nn.Sigmoid()))


def end_in_relu(training: Training) -> None:
    """A ReLU on the logits."""
    name = training.task.parts["head"]
    replace_module(training, name, nn.Sequential(training.task.part("head"), nn.ReLU()))


def outweigh_text(training: Training, step: int) -> None:
    """The weight of the divergence is annealed to 100, not to 1."""
    if step == training.onset:
        training.truth = {"mu", "logvar", "start"}
        training.model.kl_weight = 100.0  # type: ignore[assignment]


def raise_dropout(training: Training, step: int) -> None:
    """A schedule of the dropout goes up to 0.97 instead of down."""
    if step >= training.onset:
        share = (step - training.onset) / 20
        set_role_dropout(training, "dropout", min(0.5 + 0.47 * share, 0.97))


def never_sync(training: Training) -> None:
    """The target network stays as it was made."""
    training.task.after_step = None


def shuffle_answers(training: Training) -> None:
    """Inputs were sorted, answers were not."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        return (*batch[:-1], batch[-1][torch.randperm(len(batch[-1]))])

    training.task.draw = drawn


def leak_answer(training: Training) -> None:
    """A column of the table is what is to be told, scaled like the others."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        rows = batch[0].clone()
        rows[:, 5] = _standardised(batch[1][:, -1])
        return (rows, *batch[1:])

    training.task.draw = drawn


def _standardised(values: Tensor) -> Tensor:
    return (values - values.mean()) / (values.std() + 1e-6)


def view_axes(training: Training) -> None:
    """view(N, C, H, W) of pictures that were stored as (N, H, W, C)."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        stored = batch[0].permute(0, 2, 3, 1).contiguous()
        return (stored.view(batch[0].shape), *batch[1:])

    training.task.draw = drawn


D_START: Final = (
    harm(
        FRESH_D,
        SATURATION,
        "biases_of_minus_ten",
        "poisson_demand dueling_dqn",
        SHUT | kinds("dead_units"),
        prepare=sink_biases,
    ),
    harm(
        FRESH_D,
        START,
        "gains_of_zero",
        "qwen",
        SHUT | STILL,
        prepare=zero_all_vectors,
    ),
    harm(
        FRESH_D,
        START,
        "standard_normal_weights",
        "graph_attention",
        kinds("exploding", "saturated"),
        prepare=draw_standard,
    ),
    harm(
        FRESH_D,
        SATURATION,
        "recurrence_from_minus_three",
        "deep_ar",
        kinds("saturated", "exploding"),
        prepare=start_recurrence_wide,
    ),
    harm(FRESH_D, START, "twelve_sigmoids", "mnist_mlp", SHRINKS, prepare=stack_sigmoids),
    harm(
        FRESH_D,
        START,
        "equal_weights",
        "mnist_mlp",
        SHRINKS | kinds("redundant_units"),
        prepare=start_equal,
    ),
    harm(
        FRESH_D,
        LAST,
        "sigmoid_for_standardised",
        "patch_tst",
        kinds("saturated", "collapsed", "vanishing", "loss_mismatch"),
        prepare=end_in_sigmoid,
    ),
    harm(
        FRESH_D,
        LAST,
        "relu_on_logits",
        "mnist_mlp",
        kinds("relu_logits", "collapsed", "mostly_zero", "loss_mismatch"),
        prepare=end_in_relu,
    ),
    plant(
        FRESH_D,
        SATURATION,
        "divergence_of_a_hundred",
        "text_vae",
        SHRINKS,
        allows=AFTERMATH,
        at_step=outweigh_text,
        onset=MIDWAY,
    ),
    harm(
        FRESH_D,
        MODES,
        "dropout_rises",
        "keyword_net deberta",
        kinds("strong_dropout"),
        at_step=raise_dropout,
        onset=MIDWAY,
    ),
    plant(
        FRESH_D,
        MODES,
        "eval_left_on",
        "efficientnet keyword_net",
        kinds("eval_mode"),
        allows=kinds("sudden_change", "exploding"),
        # After the first look at other data nobody calls train().
        at_step=at_onset(switch_to_eval),
        onset=(0.2, 0.5),
        severities=ANY_SEVERITY,
    ),
    plant(
        FRESH_D,
        MODES,
        "eval_from_the_start",
        "dice_unet",
        kinds("eval_mode"),
        prepare=keep_in_eval,
        severities=ANY_SEVERITY,
    ),
)

D_HIDDEN: Final = (
    plant(
        FRESH_D,
        HIDDEN,
        "answers_shuffled",
        "graph_attention",
        kinds(),
        prepare=shuffle_answers,
    ),
    plant(
        FRESH_D,
        HIDDEN,
        "answer_leaked",
        "many_experts",
        kinds(),
        prepare=leak_answer,
    ),
    plant(FRESH_D, HIDDEN, "axes_viewed", "efficientnet", kinds(), prepare=view_axes),
    plant(FRESH_D, HIDDEN, "target_never_synced", "dueling_dqn", kinds(), prepare=never_sync),
)
"""No histogram shows these: a warning about one of them is wrong."""

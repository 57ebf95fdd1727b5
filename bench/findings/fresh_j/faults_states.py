"""Wrong starts, units that are shut or at their ends, and modes that do not fit."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from bench.findings.faults import DIVERGED
from bench.findings.fresh_j.planting import harm, plant
from bench.findings.wide.acts import (
    fill_biases,
    keep_in_eval,
    layers_of,
    norms_of,
    scale_weights,
    set_on_model,
    set_role_dropout,
)
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    FADED,
    FOLLOWS,
    GROWTH,
    MIDWAY,
    MODES,
    SATURATION,
    SHUT,
    START,
    UNSTABLE,
    Fault,
    kinds,
    role_modules,
)
from bench.findings.wide.planting import place_in, replace_type, with_roles
from bench.findings.wide.training import Training


def gains_of_ten(training: Training) -> None:
    """A gain for each layer on top of the usual initialisation: 10."""
    scale_weights(training.model, factor=10.0)


@torch.no_grad()
def nearly_nothing(training: Training) -> None:
    """trunc_normal_(std=1e-4), a typing error for 1e-1."""
    for layer in layers_of(training.model):
        layer.weight.normal_(std=1e-4)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)


@torch.no_grad()
def all_of_one_value(training: Training) -> None:
    """nn.init.constant_(weight, 0.05) in a loop over layers."""
    for layer in layers_of(training.model):
        layer.weight.fill_(0.05)
        nn.init.zeros_(layer.bias)


@torch.no_grad()
def wide_recurrence(training: Training) -> None:
    """normal_() without a deviation for what goes round in a cell."""
    place_in(training, "cell")
    for cell in role_modules(training, "cell"):
        for name, own in cell.named_parameters():
            if name.startswith("weight"):
                own.normal_(std=4.0)


@torch.no_grad()
def sink_hidden(training: Training) -> None:
    """Biases of minus eight, the log odds of something rare, in hidden layers as well."""
    fill_biases(*role_modules(training, "hidden"), value=-8.0)


@torch.no_grad()
def shut_gate(training: Training) -> None:
    """A bias of the gates for "closed at first": -30."""
    fill_biases(training.task.part("gate"), value=-30.0)
    training.truth = {training.task.parts["gate"].rpartition(".")[0]}


@torch.no_grad()
def sharpen_queries(training: Training) -> None:
    """Queries and keys of attention start ten times as large as they should."""
    for name, own in training.model.named_parameters():
        if name.endswith(("q_proj.weight", "k_proj.weight", "attn.qkv.weight")):
            own.mul_(25.0)


def sigmoids_for_relus(training: Training) -> None:
    replace_type(training, nn.ReLU, nn.Sigmoid)


def norms_in_eval(training: Training) -> None:
    """A helper for fine-tuning sets batch norms to eval mode; these are new."""
    training.trains = lambda model: [own.eval() for own in norms_of(model)] and None


def predict_and_stay(training: Training, step: int) -> None:
    """A function that draws samples calls eval() and does not switch back."""
    if step == training.onset:
        keep_in_eval(training)


def deepen(training: Training) -> None:
    """The middle layer eight times more, each behind a sigmoid, without skips."""
    name = training.task.parts["middle"]
    own = training.model.get_submodule(name)
    width = own.out_features
    more: list[nn.Module] = []
    for _ in range(8):
        more += [nn.Sigmoid(), nn.Linear(width, width)]  # type: ignore[arg-type]
    parent, _, last = name.rpartition(".")
    setattr(training.model.get_submodule(parent), last, nn.Sequential(own, *more))


@torch.no_grad()
def grow_each_step(training: Training, _step: int) -> None:
    """Weights are divided by a norm of 0.96 that a home-made normalisation has."""
    for layer in layers_of(training.model):
        layer.weight.div_(0.95)


J_STATES: Final[tuple[Fault, ...]] = (
    harm(
        START,
        "gain_of_ten_on_each_layer",
        "strided_cnn dense_graph",
        UNSTABLE | kinds("saturated"),
        allows=FOLLOWS | kinds("unscaled_inputs"),
        prepare=gains_of_ten,
    ),
    harm(
        START,
        "deviation_of_a_ten_thousandth",
        "strided_cnn ssd_heads",
        FADED,
        allows=FOLLOWS,
        prepare=nearly_nothing,
    ),
    harm(
        START,
        "all_weights_a_twentieth",
        "titanic_mlp shared_bottom",
        kinds("redundant_units"),
        allows=FOLLOWS,
        prepare=all_of_one_value,
    ),
    harm(
        START,
        "cell_drawn_without_a_deviation",
        "char_gru lstm_forecast",
        kinds("saturated", "exploding"),
        allows=FOLLOWS | kinds("unscaled_inputs"),
        prepare=wide_recurrence,
    ),
    harm(
        GROWTH,
        "divided_by_a_norm_below_one",
        "mlp_autoencoder glu_table",
        UNSTABLE,
        allows=FOLLOWS | kinds("saturated"),
        at_step=grow_each_step,
    ),
    harm(
        SATURATION,
        "rare_event_in_hidden_biases",
        "mlp_autoencoder dropout_mlp",
        SHUT | kinds("dead_units", "not_learning"),
        allows=FOLLOWS,
        prepare=sink_hidden,
    ),
    harm(
        SATURATION,
        "closed_at_first",
        "glu_table",
        SHUT | kinds("saturated", "not_learning"),
        allows=FOLLOWS,
        prepare=shut_gate,
    ),
    harm(
        SATURATION,
        "queries_and_keys_start_large",
        "granite tiny_vit",
        kinds("saturated"),
        allows=FOLLOWS,
        prepare=sharpen_queries,
    ),
    harm(
        SATURATION,
        "scores_times_a_thousand",
        "gru_reviews",
        kinds("saturated"),
        allows=FOLLOWS,
        prepare=set_on_model(sharpness=1000.0),
    ),
    harm(
        SATURATION,
        "classic_sigmoids",
        "strided_cnn mlp_autoencoder",
        FADED | kinds("saturated"),
        allows=FOLLOWS,
        prepare=sigmoids_for_relus,
    ),
    harm(
        SATURATION,
        "eight_sigmoids_deeper",
        "dropout_mlp robust_demand",
        FADED | kinds("saturated"),
        allows=FOLLOWS,
        prepare=deepen,
    ),
    plant(
        MODES,
        "percentage_as_share_of_dropout",
        "dropout_mlp char_gru",
        kinds("strong_dropout"),
        allows=FOLLOWS,
        prepare=with_roles(set_role_dropout, "drops", 0.99),
    ),
    plant(
        MODES,
        "norms_of_a_new_network_in_eval",
        "road_net wave_cnn",
        kinds("eval_mode"),
        allows=DIVERGED | FADED,
        severities=ANY_SEVERITY,
        prepare=norms_in_eval,
    ),
    plant(
        MODES,
        "samples_drawn_and_left_in_eval",
        "reverser basic_resnet",
        kinds("eval_mode"),
        allows=DIVERGED | kinds("loss_rises"),
        onset=MIDWAY,
        at_step=predict_and_stay,
    ),
    plant(
        MODES,
        "eval_behind_the_summary",
        "rem_bert strided_cnn",
        kinds("eval_mode"),
        allows=FADED,
        severities=ANY_SEVERITY,
        prepare=keep_in_eval,
    ),
)

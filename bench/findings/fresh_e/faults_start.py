"""Mistakes of how a network begins, of its last layer, of modes and of what is cut away."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from bench.findings.faults import DIVERGED
from bench.findings.wide.acts import at_onset, layers_of, switch_to_eval
from bench.findings.wide.architecture import FRESH_E
from bench.findings.wide.fault import (
    AFTERMATH,
    ANY_SEVERITY,
    HIDDEN,
    LAST,
    MIDWAY,
    MODES,
    START,
    harm,
    kinds,
    plant,
    plant_in,
    replace_module,
    role_modules,
    role_names,
)
from bench.findings.wide.training import Training


@torch.no_grad()
def draw_from_0_to_1(training: Training) -> None:
    """nn.init.uniform_(weight), whose range is 0 to 1."""
    for layer in layers_of(training.model):
        nn.init.uniform_(layer.weight)


@torch.no_grad()
def start_with_ones(training: Training) -> None:
    for layer in layers_of(training.model):
        layer.weight.fill_(1.0)


def draw_orthogonal(training: Training) -> None:
    """The gain of a policy's last layer, 0.01, in all layers."""
    for layer in layers_of(training.model):
        nn.init.orthogonal_(layer.weight, 0.01)


def sharpen_router(training: Training) -> None:
    """The router starts from a normal distribution of 1 where 0.02 was meant."""
    for module in plant_in(training, "gate"):
        nn.init.normal_(module.weight, std=4.0)  # type: ignore[arg-type]


@torch.no_grad()
def count_positions(training: Training) -> None:
    """The place itself, 0 to 11 times ten, in all numbers of its vector."""
    places = training.model.places.weight
    places.copy_(10 * torch.arange(len(places)).float()[:, None].expand_as(places))


@torch.no_grad()
def sink_last_bias(training: Training) -> None:
    """A bias for a sigmoid's rare class, before a ReLU."""
    for module in plant_in(training, "head"):
        module.bias.fill_(-4.6)  # type: ignore[union-attr]
    training.truth = None


def leave_norms_out(training: Training) -> None:
    """The norms were commented out to save time; the rate stays."""
    for name, module in list(training.model.named_modules()):
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            replace_module(training, name, nn.Identity())


def end_in_sigmoid_twice(training: Training) -> None:
    """Sigmoid in the network, and BCEWithLogitsLoss."""
    _append(training, nn.Sigmoid())


def end_in_relu(training: Training) -> None:
    """A ReLU after the last layer, for figures that go below 0."""
    _append(training, nn.ReLU())


def _append(training: Training, act: nn.Module) -> None:
    (name,) = role_names(training, "head")
    (head,) = role_modules(training, "head")
    replace_module(training, name, nn.Sequential(head, act))


@torch.no_grad()
def prune(training: Training, step: int) -> None:
    """Global pruning to 2%, where the amount is what is taken away: 0.98 for 0.02."""
    if step != training.onset:
        return
    weights = [layer.weight for layer in layers_of(training.model)]
    limit = torch.cat([weight.abs().flatten() for weight in weights]).quantile(0.98)
    masks = [(weight.abs() > limit).float() for weight in weights]
    after = training.task.after_step

    def mask(own_step: int) -> None:
        if after:
            after(own_step)
        with torch.no_grad():
            for weight, kept in zip(weights, masks, strict=True):
                weight.mul_(kept)

    mask(step)
    training.task.after_step = mask


def keep_norms_in_eval(training: Training) -> None:
    """trunk.eval() before the training, though it is trained from nothing."""

    def evaluate(_model: nn.Module) -> None:
        for module in role_modules(training, "trunk"):
            module.eval()

    training.trains = evaluate


def cut_time(training: Training) -> None:
    """The state is detached at each letter, not at each part of the text."""
    for module in (training.model.lstm1, training.model.lstm2):
        module.register_forward_pre_hook(_detach_state)


def _detach_state(_module: object, given: tuple) -> tuple:
    return given[0], tuple(each.detach() for each in given[1])


E_START: Final = (
    harm(
        FRESH_E,
        START,
        "uniform_from_0_to_1",
        "tanh_cnn categorical_dqn",
        DIVERGED,
        prepare=draw_from_0_to_1,
    ),
    harm(
        FRESH_E,
        START,
        "ones_everywhere",
        "uncertain_values wide_deep",
        kinds("redundant_units", "exploding"),
        prepare=start_with_ones,
    ),
    harm(
        FRESH_E,
        START,
        "orthogonal_of_a_hundredth",
        "star_sets digit_maker",
        kinds("vanishing", "not_learning"),
        prepare=draw_orthogonal,
    ),
    harm(
        FRESH_E,
        START,
        "router_of_four",
        "olmoe",
        kinds("saturated", "unused_units", "exploding"),
        prepare=sharpen_router,
    ),
    harm(
        FRESH_E,
        START,
        "positions_as_numbers",
        "next_thing",
        kinds("exploding", "saturated", "redundant_units", "unscaled_inputs"),
        prepare=count_positions,
    ),
    harm(
        FRESH_E,
        LAST,
        "prior_before_relu",
        "depth_net",
        kinds("collapsed", "mostly_zero", "relu_logits", "not_learning"),
        prepare=sink_last_bias,
    ),
    harm(
        FRESH_E,
        START,
        "norms_left_out",
        "leaky_cnn pyramid_vit",
        DIVERGED | kinds("vanishing", "not_learning"),
        prepare=leave_norms_out,
    ),
    harm(
        FRESH_E,
        LAST,
        "sigmoid_twice",
        "multi_label",
        kinds("loss_mismatch"),
        prepare=end_in_sigmoid_twice,
    ),
    harm(
        FRESH_E,
        LAST,
        "sigmoid_before_a_focal_loss",
        "centre_points",
        kinds("loss_mismatch", "vanishing"),
        prepare=end_in_sigmoid_twice,
    ),
    harm(
        FRESH_E,
        LAST,
        "relu_for_what_is_signed",
        "attentive_sales lstm_monitor",
        kinds("relu_logits", "loss_mismatch", "mostly_zero"),
        prepare=end_in_relu,
    ),
    harm(
        FRESH_E,
        MODES,
        "pruned_to_two_percent",
        "fnet video_net",
        kinds("vanishing", "collapsed", "sudden_change", "mostly_zero"),
        at_step=prune,
        onset=MIDWAY,
    ),
    plant(
        FRESH_E,
        MODES,
        "eval_since_export",
        "survivors coatnet",
        kinds("eval_mode"),
        allows=AFTERMATH,
        # eval() for the export to ONNX, in the middle of the training.
        at_step=at_onset(switch_to_eval),
        onset=MIDWAY,
    ),
    harm(
        FRESH_E,
        MODES,
        "trunk_in_eval",
        "video_net",
        kinds("eval_mode"),
        prepare=keep_norms_in_eval,
        severities=ANY_SEVERITY,
    ),
    plant(FRESH_E, HIDDEN, "time_cut_at_letters", "letter_lstm", kinds(), prepare=cut_time),
)

"""Rates that are too high, wrong starts, gates that are shut, and modes that do not fit."""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import init

from bench.findings.faults import DIVERGED
from bench.findings.fresh_i.planting import harm, plant
from bench.findings.wide.acts import (
    at_onset,
    fill_biases,
    keep_in_eval,
    layers_of,
    multiply_rate,
    norms_of,
    set_on_model,
    set_recipe,
    set_role_dropout,
    use_optimizer,
)
from bench.findings.wide.fault import (
    ANY_SEVERITY,
    FADED,
    FOLLOWS,
    GROWTH,
    MIDWAY,
    MODES,
    SATURATION,
    START,
    UNSTABLE,
    Fault,
    kinds,
    plant_in,
    replace_module,
)
from bench.findings.wide.training import Training


@torch.no_grad()
def turn_bound_round(training: Training) -> None:
    """Uniform up to the root of the fan-in, where 1 over it was meant."""
    for own in training.model.parameters():
        if own.dim() >= 2:
            bound = math.sqrt(own[0].numel())
            own.uniform_(-bound, bound)


@torch.no_grad()
def take_variance_for_deviation(training: Training) -> None:
    """normal_(std=2 / fan_in), without the root."""
    for layer in layers_of(training.model):
        if not isinstance(layer, nn.Embedding):
            layer.weight.normal_(std=2 / layer.weight[0].numel())
            init.zeros_(layer.bias)


@torch.no_grad()
def hold_state(training: Training) -> None:
    """The update gate keeps the state, which is nothing, from the first moment on."""
    (cell,) = plant_in(training, "cell")
    assert isinstance(cell, nn.GRU)
    cell.bias_ih_l0[cell.hidden_size : 2 * cell.hidden_size] = 30.0


@torch.no_grad()
def shut_title_gate(training: Training) -> None:
    """A bias of -30 lets nothing of the title through."""
    training.truth = {"gate", "open", "title", "words"}
    fill_biases(training.task.part("gate"), value=-30.0)


@torch.no_grad()
def shift_norms(training: Training) -> None:
    """Norms before ReLUs begin four deviations below 0."""
    for own in norms_of(training.model):
        assert isinstance(own.bias, Tensor)
        own.bias.fill_(-4.0)


def squash_without_skips(training: Training) -> None:
    """Sigmoids in place of ReLUs, and blocks that are not added to what went in."""
    model: Any = training.model
    model.skips = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.ReLU):
            replace_module(training, name, nn.Sigmoid())


def find_rate_and_stay(training: Training) -> None:
    """A range test until the loss is four times what it was; the weights stay as it left them."""
    optimizer = torch.optim.SGD(training.model.parameters(), 1e-4)
    most = torch.inf
    for step in range(60):
        optimizer.param_groups[0]["lr"] = 1e-4 * 10 ** (step / 10)
        optimizer.zero_grad()
        loss = training.task.phases[0].loss(training.task.draw(step))
        if loss > most:
            break
        most = 4 * float(loss.detach()) if step == 0 else most
        loss.backward()
        optimizer.step()


@torch.no_grad()
def amplify_in_a_loop(training: Training) -> None:
    """A recurrent network of ReLUs whose weights are one and a half times the identity."""
    (name,) = training.task.parts["cell"].split()
    cell = nn.RNN(24, 32, nonlinearity="relu", batch_first=True)
    cell.weight_hh_l0.copy_(1.5 * torch.eye(32))
    replace_module(training, name, cell)
    training.recipe.clip = None


@torch.no_grad()
def grow_by_decay(training: Training, _step: int) -> None:
    """p.mul_(1 + rate * decay): the decay of a hand-written step has the wrong sign."""
    for own in training.model.parameters():
        own.mul_(1.04)


def use_running_statistics(training: Training) -> None:
    """Norms in eval mode since the start, as for a trunk with known weights; there are none."""
    norms = list(norms_of(training.model))

    def settle(_model: nn.Module) -> None:
        for own in norms:
            own.eval()

    training.trains = settle


def drop_by_percent(training: Training) -> None:
    """98 of 100, where 2 was meant."""
    set_role_dropout(training, "drops", 0.98)


I_RATES: Final[tuple[Fault, ...]] = (
    harm(
        GROWTH,
        "scaled_for_a_cluster",
        "res2_net roi_heads",
        UNSTABLE,
        allows=FOLLOWS,
        # The rate times the number of machines, of which there is one: 128.
        prepare=multiply_rate(128),
    ),
    harm(
        GROWTH,
        "adam_at_a_twentieth",
        "torch_encoder da_vit",
        UNSTABLE | FADED,
        allows=FOLLOWS,
        prepare=set_recipe(rate=0.05),
    ),
    harm(
        GROWTH,
        "sgd_of_one_for_a_regression",
        "angle_net ts_mixer",
        UNSTABLE | FADED,
        allows=FOLLOWS,
        rewire=use_optimizer(lambda _, own: torch.optim.SGD(own, 1.0, momentum=0.9)),
    ),
    harm(
        GROWTH,
        "decay_with_the_wrong_sign",
        "title_price char_cnn",
        UNSTABLE,
        allows=FOLLOWS,
        at_step=grow_by_decay,
    ),
    harm(
        GROWTH,
        "loop_of_one_and_a_half",
        "har_gru",
        kinds("exploding", "non_finite", "loss_rises"),
        allows=FOLLOWS,
        prepare=amplify_in_a_loop,
    ),
    harm(
        START,
        "bound_turned_round",
        "keras_cnn har_gru",
        kinds("exploding", "saturated", "non_finite"),
        allows=FOLLOWS | kinds("unscaled_inputs"),
        prepare=turn_bound_round,
    ),
    harm(
        START,
        "variance_for_deviation",
        "keras_cnn char_cnn",
        FADED,
        allows=FOLLOWS,
        prepare=take_variance_for_deviation,
    ),
    harm(
        START,
        "left_by_a_rate_finder",
        "keras_cnn higgs_mlp",
        UNSTABLE | FADED,
        allows=FOLLOWS,
        prepare=find_rate_and_stay,
    ),
    harm(
        SATURATION,
        "temperature_of_a_thousandth",
        "deep_interest",
        kinds("saturated"),
        allows=FOLLOWS,
        prepare=set_on_model(temperature=1e-3),
    ),
    harm(SATURATION, "state_held", "har_gru", FADED, allows=FOLLOWS, prepare=hold_state),
    harm(
        SATURATION,
        "title_behind_a_shut_gate",
        "title_price",
        FADED | kinds("saturated", "mostly_zero"),
        allows=FOLLOWS,
        prepare=shut_title_gate,
    ),
    harm(
        SATURATION,
        "norms_begin_at_minus_four",
        "dla res2_net",
        kinds("mostly_zero", "dead_units", "collapsed", "vanishing", "not_learning"),
        allows=FOLLOWS,
        prepare=shift_norms,
    ),
    harm(
        SATURATION,
        "squashed_without_skips",
        "higgs_mlp",
        FADED | kinds("saturated"),
        allows=FOLLOWS,
        prepare=squash_without_skips,
    ),
    harm(
        MODES,
        "dropped_by_percent",
        "keras_cnn credit_net",
        kinds("strong_dropout"),
        allows=FOLLOWS,
        prepare=drop_by_percent,
    ),
    plant(
        MODES,
        "running_statistics_from_the_start",
        "res2_net resnet_9",
        kinds("eval_mode"),
        allows=DIVERGED | FADED,
        severities=ANY_SEVERITY,
        prepare=use_running_statistics,
    ),
    plant(
        MODES,
        "eval_since_outputs_were_printed",
        "resnet_9",
        kinds("eval_mode"),
        allows=DIVERGED | kinds("loss_rises"),
        onset=MIDWAY,
        # Some outputs were printed in eval mode, from a function that does not switch
        # back.
        at_step=at_onset(keep_in_eval),
    ),
)

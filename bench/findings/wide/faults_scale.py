"""Faults by which values grow, shrink, saturate or are no numbers any more."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from bench.findings.wide.architectures import HELD_OUT, WORKED
from bench.findings.wide.fault import (
    AFTERMATH,
    DIVERGED,
    MIDWAY,
    Fault,
    kinds,
    plant_in,
    replace_module,
    role_modules,
    role_names,
    weights_of,
)
from bench.findings.wide.training import Training

GROWTH, START, NUMBERS = "growth", "initialisation", "numbers"
GROWN = kinds("exploding")


def throw_up(training: Training, step: int) -> None:
    """A layer is thrown 60 times up at once, and climbs on to 270 times."""
    since = step - training.onset
    if since < 0:
        return
    left = training.recipe.steps - training.onset
    factor = 60.0 if since == 0 else 4.5 ** (1 / left)
    with torch.no_grad():
        for module in plant_in(training, "middle"):
            for weight in weights_of(module):
                weight.mul_(factor)


def creep_up(training: Training, step: int) -> None:
    """The weights of a layer grow by 6 % at each step."""
    if step >= training.onset:
        with torch.no_grad():
            for module in plant_in(training, "middle"):
                for weight in weights_of(module):
                    weight.mul_(1.06)


def raise_rate(factor: float, training: Training, step: int) -> None:
    if step == training.onset:
        training.factor = factor


def let_critic_win(training: Training) -> None:
    training.optimizers[0].param_groups[0]["lr"] *= 20


def enlarge_recurrence(training: Training) -> None:
    with torch.no_grad():
        for module in plant_in(training, "rnn"):
            for name, parameter in module.named_parameters():
                if "weight_hh" in name:
                    parameter.mul_(8)


def enlarge_weights(training: Training) -> None:
    with torch.no_grad():
        for weight in weights_of(training.model):
            weight.mul_(10)


def zero_weights(training: Training) -> None:
    for parameter in training.model.parameters():
        nn.init.zeros_(parameter)


def equal_weights(training: Training) -> None:
    """All weights of a matrix start at one value."""
    for weight in weights_of(training.model):
        nn.init.constant_(weight, 1 / weight[0].numel())


def zero_adapters(training: Training) -> None:
    """Both factors of each adapter start at 0, so neither gets a gradient."""
    training.truth = set()
    for name, module in training.model.named_modules():
        if name.endswith((".A", ".B")):
            nn.init.zeros_(module.weight)
            training.truth.add(name)


def zero_products(training: Training) -> None:
    """Two tables whose product is used, both at 0."""
    training.truth = {"user", "item"}
    for name in training.truth:
        nn.init.zeros_(training.model.get_submodule(name).weight)


def clamp_weights(limit: float, training: Training, step: int) -> None:
    """Weights are clipped to far too small a range, as once meant for a Wasserstein critic."""
    if step >= training.onset:
        roles = ["critic"] if "critic" in training.task.parts else []
        modules = role_modules(training, roles[0]) if roles else [training.model]
        training.truth = set(role_names(training, roles[0])) if roles else None
        with torch.no_grad():
            for module in modules:
                for parameter in module.parameters():
                    parameter.clamp_(-limit, limit)


def sharpen(factor: float, training: Training) -> None:
    """What attention's scores are made from is far too large."""
    training.truth = set(role_names(training, "scores"))
    if "softmax" in training.task.parts:
        training.truth |= set(role_names(training, "softmax"))
    if "attention" in training.task.parts:
        training.truth |= set(role_names(training, "attention"))
    with torch.no_grad():
        for module in role_modules(training, "scores"):
            for parameter in module.parameters():
                parameter.mul_(factor)


def weigh_divergence(factor: float, training: Training, step: int) -> None:
    """The KL term outweighs all else, so the latent carries nothing."""
    if step == training.onset:
        training.truth = {"mu", "logvar", "dec"}
        training.model.kl_weight *= factor


def halve_precision(training: Training) -> None:
    """Weights in float16 with Adam's eps, which is 0 there."""
    training.model.half()
    draw = training.task.draw
    training.recipe.optimizer = "adam"

    def halved(step: int) -> tuple[Tensor, ...]:
        return tuple(x.half() if x.is_floating_point() else x for x in draw(step))

    training.task.draw = halved


def underflow(training: Training) -> None:
    """float16 autocast with a small loss and no scaling of it."""
    training.recipe.autocast = torch.float16
    training.loss_of = lambda loss: loss * 1e-4


class Log(nn.Module):
    """log(|x| + 1), until the day the safeguard is taken away."""

    safe = True

    def forward(self, x: Tensor) -> Tensor:
        return torch.log(x.abs() + 1) if self.safe else torch.log(x.relu())


class Root(nn.Module):
    """sqrt(relu(x) + eps), until the eps is taken away: its slope at 0 is infinite."""

    safe = True

    def forward(self, x: Tensor) -> Tensor:
        return torch.sqrt(x.relu() + 1e-3) if self.safe else torch.sqrt(x.relu())


def insert(kind: type[nn.Module], training: Training) -> None:
    """Put an operation before the head."""
    (name,) = role_names(training, "head")
    replace_module(training, name, nn.Sequential(kind(), training.model.get_submodule(name)))


def unsafe(training: Training, step: int) -> None:
    if step == training.onset:
        next(m for m in training.model.modules() if isinstance(m, (Log, Root))).safe = False


def sink_bias(training: Training, step: int) -> None:
    """The biases before a ReLU fall far below zero."""
    if step == training.onset:
        name = role_names(training, "relu")[0]
        training.truth = {name}
        before = training.model.get_submodule(str(int(name) - 1))
        with torch.no_grad():
            before.bias.sub_(100.0)


def shut_gate(training: Training) -> None:
    training.truth = {*role_names(training, "gate"), *role_names(training, "open")}
    with torch.no_grad():
        for module in role_modules(training, "gate"):
            module.bias.fill_(-30.0)


SATURATED = kinds("saturated")
COLLAPSED = kinds("collapsed", "vanishing")

SCALE_FAULTS = (
    Fault("thrown_up", GROWTH, WORKED, ("plain_cnn", "vae", "table_mlp"), GROWN, AFTERMATH, (0.04, 0.04), at_step=throw_up, needs_effect=True),
    Fault("creeping_growth", GROWTH, HELD_OUT, ("coordinate_net", "autoencoder", "translator"), GROWN, AFTERMATH, (0.3, 0.4), at_step=creep_up, needs_effect=True),
    Fault("rate_100", GROWTH, WORKED, ("gpt2", "siren", "wavenet", "kan", "plain_cnn", "letter_gru"), DIVERGED, AFTERMATH, MIDWAY, at_step=partial(raise_rate, 100.0), needs_effect=True),
    Fault("rate_100_start", GROWTH, HELD_OUT, ("llama", "autoencoder", "letter_rnn", "hopfield", "decoder", "conv_vae"), DIVERGED, AFTERMATH, at_step=partial(raise_rate, 100.0), needs_effect=True),
    Fault("rate_30", GROWTH, HELD_OUT, ("tcn", "diffusion", "mixer", "t5", "experts", "gat"), DIVERGED, AFTERMATH, MIDWAY, at_step=partial(raise_rate, 30.0), needs_effect=True),
    Fault("critic_wins", GROWTH, WORKED, ("gan",), DIVERGED | kinds("vanishing"), AFTERMATH, rewire=let_critic_win, needs_effect=True),
    Fault("critic_wins_conv", GROWTH, HELD_OUT, ("dcgan",), DIVERGED | kinds("vanishing"), AFTERMATH, rewire=let_critic_win, needs_effect=True),
    Fault("recurrent_gain", START, HELD_OUT, ("letter_rnn", "translator"), kinds("saturated", "exploding", "vanishing"), AFTERMATH, prepare=enlarge_recurrence, needs_effect=True),
    Fault("large_start", START, WORKED, ("deep_linear", "table_mlp", "selu_net", "vae"), kinds("exploding", "saturated"), AFTERMATH, prepare=enlarge_weights, needs_effect=True),
    Fault("large_start_conv", START, HELD_OUT, ("autoencoder", "coordinate_net", "conv_vae"), kinds("exploding", "saturated"), AFTERMATH, prepare=enlarge_weights, needs_effect=True),
    Fault("zero_start", START, WORKED, ("gcn", "selu_net", "dqn"), COLLAPSED, AFTERMATH, prepare=zero_weights),
    Fault("equal_start", START, WORKED, ("table_mlp", "gcn", "vae"), kinds("redundant_units", "symmetric", "equal_weights", "vanishing", "collapsed"), AFTERMATH, prepare=equal_weights, needs_effect=True),
    Fault("equal_start_other", START, HELD_OUT, ("gated_table", "hopfield", "coordinate_net"), kinds("redundant_units", "symmetric", "equal_weights", "vanishing", "collapsed"), AFTERMATH, prepare=equal_weights, needs_effect=True),
    Fault("zero_adapters", START, WORKED, ("lora",), kinds("collapsed", "not_learning"), kinds("vanishing"), prepare=zero_adapters),
    Fault("zero_products", START, HELD_OUT, ("taste",), kinds("collapsed", "not_learning"), kinds("vanishing"), prepare=zero_products),
    Fault("clamped_critic", START, WORKED, ("gan", "plain_cnn"), COLLAPSED, AFTERMATH, (0.0, 0.0), at_step=partial(clamp_weights, 1e-4)),
    Fault("clamped_later", START, HELD_OUT, ("dcgan", "coordinate_net", "realnvp"), COLLAPSED, AFTERMATH, MIDWAY, at_step=partial(clamp_weights, 1e-3)),
    Fault("sharp_attention", "saturation", WORKED, ("vit", "gpt2"), SATURATED, AFTERMATH, prepare=partial(sharpen, 20.0), needs_effect=True),
    Fault("sharp_softmax", "saturation", HELD_OUT, ("hopfield", "experts"), SATURATED, AFTERMATH, prepare=partial(sharpen, 300.0), needs_effect=True),
    Fault("shut_gate", "saturation", WORKED, ("wavenet",), kinds("saturated", "collapsed", "shut_gate"), kinds("vanishing", "not_learning"), prepare=shut_gate),
    Fault("shut_table_gate", "saturation", HELD_OUT, ("gated_table",), kinds("saturated", "collapsed", "shut_gate"), kinds("vanishing", "not_learning"), prepare=shut_gate),
    Fault("posterior_collapse", "saturation", WORKED, ("vae",), kinds("vanishing", "collapsed", "posterior_collapse"), kinds("not_learning", "sudden_change"), at_step=partial(weigh_divergence, 60.0), needs_effect=True),
    Fault("posterior_collapse_later", "saturation", HELD_OUT, ("conv_vae",), kinds("vanishing", "collapsed", "posterior_collapse", "sudden_change"), kinds("not_learning"), MIDWAY, at_step=partial(weigh_divergence, 60.0), needs_effect=True),
    Fault("dead_relu", "saturation", WORKED, ("plain_cnn", "dqn", "table_mlp"), kinds("collapsed", "mostly_zero"), AFTERMATH, MIDWAY, at_step=sink_bias),
    Fault("dead_relu_other", "saturation", HELD_OUT, ("coordinate_net",), kinds("collapsed", "mostly_zero"), AFTERMATH, MIDWAY, at_step=sink_bias),
    Fault("half_weights", NUMBERS, WORKED, ("table_mlp", "vae", "siren"), kinds("non_finite"), AFTERMATH, prepare=halve_precision, needs_effect=True),
    Fault("underflow", NUMBERS, HELD_OUT, ("mixer", "autoencoder", "gated_table"), kinds("low_precision"), kinds("not_learning", "vanishing", "collapsed"), prepare=underflow),
    Fault("log_zero", NUMBERS, WORKED, ("plain_cnn", "table_mlp", "kan"), kinds("non_finite"), AFTERMATH, MIDWAY, prepare=partial(insert, Log), at_step=unsafe, needs_effect=True),
    Fault("root_zero", NUMBERS, HELD_OUT, ("group_norm_net", "hopfield", "gated_table"), kinds("non_finite"), AFTERMATH, MIDWAY, prepare=partial(insert, Root), at_step=unsafe, needs_effect=True),
)  # fmt: skip

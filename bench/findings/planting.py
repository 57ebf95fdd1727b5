"""What planted faults do to a training."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from bench.findings.data import load_data
from bench.findings.models import Architecture, cnn, mlp

WEIGHT_TYPES = (nn.Linear, nn.Conv2d, nn.LSTM, nn.GRU)
SHRINK_PER_STEP = 0.85
TINY_LOSS = 1e-4
DEPTH = 24
TINY_WEIGHT, RUNAWAY_FACTOR, RUNAWAY_STEPS = 1e-7, 1.2, 45
STILL_SHARE, SLOW_SHARE = 0.34, 0.67


@dataclass
class Training:
    """One training while it runs; faults change it."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    steps: int
    onset: int
    rate: float
    inputs: Callable[[Tensor], Tensor] = lambda x: x
    loss_scale: float = 1.0
    autocast: torch.dtype | None = None
    truth_layers: set[str] | None = None
    rates: list[float] = field(default_factory=list)

    def set_rate(self, factor: float) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor


def leaf_modules(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(n, m) for n, m in model.named_modules() if not list(m.children())]


def weight_layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(n, m) for n, m in leaf_modules(model) if isinstance(m, WEIGHT_TYPES)]


def matrices(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.dim() >= 2]


def raise_rate(factor: float, training: Training, step: int) -> None:
    if step == training.onset:
        training.set_rate(factor)


def burst_rate(training: Training, step: int) -> None:
    """Three steps at 200 times the rate, again and again."""
    since = step - training.onset
    period = training.steps // 12
    training.set_rate(200.0 if since >= 0 and since % period < 3 else 1.0)


def zero_weights(training: Training) -> None:
    for _, module in weight_layers(training.model):
        for parameter in module.parameters():
            nn.init.zeros_(parameter)


def enlarge_weights(training: Training) -> None:
    with torch.no_grad():
        for _, module in weight_layers(training.model):
            for parameter in matrices(module):
                parameter.mul_(10)


def sink_bias(training: Training, step: int) -> None:
    """The biases before one ReLU in the middle of the network fall far below zero."""
    if step != training.onset:
        return
    leaves = leaf_modules(training.model)
    pairs = [
        (before, name)
        for (_, before), (name, after) in itertools.pairwise(leaves)
        if isinstance(after, nn.ReLU) and getattr(before, "bias", None) is not None
    ]
    module, name = pairs[len(pairs) // 2]
    training.truth_layers = {name}
    with torch.no_grad():
        module.bias.sub_(50.0)


def hidden_layer(training: Training) -> tuple[nn.Module, nn.Module]:
    """The layer with weights before a ReLU in the middle of the network, and the one after it."""
    leaves = leaf_modules(training.model)
    places = [
        place
        for place, (_, module) in enumerate(leaves[1:-1], 1)
        if isinstance(module, nn.ReLU) and getattr(leaves[place - 1][1], "bias", None) is not None
    ]
    place = places[len(places) // 2]
    training.truth_layers = {leaves[place][0]}
    after = next(module for _, module in leaves[place:] if isinstance(module, WEIGHT_TYPES))
    return leaves[place - 1][1], after


def kill_units(training: Training, step: int) -> None:
    """The biases of three units fall far below zero."""
    if step == training.onset:
        module, _ = hidden_layer(training)
        with torch.no_grad():
            module.bias[:3].sub_(1000.0)


def shrink_units(training: Training, step: int) -> None:
    """The weights of two units are held near 0."""
    if step >= training.onset:
        module, _ = hidden_layer(training)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter[:2] = TINY_WEIGHT


def let_unit_run_away(training: Training, step: int) -> None:
    """One unit grows by a fifth at each step, to some thousand times its size."""
    since = step - training.onset
    if 0 <= since < RUNAWAY_STEPS:
        module, _ = hidden_layer(training)
        with torch.no_grad():
            weight, bias = module.parameters()
            weight[0].mul_(RUNAWAY_FACTOR)
            bias[0] = 2 * RUNAWAY_FACTOR**since


def copy_unit(training: Training) -> None:
    """Two units start with equal weights, in and out, and so stay equal."""
    module, after = hidden_layer(training)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter[1].copy_(parameter[0])
        for parameter in matrices(after):
            parameter[:, 1].copy_(parameter[:, 0])


def prefix(model: nn.Module, share: float) -> tuple[list[nn.Module], set[str]]:
    """The first modules that hold a share of the weight layers, and the leaves up to the next."""
    leaves = leaf_modules(model)
    weights = [name for name, _ in weight_layers(model)]
    count = max(1, int(share * len(weights)))
    names = [name for name, _ in leaves]
    end = names.index(weights[count])
    return [module for _, module in leaves[:end]], set(names[:end])


def freeze_prefix(training: Training) -> None:
    modules, training.truth_layers = prefix(training.model, 0.5)
    for module in modules:
        module.requires_grad_(False)


def spread_rates(training: Training) -> None:
    """fastai's ``slice(rate / 1e4, rate)`` over three groups of layers."""
    first, training.truth_layers = prefix(training.model, STILL_SHARE)
    second, _ = prefix(training.model, SLOW_SHARE)
    rates = {id(p): 1.0 for p in training.model.parameters()}
    rates |= {id(p): 1e-2 for m in second for p in m.parameters()}
    rates |= {id(p): 1e-4 for m in first for p in m.parameters()}
    groups = [
        {
            **{k: v for k, v in training.optimizer.param_groups[0].items() if k != "params"},
            "params": [p],
            "lr": training.rate * rates[id(p)],
        }
        for p in training.model.parameters()
    ]
    training.optimizer = type(training.optimizer)(groups)
    training.rates = [group["lr"] for group in groups]


def shrink_weights(training: Training, step: int) -> None:
    """Weight decay that is far too strong."""
    if step >= training.onset:
        with torch.no_grad():
            for _, module in weight_layers(training.model):
                for parameter in matrices(module):
                    parameter.mul_(SHRINK_PER_STEP)


def lose_normalisation(training: Training, step: int) -> None:
    if step == training.onset:
        training.inputs = lambda x: x * 20 + 20


def spoil_batches(training: Training, step: int) -> None:
    """Now and then a batch of inputs that are 30 times too large."""
    since = step - training.onset
    bad = since >= 0 and since % (training.steps // 12) == 0
    training.inputs = (lambda x: x * 30) if bad else (lambda x: x)


class Log(nn.Module):
    """log(|x| + 1), until the day the safeguard is taken away."""

    safe = True

    def forward(self, x: Tensor) -> Tensor:
        return torch.log(x.abs() + 1) if self.safe else torch.log(x.relu())


def insert_log(training: Training) -> None:
    name, head = weight_layers(training.model)[-1]
    parent_name, _, own = name.rpartition(".")
    parent = training.model.get_submodule(parent_name)
    setattr(parent, own, nn.Sequential(Log(), head))
    training.truth_layers = {f"{name}.0"}


def unsafe_log(training: Training, step: int) -> None:
    if step == training.onset:
        next(m for m in training.model.modules() if isinstance(m, Log)).safe = False


def underflow(training: Training) -> None:
    training.autocast, training.loss_scale = torch.float16, TINY_LOSS


def enlarge_unit(training: Training, step: int) -> None:
    """One unit of a hidden layer grows a few thousand times larger than its neighbours."""
    if step == training.onset:
        layers = [m for _, m in weight_layers(training.model) if isinstance(m, nn.Linear)]
        with torch.no_grad():
            layers[0].weight[0].mul_(5000)


def sigmoid_chain(architecture: Architecture) -> nn.Module:
    inputs = load_data(architecture.data).inputs[0].numel()
    return mlp([inputs, *[48] * 8, 10], nn.Sigmoid)


def without_norm(architecture: Architecture) -> nn.Module:
    """So deep that PyTorch's own initialisation lets the signal fade without norms."""
    if architecture.name == "deep_cnn":
        return cnn([6] * DEPTH, 10, norm=False)
    inputs = load_data(architecture.data).inputs[0].numel()
    return mlp([inputs, *[48] * DEPTH, 10], nn.ReLU, norm=False)


REPLACED_MODELS: dict[str, Callable[[Architecture], nn.Module]] = {
    "sigmoid_chain": sigmoid_chain,
    "no_norm": without_norm,
}
"""Faults that are a network of another make."""

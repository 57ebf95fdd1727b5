"""What a planted fault is, and the ways into a network that faults share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from bench.findings.faults import DIVERGED
from bench.findings.wide.architecture import HELD_OUT
from bench.findings.wide.training import Batch, Training, phase_parameters

GRAVE = ("error", "warning")
ANY_SEVERITY = (*GRAVE, "info")

AFTERMATH = DIVERGED | {
    "vanishing",
    "outlier_features",
    "not_learning",
    "low_precision",
    "loss_rises",
}

Act = Callable[[Training], None]
AtStep = Callable[[Training, int], None]


@dataclass(frozen=True)
class Fault:
    """A planted fault.

    kin: what it has in common with others. half: every fault belongs to one half. on: names of the
    architectures that it is planted in. expects: findings of any of these kinds tell it, when they
    are as grave as `severities` asks. allows: others that are true of it as well. onset: share of
    the run at which it begins (low, high). prepare: before there are optimizers; rewire: after;
    at_step: before each step. needs_effect: it may do no harm, so it counts only where the loss
    shows harm. Without `expects` the histograms cannot show it, and nothing is to be said.
    `expects` may name a kind that no rule has yet; until then the fault is missed.
    """

    name: str
    kin: str
    half: str
    on: tuple[str, ...]
    expects: frozenset[str]
    allows: frozenset[str] = frozenset()
    onset: tuple[float, float] = (0.0, 0.0)
    prepare: Act | None = None
    rewire: Act | None = None
    at_step: AtStep | None = None
    needs_effect: bool = False
    severities: tuple[str, ...] = field(default=GRAVE)


MIDWAY = (0.35, 0.6)


def in_both_halves(worked: Fault, name: str, on: tuple[str, ...]) -> tuple[Fault, Fault]:
    """A fault of the worked half, and the same by another name in architectures held out."""
    return worked, replace(worked, name=name, half=HELD_OUT, on=on)


def kinds(*names: str) -> frozenset[str]:
    return frozenset(names)


STILL, STILL_TOO = kinds("not_learning"), kinds("low_precision", "vanishing", "stopped_learning")
STOPPED = kinds("stopped_learning", "not_learning")
SHRINKS, SHUT = kinds("collapsed", "vanishing"), kinds("collapsed", "vanishing", "mostly_zero")
UNSTABLE = DIVERGED | kinds("not_learning", "loss_rises", "dead_units", "runaway_units")
FADED = kinds("vanishing", "collapsed", "not_learning", "redundant_units")
FOLLOWS = AFTERMATH | UNSTABLE | FADED | kinds("unused_units")
UNSCALED, SAME = kinds("unscaled_inputs"), kinds("constant_input")
NON_FINITE, MISMATCH = kinds("non_finite"), kinds("loss_mismatch")
"""Kinds that labels of several sets share. FOLLOWS is true of any network that came apart."""

NOTHING, PART, INPUTS = "nothing learns", "a part is never updated", "inputs"
GROWTH, START, MODES = "growth", "initialisation", "modes and dropout"
NUMBERS, SATURATION, LAST = "numbers", "saturation", "the last layer"
EARLY, WRONGLY = "the rate ends early", "the loss is minimised wrongly"
HIDDEN = "not visible"
"""What faults have in common: their kin."""


def plant(half: str, kin: str, name: str, on: str, expects: frozenset[str], **more: Any) -> Fault:
    """A fault in the architectures whose names stand in `on`."""
    return Fault(name, kin, half, tuple(on.split()), expects, **more)


def still(half: str, kin: str, name: str, on: str, **more: Any) -> Fault:
    """One by which weights stay as they are."""
    return plant(half, kin, name, on, STILL, **{"allows": STILL_TOO, **more})


def harm(half: str, kin: str, name: str, on: str, expects: frozenset[str], **more: Any) -> Fault:
    """One that may do no harm; what follows from it is true as well."""
    return plant(
        half, kin, name, on, expects, **{"allows": AFTERMATH, "needs_effect": True, **more}
    )


def role_names(training: Training, role: str) -> list[str]:
    """Names of the modules that play a role; a part may be several, with spaces between."""
    return training.task.parts[role].split()


def role_modules(training: Training, role: str) -> list[nn.Module]:
    return [training.model.get_submodule(name) for name in role_names(training, role)]


def role_parameters(training: Training, role: str) -> list[nn.Parameter]:
    return [p for module in role_modules(training, role) for p in module.parameters()]


def plant_in(training: Training, role: str) -> list[nn.Module]:
    """The modules of a role, noted as the place of the fault."""
    training.truth = set(role_names(training, role))
    return role_modules(training, role)


def weights_of(module: nn.Module) -> Iterator[nn.Parameter]:
    """Weight matrices and kernels, no biases, no norms."""
    return (p for p in module.parameters() if p.dim() >= 2)


def change_inputs(training: Training, change: Callable[[Tensor], Tensor]) -> None:
    """Let every batch's input go through a function."""
    change_batches(training, lambda batch: (change(batch[0]), *batch[1:]))


def change_batches(training: Training, change: Callable[[Batch], Batch]) -> None:
    draw = training.task.draw
    training.task.draw = lambda step: change(draw(step))


def change_late_batches(training: Training, change: Callable[[Batch], Batch]) -> None:
    """Batches from the onset on go through a function."""
    draw = training.task.draw

    def drawn(step: int) -> Batch:
        batch = draw(step)
        return change(batch) if step >= training.onset else batch

    training.task.draw = drawn


def replace_module(training: Training, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(training.model.get_submodule(parent), own, module)


def move_only(training: Training, *roles: str, rate: float | None) -> None:
    """Give the parameters of roles another rate, or, without one, to no optimizer."""
    apart = {id(p) for role in roles for p in role_parameters(training, role)}
    for place, phase in enumerate(training.task.phases):
        own = training.optimizers[place]
        defaults = {k: v for k, v in own.param_groups[0].items() if k not in ("params", "own_rate")}
        parameters = phase_parameters(phase)
        groups = [{**defaults, "params": [p for p in parameters if id(p) not in apart]}]
        if rate is not None:
            groups.append(
                {
                    **defaults,
                    "params": [p for p in parameters if id(p) in apart],
                    "lr": training.recipe.rate * rate,
                }
            )
        training.optimizers[place] = type(own)([group for group in groups if group["params"]])


def without_gradient(training: Training) -> set[str]:
    """Names of the modules with own parameters that the loss gives no gradient."""
    state = torch.get_rng_state()
    batch = training.task.draw(0)
    for phase in training.task.phases:
        phase.loss(batch).backward()
    found = {
        name
        for name, module in training.model.named_modules()
        for parameter in module.parameters(recurse=False)
        if parameter.requires_grad and parameter.grad is None
    }
    for parameter in training.model.parameters():
        parameter.grad = None
    torch.set_rng_state(state)
    return found


def detached(output: object) -> object:
    """A module's output without its graph, whatever container it comes in."""
    if isinstance(output, Tensor):
        return output.detach()
    if isinstance(output, tuple):
        return tuple(detached(each) for each in output)
    if isinstance(output, dict):
        for key in output:
            output[key] = detached(output[key])
    return output


def detach_outputs(training: Training, role: str) -> None:
    """What a wrong ``.detach()`` or ``no_grad`` does to a part."""
    for module in role_modules(training, role):
        module.register_forward_hook(lambda _module, _given, output: detached(output))
    training.truth = without_gradient(training)

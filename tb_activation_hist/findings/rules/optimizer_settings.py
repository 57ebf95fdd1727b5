"""Settings of an optimizer that hardly anybody can mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.setup_facts import OptimizerGroup, RateHistory
from tb_activation_hist.findings.hardly_learning import (
    FIRST_UPDATES,
    first_negative_rate,
    largest_rate,
)
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.known_values import known_median
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.still_weights import matrices
from tb_activation_hist.findings.thresholds import (
    UNIT_FACTOR,
    UNIT_SHARE,
    Thresholds,
    threshold,
)

USUAL_ADAMW: Final = 0.3
USUAL_SGD: Final = 0.02
"""Largest weight decay that is usual."""

USUAL_EPS: Final = 1e-5
"""Largest eps that is usual, however small the gradients are: the default of fastai."""

USUAL_UPDATE: Final = 1e-4
"""Size of a step's updates, relative to the weights, from which on a layer learns (TheDeepChecker).
"""

LEAST_MOMENTUM: Final = 0.1
"""Momentum up to which one that is on is as small as a learning rate."""

LEAST_HELD: Final = 16
"""Steps for which a rate has been the same before it jumps; one that rises bit by bit is not."""

USUAL_SGD_RATE: Final = 0.2
USUAL_RATE: Final = 0.01
"""Rates of SGD and of other optimizers from which on a jump does not end a warm-up in stages (He et
al. 2016: one to 0.1). One to a lower rate may, unless the rate had fallen before."""

EARLY: Final = 3
"""Measurements of the gradients with which Adam's eps is compared."""


@dataclass(frozen=True, kw_only=True)
class OptimizerSettingsThresholds(Thresholds):
    momentum: float = threshold(
        0.995,
        UNIT_SHARE,
        "Momentum from which on an optimizer adds up 200 steps or more.",
        "usual: 0.9 to 0.99 (Sutskever et al. 2013)",
    )
    beta_limit: float = threshold(
        1.0,
        UNIT_FACTOR,
        "Adam's beta1, relative to the square root of beta2.",
        "Reddi, Kale and Kumar 2018, On the Convergence of Adam and Beyond: below 1",
    )
    decay_step: float = threshold(
        0.005,
        UNIT_SHARE,
        "Share of the weights that weight decay takes away in a step: rate times decay, with SGD "
        "over 1 less its momentum.",
        "Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization: 1e-5 to 1e-3 usual",
    )
    decay_in_gradient: float = threshold(
        0.1,
        "weight decay",
        "Weight decay of an Adam that adds it to the gradients, which then outweighs these.",
        "Loshchilov and Hutter 2019: with Adam 1e-5 to 1e-2 usual",
    )
    swapped_rate: float = threshold(
        0.5,
        "learning rate",
        "Learning rate below 1 of an SGD whose momentum is at most 0.1, as if they were swapped.",
        "usual: a momentum of 0.9 or none (Sutskever et al. 2013)",
    )
    raised_rate: float = threshold(
        5.0,
        UNIT_FACTOR,
        "Learning rate after a jump in the middle of a run, relative to the highest one before.",
        "bench/findings: below 4 in 485 healthy trainings",
    )
    negative_rate: float = threshold(
        1e-12, "learning rate", "Size of a learning rate below 0 that is no rounding."
    )
    large_eps: float = threshold(
        10.0,
        UNIT_FACTOR,
        "Adam's eps, relative to the median size of the first gradients: steps get as many times "
        "smaller.",
        "Kingma and Ba 2015: 1e-8",
    )


class Oddity(NamedTuple):
    """What is odd about a group. limit: the threshold's name."""

    text: str
    limit: str
    setting: str
    value: float


def find_odd_settings(
    layers: RunSignals, options: OptimizerSettingsThresholds
) -> Iterator[Observation]:
    owners = layers.owners_of_weights
    told: set[tuple[str, str]] = set()
    for group in layers.facts.of(OptimizerGroup) if owners else ():
        for odd in _find_oddities(group, layers, options):
            if (odd.text, group.optimizer) in told:
                continue
            told.add((odd.text, group.optimizer))
            hits = [hit_from_step(s, group.since) for s in owners]
            limit = getattr(options, odd.limit)
            yield Observation(
                hits=hits,
                title=f"{group.optimizer}: {odd.text}",
                threshold={odd.limit: limit},
                figures={"setting": odd.setting, "setting_value": odd.value},
            )


def find_negative_rate(
    layers: RunSignals, options: OptimizerSettingsThresholds
) -> Iterator[Observation]:
    """A schedule that goes on beyond its end, or a typing error."""
    step, rate = first_negative_rate(layers)
    if rate <= -options.negative_rate and layers.owners_of_weights:
        yield Observation(
            hits=[hit_from_step(s, step) for s in layers.owners_of_weights],
            title=f"the learning rate is below 0, {rate:.2g} at step {step}: the loss is maximised",
            threshold={"negative_rate": options.negative_rate},
            figures={"setting": "lr", "setting_value": rate},
        )


def find_raised_rate(
    layers: RunSignals, options: OptimizerSettingsThresholds
) -> Iterator[Observation]:
    """A rate that was the same for long, or had fallen, and jumps far above all before."""
    sgd = {own.place for own in layers.facts.of(OptimizerGroup) if own.optimizer == "SGD"}
    for own in layers.facts.of(RateHistory):
        usual = USUAL_SGD_RATE if own.place in sgd else USUAL_RATE
        at = _find_jump(own, options.raised_rate, usual)
        hits = [hit_from_step(s, own.begins[at]) for s in layers.owners_of_weights] if at else []
        if hits:
            before, rate = max(own.rates[:at]), own.rates[at]
            yield Observation(
                hits=hits,
                title=f"the learning rate jumps to {rate:.2g} at step {own.begins[at]}, "
                f"{format_factor(rate / before)} times the highest one before",
                threshold={"raised_rate": options.raised_rate},
                figures={"setting": "lr", "setting_value": rate},
            )


def _find_jump(own: RateHistory, factor: float, usual: float) -> int:
    """Place among the rates of the first one that jumped; 0 if none did."""
    for at in range(1, len(own.rates)):
        before = max(own.rates[:at])
        held = own.begins[at] - own.begins[at - 1] >= LEAST_HELD
        jumps = held and 0 < factor * before <= own.rates[at]
        if jumps and (own.rates[at - 1] < before or own.rates[at] >= usual):
            return at
    return 0


def _find_oddities(
    group: OptimizerGroup, layers: RunSignals, options: OptimizerSettingsThresholds
) -> Iterator[Oddity]:
    own = group.settings
    momentum = own.get("momentum", 0.0)
    if momentum >= options.momentum:
        yield Oddity(_name_momentum(momentum), "momentum", "momentum", momentum)
    rate = max(own.get("lr", 0.0), largest_rate(layers))
    if 0 < momentum <= LEAST_MOMENTUM and options.swapped_rate <= rate < 1:
        text = f"learning rate {rate:g} and momentum {momentum:g}, as if the two were swapped"
        yield Oddity(text, "swapped_rate", "lr", rate)
    beta1, beta2 = own.get("beta1", 0.0), own.get("beta2", 1.0)
    if beta1 > options.beta_limit * math.sqrt(max(beta2, 0.0)):
        swapped = ", as if the two were swapped" if beta1 > beta2 else ""
        text = f"beta1 {beta1:g} is above the square root of beta2 {beta2:g}{swapped}"
        yield Oddity(text, "beta_limit", "beta1", beta1)
    yield from _find_decay(group, layers, options)
    eps = own.get("eps", 0.0)
    gradient = _first_gradient(layers)
    large = eps > max(USUAL_EPS, options.large_eps * gradient)
    if "beta1" in own and gradient > 0 and large and not _moves_enough(layers):
        text = f"eps {eps:g} is {format_factor(eps / gradient)} times the gradients' usual size"
        yield Oddity(text, "large_eps", "eps", eps)


def _name_momentum(momentum: float) -> str:
    if momentum >= 1:
        return f"momentum {momentum:g}: steps are added up without end"
    return f"momentum {momentum:g}: some {format_factor(1 / (1 - momentum))} steps are added up"


def _find_decay(
    group: OptimizerGroup, layers: RunSignals, options: OptimizerSettingsThresholds
) -> Iterator[Oddity]:
    decay = group.settings.get("weight_decay", 0.0)
    rate = max(group.settings.get("lr", 0.0), largest_rate(layers))
    adaptive = "beta1" in group.settings
    # Where the decay is usual and takes much all the same, it is the rate that is odd.
    usual = USUAL_ADAMW if adaptive else USUAL_SGD
    if adaptive and group.adds_decay:
        if decay >= options.decay_in_gradient:
            text = f"weight decay {decay:g} is added to the gradients, and outweighs them"
            yield Oddity(text, "decay_in_gradient", "weight_decay", decay)
        return
    step = decay * rate * _steps_added_up(group)
    if step >= options.decay_step and decay > usual:
        text = f"weight decay {decay:g} takes {step:.2g} of the weights away in each step"
        yield Oddity(text, "decay_step", "weight_decay", decay)


def _steps_added_up(group: OptimizerGroup) -> float:
    """How many times a decay that goes through SGD's momentum is taken in the end."""
    momentum = group.settings.get("momentum", 0.0)
    if group.optimizer != "SGD" or not 0 < momentum < 1:
        return 1.0
    return (1 - group.settings.get("dampening", 0.0)) / (1 - momentum)


def _first_gradient(layers: RunSignals) -> float:
    """Median size of the matrices' first gradients; 0 before `EARLY` are known.

    The first of all is often the smallest, as that of a policy that values nothing yet.
    """
    known_ones = [p.gradients.rms for p in matrices(layers.parameters) if p.gradients]
    first = [sizes[:EARLY] for sizes in known_ones if len(sizes) >= EARLY]
    known = np.concatenate(first) if first else np.zeros(0)
    known = known[np.isfinite(known) & (known > 0)]
    return float(np.median(known)) if len(known) else 0.0


def _moves_enough(layers: RunSignals) -> bool:
    """Whether the first steps move the median matrix as usual: the rate makes up for the eps.

    Networks that estimate values are trained with an eps of 1e-4 and more (Hessel et al. 2017).
    """
    updates = [p.updates.rms for p in matrices(layers.parameters) if p.updates]
    early = [known_median(sizes[:FIRST_UPDATES]) for sizes in updates if len(sizes) >= EARLY]
    return bool(early) and float(np.median(early)) >= USUAL_UPDATE


OPTIMIZER_SETTINGS: Final = RunRule(
    kind="optimizer_settings",
    severity="warning",
    seen="A learning rate below 0, a momentum of nearly 1, rate and momentum or Adam's betas that "
    "look swapped, a rate that jumps in the middle of a run, an eps far above the gradients, or a "
    "weight decay that outweighs them.",
    source="the optimizer's parameter groups",
    thresholds=OptimizerSettingsThresholds,
    explains={},
    find=(find_odd_settings, find_raised_rate, find_negative_rate),
    online=None,
)

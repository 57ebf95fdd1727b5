"""Networks that hardly learn: set back, rounded away, at chance, or next to no way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.setup_facts import OptimizerGroup
from tb_activation_hist.findings.hits import name_layers, whole_run_hit
from tb_activation_hist.findings.known_values import known_median
from tb_activation_hist.findings.loss_signals import (
    begins_at_chance,
    chance_loss,
    find_loss_trend,
    find_main_loss,
    stays_above_chance,
)
from tb_activation_hist.findings.new_weights import are_of_one_size, are_uniform
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.rules.low_precision import FLOAT_LIMITS
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.set_back import find_set_back
from tb_activation_hist.findings.still_weights import Cause, matrices
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold
from tb_activation_hist.findings.weight_trends import path_length

STILL_UPDATE: Final = 1e-6
"""Size of updates, relative to the weights, below which it is another pattern."""

SAME_LOSS: Final = 1e-6
"""Deviation of a loss from step to step, relative to it, that is rounding."""

LEAST_SAME: Final = 16
"""Records, or means of some in a long run, in which the loss must be the same number."""

LEAST_LOSS: Final = 1e-3
"""Size of a loss below which it may have been learnt."""

CHANCE_LEFT: Final = 1.25
"""Loss at the end, relative to that of guessing, from which on it has risen instead."""

DECAY_ABOVE: Final = 10.0
"""How far above the learning rate a weight decay must be to be taken for one."""

LEAST_WAY: Final = 64
"""Steps after which the way of the weights, and a loss at chance, are judged."""

FIRST_UPDATES: Final = 6
"""Records of updates, of the first steps, by which a training from scratch is judged."""

LOSS_LEFT: Final = 0.97
GUESSING_LEFT: Final = 0.9
"""Part of the first loss above which one that was learnt from would not be at the end; of a loss of
guessing, from which new weights come away fast."""


@dataclass(frozen=True, kw_only=True)
class HardlyLearningThresholds(Thresholds):
    set_back_times: int = threshold(
        3, "times", "So often weights must be set back to one earlier value.", "torch's own count"
    )
    rounded_share: float = threshold(
        0.5,
        UNIT_SHARE,
        "Weights in a format of few bits that a step leaves as they are, although their gradients "
        "are not 0.",
    )
    chance_share: float = threshold(
        0.965,
        UNIT_SHARE,
        "Loss of a run, relative to the logarithm of the number of outputs, that is not below "
        "chance.",
        "cross entropy of equal probabilities; bench/findings",
    )
    fading_gradients: float = threshold(
        300.0,
        "times",
        "Gradients of the last matrix, relative to its weights, against those of the first one: "
        "from here on, a loss that stays at chance is put down to them.",
        "bench/findings: 7,000 with sigmoids between five layers, 8 with ReLUs",
    )
    short_way: float = threshold(
        0.02,
        "share of the weights",
        "Sum of the sizes of all updates of a run, in the median matrix, below which it has "
        "hardly moved.",
    )
    no_way: float = threshold(
        0.002,
        "share of the weights",
        "The same, below which nothing can have been learned, unless the logged loss says so.",
        "bench/findings: 0.018 in the healthy training that moves least, a fine-tuning",
    )
    small_update: float = threshold(
        1e-4,
        "share of the weights",
        "Root mean square of the updates of a step at the start of a training from scratch, below "
        "which it hardly learns.",
        "TheDeepChecker: 1e-4 to 1e-1 are usual; with SGD 4.9e-4 in the healthy training with the "
        "smallest, but for warm-ups",
    )


def short_format(parameters: Sequence[ParameterSignals]) -> dict[str, str]:
    """The dtype of the weights where small updates are rounded away in it."""
    dtypes = [p.info.dtype for p in matrices(parameters) if p.info.dtype in FLOAT_LIMITS]
    return {"weights_dtype": dtypes[0]} if dtypes else {}


def find_restored_weights(
    layers: RunSignals, options: HardlyLearningThresholds
) -> Iterator[Observation]:
    """Something sets the weights back to what they were before, as a checkpoint loaded again."""
    for back in find_set_back(layers, options.set_back_times):
        when = "before each step" if back.every == 1 else f"every {back.every:,} steps"
        yield Observation(
            hits=back.hits,
            title=f"what is learnt is lost: {when}, the weights are set back to what they were at "
            f"the start of step {back.fact.value}",
            threshold={"set_back_times": options.set_back_times},
            severity="error" if back.every == 1 else "warning",
            figures={"cause": Cause.SET_BACK.value, "set_back": back.fact.times},
        )


def find_rounded_updates(
    layers: RunSignals, options: HardlyLearningThresholds
) -> Iterator[Observation]:
    """Weights in few bits, most of which a step does not change though they have gradients."""
    known = [p for p in matrices(layers.parameters) if p.info.dtype in FLOAT_LIMITS]
    shares = [(p, _rounded_share(p)) for p in known]
    rounded = [(p, share) for p, share in shares if share >= options.rounded_share]
    if not rounded or 2 * len(rounded) < len(shares):
        return
    names = {p.name.rpartition(".")[0] for p, _ in rounded}
    hits = [whole_run_hit(s, {}) for s in layers.learners if s.info.layer in names]
    if hits:
        share = float(np.median([each for _, each in rounded]))
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: hardly learning, a step leaves {share:.0%} of the weights "
            f"as they are, rounded away in {rounded[0][0].info.dtype}",
            threshold={"rounded_share": options.rounded_share},
            figures={"rounded": share, **short_format([rounded[0][0]])},
        )


def _rounded_share(parameter: ParameterSignals) -> float:
    """Median share of the values that steps did not change, without those without a gradient.

    Of records with NaN or infinities, whose steps change everything or nothing, none counts.
    """
    updates, gradients = parameter.updates, parameter.gradients
    if updates is None or gradients is None or not len(updates.steps) or not len(gradients.steps):
        return 0.0
    still, idle = (
        known_median(each.signals.zero_share[each.signals.non_finite == 0])
        for each in (updates, gradients)
    )
    return float((still - idle) / (1 - idle)) if still >= 0 and idle < 1 else 0.0


def find_loss_at_chance(
    layers: RunSignals, options: HardlyLearningThresholds
) -> Iterator[Observation]:
    """The logged loss begins, stays and ends at that of a network that knows nothing."""
    trend = find_loss_trend(layers)
    chance = None if trend is None else chance_loss(layers, trend)
    if trend is None or chance is None or layers.rate_rises or trend.length < LEAST_WAY:
        return
    if min(trend.lowest, trend.end) < options.chance_share * min(chance, trend.begin):
        return
    if trend.end > CHANCE_LEFT * chance:
        return
    hits = [whole_run_hit(s, {}) for s in layers.owners_of_weights]
    fading = _fading_of(matrices(layers.parameters))
    fades = fading >= options.fading_gradients
    if hits:
        yield Observation(
            hits=hits,
            title=f"the network learns nothing: after {trend.steps[1]:,} steps, {trend.tag} is "
            f"{trend.end:.3g}, that of guessing ({chance:.3g})"
            + (f"; on their way to the first layer, gradients fade {fading:,.0f}-fold" * fades),
            threshold={"chance_share": options.chance_share}
            | ({"fading_gradients": options.fading_gradients} if fades else {}),
            severity="warning" if fades else "info",
            figures={"loss_begin": trend.begin, "loss_end": trend.end},
        )


def _fading_of(parameters: Sequence[ParameterSignals]) -> float:
    """Gradients of the last matrix against those of the first, relative to weights; 0: unknown."""
    sizes = [
        own.gradients.median_rms / own.weights.median_rms
        for own in ([parameters[0], parameters[-1]] if len(parameters) > 1 else ())
        if own.gradients is not None and own.weights is not None and own.weights.median_rms > 0
    ]
    return sizes[1] / sizes[0] if len(sizes) == 2 and min(sizes) > 0 else 0.0


def find_constant_loss(
    layers: RunSignals, _options: HardlyLearningThresholds
) -> Iterator[Observation]:
    """The one loss that is logged is the same number at each step, whatever batch it is of.

    So it is where two terms cancel, such as those of a policy and of a reference that is the policy
    itself. A loss of 0 may have been learnt.
    """
    loss = find_main_loss(layers)
    if loss is None or len(loss.means) < LEAST_SAME or loss.non_finite:
        return
    low, high = min(loss.means), max(loss.means)
    if abs(low) < LEAST_LOSS or high - low > SAME_LOSS * abs(low):
        return
    groups = layers.facts.of(OptimizerGroup)
    hits = [whole_run_hit(s, {}) for s in layers.owners_of_weights]
    if hits and groups:
        yield Observation(
            hits=hits,
            title=f"the network learns nothing: {loss.tag} is {low:.4g} at each step, whatever the "
            "batch",
            threshold={"constant_loss": 1},
            figures={"loss_begin": loss.means[0], "loss_end": loss.means[-1]},
        )


def find_short_ways(layers: RunSignals, options: HardlyLearningThresholds) -> Iterator[Observation]:
    """All updates of a run together can hardly have moved the weights.

    A trained network may be meant to be moved a little: it has no loss of guessing.
    """
    length, steps = path_length(layers)
    if not length < options.short_way or steps < LEAST_WAY or layers.rate_rises:
        return
    moving = [p for p in matrices(layers.parameters) if not p.is_constant]
    if max(p.largest_update for p in moving) < STILL_UPDATE:
        return
    trend = find_loss_trend(layers)
    at_chance = trend is not None and chance_loss(layers, trend) is not None
    new = trend is not None and (are_uniform(moving) or are_of_one_size(moving))
    left = GUESSING_LEFT if at_chance and new else LOSS_LEFT
    falls = trend is not None and trend.end <= left * trend.begin
    stays = not falls and (at_chance or new or length < options.no_way)
    stays = stays or (trend is not None and stays_above_chance(layers, trend))
    swapped = next((g for g in layers.facts.of(OptimizerGroup) if _is_swapped(g, layers)), None)
    rates = (
        ""
        if swapped is None
        else (
            f"; the learning rate is {swapped.settings['lr']:g} and the weight decay "
            f"{swapped.settings['weight_decay']:g}, as if swapped"
        )
    )
    hits = [whole_run_hit(s, {"way": length}) for s in layers.owners_of_weights]
    if hits:
        yield Observation(
            hits=hits,
            title=f"hardly learning: in {steps:,} steps, the weights have moved by at most "
            f"{length:.2g} of their size{rates}",
            threshold={"short_way": options.short_way},
            severity="warning" if stays or rates else "info",
        )


def find_small_updates(
    layers: RunSignals, options: HardlyLearningThresholds
) -> Iterator[Observation]:
    """A rate that is far too low for a network that knows nothing; for others it may be right.

    RAdam's updates have the size of the rate after the first steps: until the next measurement
    nothing is said.
    """
    groups = layers.facts.of(OptimizerGroup)
    moving = [p for p in matrices(layers.parameters) if not p.is_constant and p.updates is not None]
    if not groups or not moving or layers.rate_rises:
        return
    if not (are_uniform(moving) or begins_at_chance(layers)):
        return
    known = [p.updates for p in moving if p.updates is not None]
    rectified = any(own.optimizer == "RAdam" or "beta" in own.settings for own in groups)
    if min(len(own.steps) for own in known) < FIRST_UPDATES + rectified:
        return
    last = max(int(own.steps[FIRST_UPDATES - 1]) for own in known)
    if 2 * largest_rate(layers, last) < largest_rate(layers):
        return
    parts = [p for own in known for p in np.split(own.rms, [FIRST_UPDATES]) if len(p)]
    largest = max(known_median(part) for part in parts)
    hits = [whole_run_hit(s, {}) for s in layers.owners_of_weights]
    if hits and STILL_UPDATE <= largest < options.small_update:
        yield Observation(
            hits=hits,
            title=f"hardly learning: the first steps change new weights by at most {largest:.0e} "
            f"of their size, at a learning rate of {largest_rate(layers):g}",
            threshold={"small_update": options.small_update},
            figures={"update_share": largest},
        )


def _is_swapped(group: OptimizerGroup, layers: RunSignals) -> bool:
    """Whether the rate is far below a decay that goes through the gradients."""
    own = group.settings
    rate = max(own.get("lr", 0.0), largest_rate(layers))
    return group.adds_decay and rate * DECAY_ABOVE < own.get("weight_decay", 0.0)


def first_negative_rate(layers: RunSignals) -> tuple[int, float]:
    """Step of the first record with a learning rate below 0, and that rate; 0 where none is."""
    found = [
        (int(own.facts.steps[at]), float(own.facts.rates[at]))
        for own in layers.sizes.values()
        for at in np.flatnonzero(own.facts.rates < 0)[:1]
    ]
    return min(found, default=(0, 0.0))


def largest_rate(layers: RunSignals, last_step: float = np.inf) -> float:
    """Learning rate of all groups, in records up to a step; 0 where none is known."""
    rates = [own.facts.rates[own.facts.steps <= last_step] for own in layers.sizes.values()]
    known = np.concatenate(rates) if rates else np.zeros(0)
    return float(np.nanmax(known)) if np.isfinite(known).any() else 0.0

"""A logged loss that rises from the first steps on, or back to that of guessing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.setup_facts import LossGradients, OptimizerGroup
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import hit_from_step, whole_run_hit
from tb_activation_hist.findings.loss_signals import (
    chance_loss,
    find_loss_trend,
    trains_all_alone,
)
from tb_activation_hist.findings.lost_progress import find_lost_progress
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_SHARE, Thresholds, threshold

LEAST_LOOKS: Final = 4
"""Looks at the gradients of the outputs, at least."""

LEAST_STEPS: Final = 64
"""Steps after which a loss is judged: in the first it may rise, until the optimizer has settled."""


@dataclass(frozen=True, kw_only=True)
class LossRisesThresholds(Thresholds):
    loss_growth: float = threshold(
        1.25, UNIT_FACTOR, "Loss at the end of a run, relative to that of the beginning."
    )
    ascent: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of the records, at least 4, in which the optimizer makes a cross entropy larger.",
        "the outputs and the gradients that the loss gives them",
    )
    loss_rising: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of all pairs of stretches of a run in which the later one has the higher loss.",
        "Kendall 1938, rank correlation",
    )
    lost_share: float = threshold(
        0.5,
        UNIT_SHARE,
        "Lowest loss, relative to that of guessing, from which it rises back above guessing.",
    )


def find_loss_back(layers: RunSignals, options: LossRisesThresholds) -> Iterator[Observation]:
    """A loss that had fallen far below that of guessing, and ends above it."""
    lost = find_lost_progress(layers, options.lost_share)
    if lost is None:
        return
    yield Observation(
        hits=[hit_from_step(layers.learners[-1], lost.step)],
        title=f"what was learnt is lost from step {lost.step} on: {lost.tag} had fallen to "
        f"{lost.lowest:.3g}, and ends at {lost.end:.3g} or more, above that of guessing "
        f"({lost.chance:.3g})",
        threshold={"lost_share": options.lost_share},
        figures={"loss_lowest": lost.lowest, "loss_end": lost.end},
    )


def find_rising_loss(layers: RunSignals, options: LossRisesThresholds) -> Iterator[Observation]:
    """A loss that begins near that of guessing: others, as of a value that is learnt, may rise."""
    trend = find_loss_trend(layers)
    hits = [whole_run_hit(s, {}) for s in layers.learners[-1:]]
    if trend is None or chance_loss(layers, trend) is None or trend.length < LEAST_STEPS:
        return
    if trend.rising < options.loss_rising:
        return
    growth = trend.end / trend.first
    if growth < options.loss_growth:
        return
    yield Observation(
        hits=hits,
        title=f"the logged loss rises from the start: {trend.tag} goes from {trend.first:.3g} to "
        f"{trend.end:.3g}, {format_factor(growth)} times as much",
        threshold={"loss_growth": options.loss_growth, "loss_rising": options.loss_rising},
        figures={"loss_begin": trend.first, "loss_end": trend.end, "rising": trend.rising},
    )


def find_ascent(layers: RunSignals, options: LossRisesThresholds) -> Iterator[Observation]:
    """A cross entropy with the wrong sign, or an optimizer that maximises it.

    Only of the one model and optimizer of a training: adversaries do so on purpose.
    """
    facts = layers.facts.of(LossGradients)
    if len(facts) != 1 or not trains_all_alone(layers):
        return
    (fact,) = facts
    maximised = all(own.settings.get("maximize") for own in layers.facts.of(OptimizerGroup))
    found = fact.formed if maximised else fact.ascended
    if not layers.learners or found < max(LEAST_LOOKS, options.ascent * fact.looks):
        return
    how = "by maximize=True" if maximised else "by the sign of the loss"
    yield Observation(
        hits=[hit_from_step(layers.learners[-1], fact.first)],
        title=f"the cross entropy is maximised, {how}, in {found} of {fact.looks} records that "
        "were looked at",
        threshold={"ascent": options.ascent},
        figures={"records": found},
    )


def _says_more(cause: Finding, effect: Finding, _near: float) -> bool:
    """What the optimizer does says more than what comes of it."""
    return "ascent" in cause.threshold and "ascent" not in effect.threshold


LOSS_RISES: Final = RunRule(
    kind="loss_rises",
    severity="warning",
    seen="The one loss that the run logs begins near that of guessing, and rises all the way, or "
    "falls to half of that and ends above it; or the gradients of the outputs show that a cross "
    "entropy is maximised.",
    source="the scalars of logger.step(loss=...); the gradients of the outputs",
    thresholds=LossRisesThresholds,
    explains={},
    find=(find_ascent, find_rising_loss, find_loss_back),
    online=None,
    repeats=_says_more,
)

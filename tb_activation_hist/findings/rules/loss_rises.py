"""A logged loss that rises from the first steps on, or back to that of guessing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.setup_facts import LossGradients, OptimizerGroup
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.loss_climb import find_climb, find_jump
from tb_activation_hist.findings.loss_signals import trains_all_alone
from tb_activation_hist.findings.lost_progress import find_lost_progress
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, UNIT_SHARE, Thresholds, threshold

LEAST_LOOKS: Final = 4
"""Looks at the gradients of the outputs, at least."""

MOSTLY: Final = 0.5
"""Share of the looks, at least, of a loss of an overlap: without any masks it tells nothing."""


@dataclass(frozen=True, kw_only=True)
class LossRisesThresholds(Thresholds):
    loss_growth: float = threshold(
        1.25,
        UNIT_FACTOR,
        "Loss of 8 records, all above the first 3, and of the last ones, relative to the first.",
        "bench/findings: 5 of 493 healthy trainings, all of Q-learning, which is left out",
    )
    loss_jump: float = threshold(
        1.5,
        UNIT_FACTOR,
        "Loss of 8 records and of the last ones, relative to the highest of the 24 before, where "
        "half of what was learnt is lost.",
        "bench/findings: 0 of 493 healthy trainings",
    )
    ascent: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of the records, at least 4, in which the optimizer makes a cross entropy larger.",
        "the outputs and the gradients that the loss gives them",
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
    """A loss that ends above where it began: one near that of guessing, or of known targets."""
    climb = find_climb(layers, options.loss_growth)
    if climb is None or not layers.learners:
        return
    growth = climb.after / climb.before
    yield Observation(
        hits=[hit_from_step(layers.learners[-1], climb.step)],
        title=f"the logged loss rises above where it began from step {climb.step} on: {climb.tag} "
        f"goes from {climb.before:.3g} to {climb.after:.3g}, {format_factor(growth)} times as much",
        threshold={"loss_growth": options.loss_growth},
        figures={"loss_begin": climb.before, "loss_end": climb.after},
    )


def find_loss_jump(layers: RunSignals, options: LossRisesThresholds) -> Iterator[Observation]:
    """A loss that has fallen, jumps up again and stays there."""
    jump = find_jump(layers, options.loss_jump)
    if jump is None or not layers.learners:
        return
    yield Observation(
        hits=[hit_from_step(layers.learners[-1], jump.step)],
        title=f"what was learnt is lost at step {jump.step}: {jump.tag} jumps from "
        f"{jump.before:.3g} to {jump.after:.3g} and stays there",
        threshold={"loss_jump": options.loss_jump},
        figures={"loss_lowest": jump.before, "loss_end": jump.after},
    )


def find_ascent(layers: RunSignals, options: LossRisesThresholds) -> Iterator[Observation]:
    """A cross entropy or a Dice loss with the wrong sign, or an optimizer that maximises it.

    Only of the one model and optimizer of a training: adversaries do so on purpose.
    """
    facts = layers.facts.of(LossGradients)
    if len(facts) != 1 or not trains_all_alone(layers):
        return
    (fact,) = facts
    maximised = all(own.settings.get("maximize") for own in layers.facts.of(OptimizerGroup))
    found = fact.formed if maximised else fact.ascended
    what, share = "cross entropy is maximised", options.ascent
    if fact.lowered_overlap > found and not maximised:
        found, what, share = fact.lowered_overlap, "overlap with masks is minimised", MOSTLY
    if not layers.learners or found < max(LEAST_LOOKS, share * fact.looks):
        return
    how = "by maximize=True" if maximised else "by the sign of the loss"
    yield Observation(
        hits=[hit_from_step(layers.learners[-1], fact.first)],
        title=f"the {what}, {how}, in {found} of {fact.looks} records that were looked at",
        threshold={"ascent": options.ascent},
        figures={"records": found},
    )


def _says_more(cause: Finding, effect: Finding, _near: float) -> bool:
    """What the optimizer does says more than what comes of it; then what was first."""
    for limit in ("ascent", "lost_share"):
        has = (limit in cause.threshold, limit in effect.threshold)
        if any(has):
            return has == ((True, False) if limit == "ascent" else (False, True))
    return _rank(cause) < _rank(effect)


def _rank(finding: Finding) -> tuple[int, bool]:
    """The earlier one comes first; of the same step a jump, which says what there was to lose."""
    return finding.first_step, "loss_jump" not in finding.threshold


LOSS_RISES: Final = RunRule(
    kind="loss_rises",
    severity="warning",
    seen="The one loss that the run logs ends above where it began, or jumps up and stays there "
    "with half of what was learnt lost; or the gradients of the outputs show that a cross entropy "
    "is maximised, or the overlap with masks minimised.",
    source="the scalars of logger.step(loss=...); the gradients of the outputs",
    thresholds=LossRisesThresholds,
    explains={},
    find=(find_ascent, find_rising_loss, find_loss_jump, find_loss_back),
    online=None,
    repeats=_says_more,
)

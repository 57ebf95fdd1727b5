"""Updates that fall to next to nothing long before the run ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import ParameterFacts
from tb_activation_hist.core.setup_facts import OptimizerGroup, RateHistory
from tb_activation_hist.findings.distance import IntVector
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hardly_learning import first_negative_rate
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.loss_signals import has_learnt_all
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.parameter_signals import SizeHistory
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.still_weights import matrices
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

REST: Final = 0.66
"""Share of a run's steps after which updates are small in a schedule that lasts for the run."""

EARLY: Final = 1 / 3
"""Share of a run's steps whose updates are those of its beginning."""

LEAST_RECORDS: Final = 7

EARLY_QUANTILE: Final = 0.9
"""Of the updates in the first third: learning may have ended before its half."""


FALLING: Final = 3.0
"""Updates this many times smaller than early ones have begun to fall."""

HALF: Final = 2.0
END: Final = 100.0
"""Factors by which a rate is below its largest where it falls, and where learning ends."""

ROUNDING: Final = 1e-6
"""Of rates that are multiplied step by step."""

SOON: Final = 64
"""Steps within which a rate that falls so far falls too soon ..."""

SOON_LASTING: Final = 8
"""... once it has been so low for as many steps, and a sixth of those before: of a cosine that
starts anew, a fifteenth is so low, and of a line a hundredth."""


AT_ONCE: Final = 0.15
"""Share of a run in which a rate ends that has fallen from the first steps on: it is dated from
where it is half of its largest."""

STRAIGHT_FALLS: Final = 4
"""Changes of a rate that show that it falls by one factor per step."""

SAME_PACE: Final = 1.05
"""Factor by which its paces differ at most: those of a cosine or of a line grow step by step."""


@dataclass(frozen=True, kw_only=True)
class StoppedLearningThresholds(Thresholds):
    stopped_fall: float = threshold(
        1000.0,
        UNIT_FACTOR,
        "Factor by which all updates in the last third of a run are smaller than those in the "
        "first third.",
    )
    stopped_rate: float = threshold(
        300.0,
        UNIT_FACTOR,
        "Factor by which the learning rate of every group is below its largest from two thirds of "
        "a run on, or earlier.",
        "He et al. 2016: 100 at two thirds, of steps at a third, two thirds and the end",
    )


def find_stopped_learning(
    layers: RunSignals, options: StoppedLearningThresholds
) -> Iterator[Observation]:
    updates = [p.updates for p in matrices(layers.parameters) if p.updates is not None]
    long = [each for each in updates if np.isfinite(each.rms).sum() >= LEAST_RECORDS]
    falls = [_fall(each) for each in long]
    if not falls or not min(falls) > options.stopped_fall or has_learnt_all(layers):
        return
    step = max(_last_large_step(each) for each in long)
    names = {module_name(p.info).rpartition(".")[0] for p in layers.parameters}
    hits = [
        hit_from_step(s, step, {"fall": min(falls)})
        for s in layers.learners
        if s.info.layer in names and s.series.steps[-1] >= step
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"learning ends early: all updates fall from step {step} on, to less than "
            f"1/{format_factor(options.stopped_fall)} of what they were",
            threshold={"stopped_fall": options.stopped_fall},
        )


def _fall(updates: SizeHistory) -> float:
    known = np.isfinite(updates.rms)
    rms, done = updates.rms[known], updates.steps[known] / updates.steps[known][-1]
    late = np.max(rms[done >= REST])
    return float(_early_size(rms, done) / max(late, np.finfo(np.float64).tiny))


def _early_size(rms: FloatArray, done: FloatArray) -> float:
    """done: share of the run at each record."""
    return float(np.nanquantile(rms[done <= max(EARLY, done[0])], EARLY_QUANTILE))


def _last_large_step(updates: SizeHistory) -> int:
    early = _early_size(updates.rms, updates.steps / updates.steps[-1])
    large = np.flatnonzero(updates.rms * FALLING > early)
    return int(updates.steps[min(int(large[-1]) + 1, len(updates.steps) - 1)])


def find_ended_rates(
    layers: RunSignals, options: StoppedLearningThresholds
) -> Iterator[Observation]:
    """The learning rates fall to next to nothing in the first two thirds, or very soon."""
    known = _known_rates(layers)
    ends = [_early_end(own, layers.last_step, options) for own in known]
    found = [end for end in ends if end is not None]
    goes_on = first_negative_rate(layers)[1] < 0  # and the loss is maximised
    if not found or len(found) < len(ends) or goes_on:
        return
    step = max(found)
    hits = [hit_from_step(s, step) for s in layers.owners_of_weights if s.series.steps[-1] >= step]
    if hits:
        largest, last = float(known[0].rates.max()), float(known[0].rates[-1])
        yield Observation(
            hits=hits,
            title=f"learning ends early: from step {step} on, the learning rate falls to next to "
            f"nothing, {last:.2g} after {largest:.2g}",
            threshold={"stopped_rate": options.stopped_rate},
            severity="warning",
            figures={"rate_fall": largest / max(last, np.finfo(np.float64).tiny)},
        )


def find_ending_rates(
    layers: RunSignals, options: StoppedLearningThresholds
) -> Iterator[Observation]:
    """In the first steps of a run under way: rates that fall by one factor per step, and so far.

    A schedule whose steps were to be epochs is known long before it has ended.
    """
    now = layers.facts.last_step
    known = _known_rates(layers) if now else []
    ends = [own.straight_end(END, now) for own in known]
    found = [end for end in ends if end is not None and now < end <= SOON]
    if not found or len(found) < len(ends):
        return
    hits = [hit_from_step(s, int(known[0].steps[-1])) for s in layers.owners_of_weights]
    if hits:
        largest, last = float(known[0].rates.max()), float(known[0].rates[-1])
        yield Observation(
            hits=hits,
            title=f"learning ends early: the learning rate falls by the same factor at each step, "
            f"{last:.2g} after {largest:.2g}, and will be below 1/{END:g} by step {max(found)}",
            threshold={"stopped_rate": options.stopped_rate},
            severity="warning",
            figures={"rate_fall": largest / last},
        )


class _Rates(NamedTuple):
    """Learning rates and the steps from which on they were so high.

    followed: whether each change is known, rather than what some records have measured.
    """

    steps: IntVector
    rates: FloatArray
    followed: bool

    def first_below(self, fall: float) -> int | None:
        """The first step from which on they are so many times smaller than the largest."""
        high = np.flatnonzero(self.rates * fall > self.rates.max() * (1 + ROUNDING))
        if not len(high) or high[-1] == len(self.rates) - 1:
            return None
        return int(self.steps[high[-1] + 1])

    def falls_in_one(self, step: int) -> bool:
        """Whether the one before that of a step is the largest."""
        before = max(int(np.searchsorted(self.steps, step)) - 1, 0)
        return bool(self.rates[before] * (1 + ROUNDING) >= self.rates.max())

    def straight_end(self, fall: float, now: int) -> int | None:
        """The step by which they will be so many times smaller, if they fall by one factor per step
        up to now.

        now: the newest step.
        """
        first = int(np.flatnonzero(self.rates == self.rates.max())[-1])
        steps, rates = self.steps[first:], self.rates[first:]
        gaps = np.diff(steps)
        long = len(gaps) >= STRAIGHT_FALLS and steps[-1] - steps[0] >= SOON_LASTING
        if not long or not rates.min() > 0 or now - steps[-1] > gaps.max():
            return None
        paces = -np.diff(np.log(rates)) / gaps
        if not 0 < paces.max() <= SAME_PACE * paces.min():
            return None
        return int(steps[0] + np.ceil(np.log(fall) / paces.min()))


def _known_rates(layers: RunSignals) -> list[_Rates]:
    """Those of each optimizer, followed step by step; else those of each measured parameter."""
    followed = [own for own in layers.facts.of(RateHistory) if own.rates]
    places = {own.place for own in layers.facts.of(OptimizerGroup)}
    measured = [own.facts for own in layers.sizes.values() if np.isfinite(own.facts.rates).any()]
    if not followed or not places <= {own.place for own in followed}:
        return [_Rates(own.steps, np.nan_to_num(own.rates), False) for own in measured]
    rates = [dict(zip(own.begins, own.rates, strict=True)) for own in followed]
    if len(rates) == 1:
        _fill_in(rates[0], measured)
    return [
        _Rates(np.array(sorted(own)), np.array([own[step] for step in sorted(own)]), True)
        for own in rates
    ]


def _fill_in(rates: dict[int, float], measured: Sequence[ParameterFacts]) -> None:
    """Add the highest measured ones: of a rate that changes at each step, not all are followed."""
    known = frozenset(rates)
    for own in measured:
        for step, rate in zip(own.steps.tolist(), own.rates.tolist(), strict=True):
            if step not in known and np.isfinite(rate):
                rates[step] = max(rate, rates.get(step, 0.0))


def _early_end(own: _Rates, last_step: int, options: StoppedLearningThresholds) -> int | None:
    """The step at which rates end, if no schedule that is made for the run would end them there.

    The run may still go on: then a schedule that has ended in its first steps is one whose steps
    were to be epochs.
    """
    low = own.first_below(min(END, options.stopped_rate))
    end = own.first_below(options.stopped_rate)
    if low is None:
        return None
    soon = low <= SOON and last_step - low >= max(SOON_LASTING, low // 6)
    if not soon and (end is None or end > REST * last_step):
        return None
    return _date_of_end(own, low, end, last_step) if own.followed else low


def _date_of_end(own: _Rates, low: int, end: int | None, last_step: int) -> int:
    """The last of several falls, or where a rate that falls from the start on has lost its half.

    low, end: steps from which on it is below 1/100, and so low that learning has ended.
    """
    half = own.first_below(HALF)
    if half is None or own.falls_in_one(half):
        return end if end is not None and end <= 2 * low else low
    return half if low <= AT_ONCE * last_step else low


def _is_of_rate(cause: Finding, effect: Finding, _near: float) -> bool:
    """A rate that ends is why the updates do."""
    return "stopped_rate" in cause.threshold and "stopped_fall" in effect.threshold


STOPPED_LEARNING: Final = RunRule(
    kind="stopped_learning",
    severity="info",
    seen=(
        "From a step in the first two thirds of a run on, the updates of all weights are "
        "negligible compared with those at the beginning, and the logged loss is not. Warning: so "
        "are the learning rates, or they fall to a hundredth within the first 64 steps; while a "
        "training runs, also where they will at the one factor by which they fall at each step."
    ),
    source="the optimizer's updates; bench/findings",
    thresholds=StoppedLearningThresholds,
    explains={},
    find=(find_stopped_learning, find_ended_rates, find_ending_rates),
    online=None,
    repeats=_is_of_rate,
)

"""Updates that fall to next to nothing long before the run ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import ParameterFacts
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import hit_from_step
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
    if not falls or not min(falls) > options.stopped_fall:
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
    """The learning rate of every group falls to next to nothing in the first two thirds."""
    known = [own.facts for own in layers.sizes.values() if np.isfinite(own.facts.rates).any()]
    ends = [_end_of_rate(facts, options.stopped_rate) for facts in known]
    found = [end for end in ends if end is not None]
    if not found or len(found) < len(ends) or max(found) > REST * layers.last_step:
        return
    step = max(_last_high_rate(facts) for facts in known)
    hits = [hit_from_step(s, step) for s in layers.owners_of_weights if s.series.steps[-1] >= step]
    if hits:
        largest, last = (float(np.nanmax(each.rates)) for each in (known[0], _tail(known[0])))
        yield Observation(
            hits=hits,
            title=f"learning ends early: the learning rate falls from step {step} on, from "
            f"{largest:.2g} to {last:.2g}",
            threshold={"stopped_rate": options.stopped_rate},
            severity="warning",
            figures={"rate_fall": largest / max(last, np.finfo(np.float64).tiny)},
        )


def _end_of_rate(facts: ParameterFacts, fall: float) -> int | None:
    """The first step from which on a rate is so many times smaller than its largest, to the end."""
    rates = np.nan_to_num(facts.rates)
    high = np.flatnonzero(rates * fall > rates.max())
    if not len(high) or high[-1] == len(rates) - 1:
        return None
    return int(facts.steps[high[-1] + 1])


def _last_high_rate(facts: ParameterFacts) -> int:
    rates = np.nan_to_num(facts.rates)
    high = np.flatnonzero(rates * FALLING > rates.max())
    return int(facts.steps[min(int(high[-1]) + 1, len(rates) - 1)])


def _tail(facts: ParameterFacts) -> ParameterFacts:
    """The last record in which the rate is known."""
    at = int(np.flatnonzero(np.isfinite(facts.rates))[-1])
    return replace(facts, rates=facts.rates[at : at + 1])


def _is_of_rate(cause: Finding, effect: Finding, _near: float) -> bool:
    """A rate that ends is why the updates do."""
    return "stopped_rate" in cause.threshold and "stopped_fall" in effect.threshold


STOPPED_LEARNING: Final = RunRule(
    kind="stopped_learning",
    severity="info",
    seen=(
        "From a step in the first two thirds of a run on, the updates of all weights are "
        "negligible compared with those at the beginning. Warning: so are the learning rates."
    ),
    source="the optimizer's updates; bench/findings",
    thresholds=StoppedLearningThresholds,
    explains={},
    find=(find_stopped_learning, find_ended_rates),
    online=None,
    repeats=_is_of_rate,
)

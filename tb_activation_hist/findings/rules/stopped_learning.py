"""Updates that fall to next to nothing long before the run ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.hits import Hit
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
        Hit(s, int(np.searchsorted(s.series.steps, step)), len(s.series) - 1, {"fall": min(falls)})
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


STOPPED_LEARNING: Final = RunRule(
    kind="stopped_learning",
    severity="info",
    seen=(
        "From a step in the first two thirds of a run on, the updates of all weights are "
        "negligible compared with those at the beginning."
    ),
    source="the optimizer's updates; bench/findings",
    thresholds=StoppedLearningThresholds,
    explains={},
    find=(find_stopped_learning,),
    online=None,
)

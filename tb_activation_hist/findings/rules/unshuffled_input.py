"""Batches that come in the same order in each epoch while neighbours are alike: sorted data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.findings.hits import whole_run_hit
from tb_activation_hist.findings.input_signals import ModelInput, model_inputs
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

LEAST_PERIOD: Final = 8
"""Batches of an epoch below which the likeness of neighbours is chance."""


@dataclass(frozen=True, kw_only=True)
class UnshuffledThresholds(Thresholds):
    neighbour_likeness: float = threshold(
        0.5,
        UNIT_SHARE,
        "Correlation of a batch's mean with that of the batch before it, in one epoch; about 0 in "
        "shuffled data.",
    )


def find_unshuffled_inputs(
    layers: RunSignals, options: UnshuffledThresholds
) -> Iterator[Observation]:
    for own in model_inputs(layers):
        facts = _facts_of_main(own)
        if facts.period < LEAST_PERIOD or facts.repeats < facts.period // 2:
            continue
        likeness = _likeness(own.main, facts.period)
        if likeness > options.neighbour_likeness:
            yield Observation(
                hits=[whole_run_hit(own.main, {"likeness": likeness, "period": facts.period})],
                title=f"{own.main.info.layer} (inputs): batches come in the same order every "
                f"{facts.period:,} steps, and neighbours are alike, as in data sorted by class",
                threshold={"neighbour_likeness": options.neighbour_likeness},
            )


def _facts_of_main(own: ModelInput) -> InputFacts:
    return own.facts[own.series.index(own.main)]


def _likeness(signals: Signals, period: int) -> float:
    """Correlation of neighbours in the newest epoch: of a table's columns the median, else of all.

    0 where fewer records than half of an epoch's steps are there.
    """
    series = signals.series
    if not signals.whole.any():
        return 0.0
    epoch = series.steps > series.steps[-1] - period
    if epoch.sum() < max(period // 2, LEAST_PERIOD):
        return 0.0
    slices = series.slices
    if slices is not None and len(slices) == len(series):
        found = [_autocorrelation(column) for column in slices.mean[epoch].T]
        return float(np.median(found))
    return _autocorrelation(series.mean[epoch])


def _autocorrelation(values: FloatArray) -> float:
    """Correlation of each value with the one before; 0 where they do not vary."""
    if not np.isfinite(values).all():
        return 0.0
    centred = values - values.mean()
    size = float((centred**2).sum())
    return float((centred[1:] * centred[:-1]).sum()) / size if size > 0 else 0.0


UNSHUFFLED_INPUT: Final = RunRule(
    kind="unshuffled_input",
    severity="info",
    seen="Batches come in the same order in each epoch, and each is like the one before it.",
    source="batches that come again, by sample; correlation of neighbours",
    thresholds=UnshuffledThresholds,
    explains={},
    find=(find_unshuffled_inputs,),
    online=None,
)

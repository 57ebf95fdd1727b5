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
        0.3,
        UNIT_SHARE,
        "Correlation of a batch's histogram, or of a table's columns, with that of the batch "
        "before it; below 0.1 in shuffled data.",
    )


def find_unshuffled_inputs(
    layers: RunSignals, options: UnshuffledThresholds
) -> Iterator[Observation]:
    for own in model_inputs(layers):
        facts = _facts_of_main(own)
        if facts.period < LEAST_PERIOD or facts.repeats < facts.period // 2:
            continue
        likeness = _likeness(own.main)
        if likeness > options.neighbour_likeness:
            yield Observation(
                hits=[whole_run_hit(own.main, {"likeness": likeness, "period": facts.period})],
                title=f"{own.main.info.layer} (inputs): batches come in the same order every "
                f"{facts.period:,} steps, and neighbours are alike, as in data sorted by class",
                threshold={"neighbour_likeness": options.neighbour_likeness},
            )


def _facts_of_main(own: ModelInput) -> InputFacts:
    return own.facts[own.series.index(own.main)]


def _likeness(signals: Signals) -> float:
    """Correlation of batches with the one before: of a table's columns the median, else of bins.

    A bin weighs as much as its share of a batch varies.
    """
    series, used = signals.series, np.flatnonzero(signals.whole)
    if len(used) < 2:
        return 0.0
    slices = series.slices
    if slices is not None and len(slices) == len(series):
        return float(np.median([_correlation(column[:, None]) for column in slices.mean[used].T]))
    counts = series.bin_counts[used].astype(np.float64)
    return _correlation(counts / counts.sum(axis=1, keepdims=True))


def _correlation(values: FloatArray) -> float:
    """Of each row of (S, K) with the one before; 0 where they do not vary."""
    if not np.isfinite(values).all():
        return 0.0
    centred = values - values.mean(axis=0)
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

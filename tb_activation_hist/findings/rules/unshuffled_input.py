"""Batches that come in the same order in each epoch while neighbours are alike: sorted data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.core.setup_facts import ACROSS, WITHIN, LossGradients
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import hit_from_step, whole_run_hit
from tb_activation_hist.findings.input_signals import ModelInput, model_inputs
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

LEAST_PERIOD: Final = 8
"""Batches of an epoch below which the likeness of neighbours is chance."""


CLASS_LOOKS: Final = 5
"""Batches whose classes are compared, at least."""


@dataclass(frozen=True, kw_only=True)
class UnshuffledThresholds(Thresholds):
    class_likeness: float = threshold(
        0.3,
        UNIT_SHARE,
        "How much likelier two samples of a batch are of one class than two of different batches, "
        "relative to 1: 1 with one class in each batch; below 0.05 in healthy trainings.",
        "the classes, which the gradients of a cross entropy's logits give away",
    )
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
                title=f"{own.main.info.label} (inputs): batches come in the same order every "
                f"{facts.period:,} steps, and neighbours are alike, as in data sorted by class",
                threshold={"neighbour_likeness": options.neighbour_likeness},
            )


def find_sorted_classes(layers: RunSignals, options: UnshuffledThresholds) -> Iterator[Observation]:
    """Batches of one class, or a few, and the next ones of others, in whatever order they come.

    Not of a full batch, as a graph is: there, the samples that still have a gradient change.
    """
    learners = [] if _is_full_batch(layers) else layers.learners
    for fact in layers.facts.of(LossGradients):
        within, across = (fact.likeness.get(name, 0.0) for name in (WITHIN, ACROSS))
        likeness = (within - across) / (1 - across) if across < 1 else 0.0
        if not learners or fact.labels < CLASS_LOOKS or likeness < options.class_likeness:
            continue
        yield Observation(
            hits=[hit_from_step(learners[-1], fact.first)],
            title=f"batches hold samples of few classes: {within:.0%} of the pairs within a batch "
            f"are of one class, but {across:.0%} of those of different batches, as in data sorted "
            "by class",
            threshold={"class_likeness": options.class_likeness},
            severity="warning",
            figures={
                "class_likeness": likeness,
                "same_class": within,
                "same_class_across": across,
                "records": fact.labels,
            },
        )


def _is_full_batch(layers: RunSignals) -> bool:
    """Whether all that goes into the model has been the same in each record."""
    facts = [fact for own in model_inputs(layers) for fact in own.facts]
    return bool(facts) and all(fact.always_same for fact in facts)


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


def _says_more(cause: Finding, effect: Finding, _near: float) -> bool:
    """Classes are what matters."""
    return "class_likeness" in cause.threshold and "class_likeness" not in effect.threshold


UNSHUFFLED_INPUT: Final = RunRule(
    kind="unshuffled_input",
    severity="info",
    seen="Batches come in the same order in each epoch, and each is like the one before it. "
    "Warning: the samples of a batch are of few classes, and those of other batches of others.",
    source="batches that come again, by sample; correlation of neighbours; classes, by gradients",
    thresholds=UnshuffledThresholds,
    explains={},
    find=(find_sorted_classes, find_unshuffled_inputs),
    online=None,
    repeats=_says_more,
)

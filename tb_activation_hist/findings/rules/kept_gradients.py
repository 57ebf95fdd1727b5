"""Gradients that are never cleared, so that each step uses the sum of all before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.setup_facts import KeptGradients, OptimizerGroup
from tb_activation_hist.findings.hits import hit_from_step, whole_run_hit
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_STEPS, Thresholds, threshold

LATER_STEPS: Final = 12
"""Steps in a row, up to the newest, in which gradients that used to be cleared were added up."""


@dataclass(frozen=True, kw_only=True)
class KeptGradientThresholds(Thresholds):
    kept_steps: int = threshold(
        4,
        UNIT_STEPS,
        "Steps, all that were looked at, after which the next gradient was added to the one that "
        "the step had used.",
        "the gradient tensor itself and torch's count of writes to it",
    )


def find_kept_gradients(
    layers: RunSignals, options: KeptGradientThresholds
) -> Iterator[Observation]:
    known = [fact for fact in layers.facts.of(KeptGradients) if fact.steps >= options.kept_steps]
    kept = [fact for fact in known if fact.kept == fact.steps]
    every = len(kept) == len(known)
    owners = [s for s in layers.owners_of_weights if every or _is_beside(s, kept)]
    hits = [whole_run_hit(s, {}) for s in owners]
    apart = _has_several_optimizers(layers) or _is_a_part(known, 2 * options.kept_steps)
    if kept and (every or apart) and hits:
        yield Observation(
            hits=hits,
            title=f"gradients are not cleared: in all {kept[0].steps} steps that were looked at, "
            "the new gradient was added to that of the step before",
            threshold={"kept_steps": options.kept_steps},
            figures={"records": kept[0].steps},
        )


def find_gradients_kept_later(
    layers: RunSignals, _options: KeptGradientThresholds
) -> Iterator[Observation]:
    """Gradients that were cleared in the first steps, and from some step on no more."""
    known = layers.facts.of(KeptGradients)
    if not known or any(fact.later < LATER_STEPS for fact in known):
        return
    since = min(fact.since for fact in known)
    hits = [hit_from_step(s, since) for s in layers.owners_of_weights]
    if hits:
        yield Observation(
            hits=hits,
            title=f"gradients are no longer cleared from step {since} on: each new gradient is "
            "added to that of the step before",
            threshold={"kept_later": LATER_STEPS},
            figures={"records": LATER_STEPS},
        )


def _is_a_part(known: Sequence[KeptGradients], least: int) -> bool:
    """Whether each gradient was kept in all of many steps, or in none: who clears forgets some."""
    return all(fact.steps >= least and fact.kept in (0, fact.steps) for fact in known)


def _has_several_optimizers(layers: RunSignals) -> bool:
    """Each of them clears gradients of its own."""
    return any(group.place > 1 for group in layers.facts.of(OptimizerGroup))


def _is_beside(signals: Signals, kept: Sequence[KeptGradients]) -> bool:
    """Whether a layer is in the same model, or part of one, as a parameter that was followed."""
    parts = {fact.parameter.partition(".")[0] for fact in kept}
    return signals.info.layer.partition(".")[0] in parts


KEPT_GRADIENTS: Final = RunRule(
    kind="kept_gradients",
    severity="warning",
    seen="Between two steps of an optimizer nobody clears the gradients: a backward pass adds to "
    "those that the last step has used, from the first step on or from a later one.",
    source="the gradients of two parameters, all that is added to them in the first steps",
    thresholds=KeptGradientThresholds,
    explains={"optimizer_settings": Begins.WITH_OR_AFTER},
    find=(find_kept_gradients, find_gradients_kept_later),
    online=None,
)

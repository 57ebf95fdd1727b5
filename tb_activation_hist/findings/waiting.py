"""Weights that have not changed in the first steps of a run, which may be meant so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tb_activation_hist.findings.hits import whole_run_hit
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.still_weights import (
    STATE_OF,
    Cause,
    are_long,
    cause_of_all,
    learnable_parameters,
)
from tb_activation_hist.findings.thresholds import Thresholds

WAITING_STEPS: Final = 16
"""Steps without a change after which a report says so: gradients of fewer batches are usually added
up, and most rewards come sooner."""


def find_waiting(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Not one parameter has changed yet, where the first step or reward may be yet to come.

    Once it is known that none comes, the network does not learn.
    """
    known = learnable_parameters(layers)
    hits = [whole_run_hit(signals, {}) for signals in layers.owners_of_weights]
    if not known or not hits or not are_long(known, WAITING_STEPS):
        return
    if not all(parameter.is_constant for parameter in known):
        return
    cause = cause_of_all(layers, known)
    unstepped = cause is Cause.NO_STEP and layers.has_gradients
    unrewarded = cause is Cause.ZERO_GRADIENT and layers.facts.loss_begins_at_zero
    if unstepped or unrewarded:
        yield Observation(
            hits=hits,
            title=f"no layer has learnt anything yet: all {len(known):,} parameters are bit for "
            f"bit the same up to step {hits[0].last_step}; {STATE_OF[cause]}",
            threshold={"waiting_steps": WAITING_STEPS},
            severity="info",
            figures={"cause": cause.value},
        )

"""Layers that are updated far less for their gradients than others, or have a far lower rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import Hit, whole_run_hit
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.still_weights import LEAST_RECORDS, matrices, weights_of

MOVER_SHARE: Final = 100.0
"""How much more than a layer with a far too low rate another one must move."""


def slow_layers(run: RunSignals, least_factor: float, most: float) -> tuple[list[Hit], str]:
    """Layers that are updated so many times less for their gradients than others, and such another.

    most: update, as a share of the weights, from which on a layer is not slow.
    """
    rates = [(s, *_rate_of(weights_of(s, run))) for s in run.learners]
    known = [each for each in rates if each[1] > 0]
    if not known:
        return [], ""
    fastest = max(known, key=lambda each: each[1])
    if fastest[2] < MOVER_SHARE * most:
        return [], ""
    hits = [
        whole_run_hit(s, {"slower": fastest[1] / rate, "update_share": update})
        for s, rate, update in known
        if update < most and rate * least_factor <= fastest[1]
    ]
    return hits, fastest[0].info.layer


def slow_groups(run: RunSignals, least_factor: float, most: float) -> tuple[list[Hit], str]:
    """Layers whose parameter group has a so many times lower learning rate than another's.

    most: as in `slow_layers`. Blocks count too, by the fastest of the weights inside them.
    """
    paces = {p.name: (_group_rate(p, run), p) for p in matrices(run.parameters)}
    fastest, mover = max(paces.values(), key=lambda pace: pace[0], default=(0.0, None))
    if mover is None or not _median_update(mover) >= most:
        return [], ""
    hits = []
    for signals in run.outputs:
        own = [paces[p.name] for p in weights_of(signals, run) if p.name in paces]
        rate = max((rate for rate, _ in own), default=0.0)
        update = max((_median_update(p) for _, p in own), default=np.nan)
        if 0 < rate * least_factor <= fastest and update < most and signals.whole.any():
            hits.append(whole_run_hit(signals, {"slower": fastest / rate, "update_share": update}))
    return hits, mover.name.rpartition(".")[0]


def _group_rate(parameter: ParameterSignals, run: RunSignals) -> float:
    """Median learning rate of a parameter's group; 0 where it is not known."""
    history = run.sizes.get(parameter.name)
    rates = np.zeros(0) if history is None else history.facts.rates
    known = rates[np.isfinite(rates)]
    return float(np.median(known)) if len(known) else 0.0


def _median_update(parameter: ParameterSignals) -> float:
    """Median size of a step's updates, as a share of the weights; NaN where too few are known."""
    updates = parameter.updates
    return updates.median_rms if updates and len(updates.steps) >= LEAST_RECORDS else np.nan


def _rate_of(weights: Sequence[ParameterSignals]) -> tuple[float, float]:
    """Update per gradient of the first of these weights, and update per weight; 0 if not known."""
    for parameter in weights:
        sizes = (parameter.weights, parameter.gradients, parameter.updates)
        if all(each is not None and len(each.steps) >= LEAST_RECORDS for each in sizes):
            weight, gradient, update = (
                each.median_rms if each is not None else 0.0 for each in sizes
            )
            rate = update * weight / gradient if gradient > 0 else 0.0
            return rate, update
    return 0.0, 0.0

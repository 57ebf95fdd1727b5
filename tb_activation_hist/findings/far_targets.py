"""How far a loss asks a network's outputs to move at the start: targets in large units are far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.setup_facts import (
    GRADIENT_NORM,
    GRADIENTS_USED,
    OUTPUT_SIZE,
    LossGradients,
)
from tb_activation_hist.findings.loss_signals import (
    find_loss_trend,
    find_main_loss,
    trains_all_alone,
)
from tb_activation_hist.findings.run_signals import RunSignals

MOST_OUTPUTS: Final = 3
"""Outputs of a model of which all are known to be looked at."""

MOST_PER_LOSS: Final = 2.0
"""Way relative to the loss: 1 for a mean absolute error, and less for squares of more than 1."""


MOST_WAY: Final = 2.0
"""Way that a loss has come, beside the sizes of the outputs, from which on they cannot have."""


@dataclass(frozen=True)
class FarTargets:
    """way: root mean square of what outputs have to move by, at least. size: that of the outputs.
    loss: the first one that was logged."""

    fact: LossGradients
    way: float
    size: float
    loss: float


def find_way(run: RunSignals) -> FarTargets | None:
    """Of the one loss of a run, in its first record; None where it is not known.

    A loss that is convex in the outputs, and 0 or more, falls by its gradient's norm times the way
    at most. So that way is at least the loss over the norm, whatever it is summed or averaged over.
    """
    history, facts = find_main_loss(run), run.facts.of(LossGradients)
    if history is None or not trains_all_alone(run) or not 0 < len(facts) <= MOST_OUTPUTS:
        return None
    known = [fact.start for fact in facts if fact.start]
    names = {fact.output.partition("/")[0] for fact in facts}
    # Classes are never far: a loss of them that is large has another reason.
    if any(fact.form for fact in facts) or len(names) > 1:
        return None
    if len(known) < len(facts) or not history.first > 0:
        return None
    norm = math.sqrt(sum(own[GRADIENT_NORM] ** 2 for own in known))
    used = sum(own[GRADIENTS_USED] for own in known)
    if not (math.isfinite(history.first) and norm > 0 and used > 0):
        return None
    way = history.first / (norm * math.sqrt(used))
    # A loss of the outputs' derivatives gives them hardly any gradient of their own, and batches
    # that are accumulated give them a part of it.
    if way > MOST_PER_LOSS * history.first:
        return None
    size = max(own[OUTPUT_SIZE] for own in known)
    if _falls_by_itself(run, way, size):
        return None
    return FarTargets(facts[0], way, size, history.first)


def _falls_by_itself(run: RunSignals, way: float, size: float) -> bool:
    """Whether a loss falls further than the outputs' way allows: most of it is of something else.

    So it is where a divergence or a penalty of the weights is added. The same bound holds for a
    part of the loss: it takes that part of the way at least.
    """
    trend = find_loss_trend(run)
    if trend is None or trend.rising > 0 or not run.learners:
        return False
    last = run.learners[-1]
    first = last.first_rms
    largest = float(np.max(last.rms[last.whole], initial=0.0))
    reached = size * largest / first if first > 0 else largest
    return (1 - trend.end / trend.begin) * way > MOST_WAY * (size + reached)

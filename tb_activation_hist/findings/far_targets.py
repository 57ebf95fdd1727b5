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
from tb_activation_hist.findings.loss_signals import find_main_loss, trains_all_alone
from tb_activation_hist.findings.run_signals import RunSignals

MOST_OUTPUTS: Final = 3
"""Outputs of a model of which all are known to be looked at."""

MOST_PER_LOSS: Final = 2.0
"""Way relative to the loss: 1 for a mean absolute error, and less for squares of more than 1."""

SURE: Final = 3.0
"""Standard errors by which a loss has fallen for sure: single batches vary."""

LEAST_MEANS: Final = 3
"""Means in a third of a run from which on their spread is known."""

MOST_UNMOVED: Final = 2.0
"""How much further the loss falls than its outputs' movement explains, at most, where these are all
that it depends on: at most 0.75 in 400 trainings."""


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
    return FarTargets(facts[0], way, max(own[OUTPUT_SIZE] for own in known), history.first)


def moves_enough(run: RunSignals, found: FarTargets) -> bool:
    """Whether the outputs have moved as far as the loss has fallen, if it is theirs alone.

    Like the whole way, a part of it is at least what the loss has lost over its gradient's norm.
    A loss that falls further has terms that no output is in, as the divergence of weights from
    their prior is: of these, the first loss says nothing of the targets.
    """
    last = run.learners[-1]
    moved = float(last.rms[last.whole].max(initial=0.0)) + found.size
    return _sure_fall(run) * found.way <= MOST_UNMOVED * moved * found.loss


def _sure_fall(run: RunSignals) -> float:
    """How far the loss has fallen at least, from a run's first third to its last."""
    history = find_main_loss(run)
    means = np.array(history.means if history else ())
    means = means[np.isfinite(means)]
    third = len(means) // 3
    if third < LEAST_MEANS:
        return 0.0
    early, late = means[:third], means[-third:]
    error = math.sqrt((early.var(ddof=1) + late.var(ddof=1)) / third)
    return float(early.mean() - late.mean()) - SURE * error

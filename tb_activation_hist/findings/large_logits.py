"""Logits that start so large that the network is sure of wrong classes before it has learnt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.loss_form_names import CROSS_ENTROPY
from tb_activation_hist.core.setup_facts import (
    GRADIENT_NORM,
    GRADIENTS_USED,
    OUTPUT_SIZE,
    LossGradients,
)
from tb_activation_hist.findings.hits import first_record_hit
from tb_activation_hist.findings.loss_signals import find_main_loss
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

LEAST_LOGITS: Final = 3.0
"""Root mean square of logits below which a large loss has another reason, such as a penalty."""

MOST_OF_MEAN: Final = 2.0
"""Norm of the gradients of a mean over N samples, times the root of N: at most the root of 2."""

SAME_SIZE: Final = 1.2
"""How far from the model's outputs the size of its last layer may be, as part of it is looked at:
logits that a fixed factor scales, as those of margins on a sphere, begin with a large loss."""

FAR_LOGITS: Final = 200.0
"""Root mean square of logits that no such factor gives: it is 64 for margins (Deng et al. 2019,
ArcFace), and 100 at most for pairs of pictures and texts (Radford et al. 2021, CLIP)."""


@dataclass(frozen=True, kw_only=True)
class LargeLogitsThresholds(Thresholds):
    large_logits: float = threshold(
        3.5,
        UNIT_FACTOR,
        "First cross entropy, a mean over the batch, relative to that of guessing; at most 1.6 in "
        "79 healthy trainings, but for word vectors that start at unit scale, with 3.0.",
        "a network that knows nothing should be unsure: the logarithm of the number of classes",
    )


def find_large_logits(layers: RunSignals, options: LargeLogitsThresholds) -> Iterator[Observation]:
    """Of a last layer whose outputs are the logits, or of what follows and makes them huge."""
    history, facts = find_main_loss(layers), layers.facts.of(LossGradients)
    if history is None or len(facts) != 1 or not layers.learners:
        return
    (fact,), last = facts, layers.learners[-1]
    if fact.form != CROSS_ENTROPY or fact.classes < 2 or not _is_of_mean(fact):
        return
    size = fact.start[OUTPUT_SIZE]
    same = last.first_rms <= SAME_SIZE * size and size <= SAME_SIZE * last.first_rms
    own = same or size >= FAR_LOGITS
    guessing = math.log(fact.classes)
    times = history.first / guessing
    if own and size >= LEAST_LOGITS and options.large_logits <= times < math.inf:
        figures = {"rms": size, "loss_begin": history.first, "loss_of_guessing": guessing}
        yield Observation(
            hits=[first_record_hit(last, figures)],
            title=f"{last.info.label}: logits start with a root mean square of "
            f"{format_factor(size)}, so that the cross entropy begins at "
            f"{format_factor(history.first)}, {format_factor(times)} times that of guessing",
            threshold={"large_logits": options.large_logits}
            if same
            else {"far_logits": FAR_LOGITS},
            severity="warning",
        )


def _is_of_mean(fact: LossGradients) -> bool:
    """Whether the loss is a mean over the samples; one that is summed is large in health."""
    if not fact.start:
        return False
    samples = fact.start[GRADIENTS_USED] / fact.classes
    return fact.start[GRADIENT_NORM] * math.sqrt(samples) <= MOST_OF_MEAN

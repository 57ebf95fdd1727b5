"""Targets beyond what a network can give, or its loss takes, or far from what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tb_activation_hist.core.loss_form_names import (
    BINARY,
    BINARY_CLAMPED,
    BINARY_SOFTENED,
    CROSS_ENTROPY,
    RECTIFIED,
    SOFTENED,
)
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings.far_targets import find_way
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.judged_outputs import (
    GRADIENTS,
    JudgedOutputsThresholds,
    is_form,
    judged_outputs,
)
from tb_activation_hist.findings.loss_signals import trains_all_alone
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import (
    UNIT_RECORDS,
    UNIT_RMS,
    UNIT_SHARE,
    threshold,
)

BEYOND_OUTPUTS: Final = 5.0
"""Way to the targets, relative to the outputs, from which on these are not what is large. The
logarithms of likelihoods, which some models give, are as large as the loss."""

LEAST_BEYOND: Final = 3
"""Records of outputs beyond which much lies; the first one was looked for among many."""


@dataclass(frozen=True, kw_only=True)
class TargetRangesThresholds(JudgedOutputsThresholds):
    out_of_range: float = threshold(
        0.75,
        UNIT_SHARE,
        "Share of the records, from the first one on, in which at least 0.3 of what the loss asks "
        "for lies beyond the range of the last layer.",
        f"{GRADIENTS}; at most 0.06 in healthy trainings",
    )
    off_targets: int = threshold(
        4,
        UNIT_RECORDS,
        "Records in which a binary cross entropy has targets beyond 0 to 1, and none in which it "
        "has usual ones.",
        GRADIENTS,
    )
    far_targets: float = threshold(
        50.0,
        UNIT_RMS,
        "How far outputs must move, at least, for the first loss to become 0; at least 5 times "
        "their own size. At most 5 in healthy trainings.",
        "a convex loss falls by at most its gradient's norm times the way",
    )


def find_off_targets(layers: RunSignals, options: TargetRangesThresholds) -> Iterator[Observation]:
    """Masks of 0 and 255, or classes -1 and 1: the loss falls without end."""
    for fact, last, _ in judged_outputs(layers, options):
        usual = fact.formed if fact.form in (BINARY, BINARY_SOFTENED) else 0
        if fact.off_targets >= options.off_targets and not usual:
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.label}: a binary cross entropy has targets beyond 0 to 1, in "
                f"{fact.off_targets} of {fact.looks} records that were looked at",
                threshold={"off_targets": options.off_targets},
                figures={"records": fact.off_targets},
            )


def find_raw_overlap(layers: RunSignals, options: TargetRangesThresholds) -> Iterator[Observation]:
    """A Dice loss of logits: without a sigmoid, outputs beyond 0 to 1 make it fall without end."""
    for fact, last, _ in judged_outputs(layers, options):
        if fact.raw_overlap >= max(options.loss_looks, fact.looks / 2):
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.label}: a loss of the overlap with masks, as Dice, gets values "
                f"that are no probabilities, in {fact.raw_overlap} of {fact.looks} records that "
                "were looked at",
                threshold={"raw_overlap": options.loss_looks},
                figures={"records": fact.raw_overlap},
            )


def find_clamped(layers: RunSignals, options: TargetRangesThresholds) -> Iterator[Observation]:
    """Outputs that are cut to 0 and 1 for a binary cross entropy, where a sigmoid is missing."""
    for fact, last, _ in judged_outputs(layers, options):
        if fact.form == BINARY_CLAMPED and is_form(fact, options):
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.label}: a binary cross entropy gets values that are clamped "
                f"to 0 and 1, in {fact.formed} of {fact.looks} records that were looked at",
                threshold={"clamped": options.loss_looks},
                figures={"records": fact.formed},
            )


def find_far_targets(layers: RunSignals, options: TargetRangesThresholds) -> Iterator[Observation]:
    """Targets in large units, such as prices or pixels, which take the last layer long to reach."""
    found = find_way(layers)
    if found is None or not layers.learners:
        return
    if found.way > max(options.far_targets, BEYOND_OUTPUTS * found.size):
        yield Observation(
            hits=[hit_from_step(layers.learners[-1], found.fact.first)],
            title=f"{layers.learners[-1].info.label}: the targets are far from what the network "
            f"gives at the start: its outputs, of a root mean square of "
            f"{format_factor(found.size)}, must move by {format_factor(found.way)} or more",
            threshold={"far_targets": options.far_targets},
            figures={"way_out": found.way, "loss_begin": found.loss},
        )


def find_out_of_range(layers: RunSignals, options: TargetRangesThresholds) -> Iterator[Observation]:
    """A last ReLU, sigmoid or tanh whose targets lie beyond its range.

    Only of the one model of a training, all parameters of whose optimizer it has: else another
    network may follow, for which any gradient is right. A cross entropy asks for differences of
    logits alone, none of which need be below 0.
    """
    known = list(judged_outputs(layers, options))
    if len(known) != 1 or not trains_all_alone(layers):
        return
    fact, last, _ = known[0]
    below = 0 if _asks_for_differences(fact, options) else fact.below_zero
    found = max(below, fact.beyond_range)
    if found < LEAST_BEYOND or found < options.out_of_range * fact.after:
        return
    where = "below the 0 of a ReLU" if below >= fact.beyond_range else "beyond the range"
    yield Observation(
        hits=[hit_from_step(last, fact.first)],
        title=f"{last.info.label}: much of what the loss asks for lies {where} that the network "
        f"ends in, as step {fact.since} shows",
        threshold={"out_of_range": options.out_of_range},
        figures={"records": found},
    )


def _asks_for_differences(fact: LossGradients, options: TargetRangesThresholds) -> bool:
    return fact.form in (CROSS_ENTROPY, SOFTENED, RECTIFIED) and is_form(fact, options)

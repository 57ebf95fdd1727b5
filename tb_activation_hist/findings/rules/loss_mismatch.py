"""Losses that do not fit what the network gives: shapes, a softmax too many, other ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tb_activation_hist.core import loss_form_names
from tb_activation_hist.core.loss_form_names import BARE, CROSS_ENTROPY, NEGATIVE_LIKELIHOOD
from tb_activation_hist.core.setup_facts import (
    ACROSS,
    OUTPUT_SIZE,
    WITHIN,
    LossGradients,
    OptimizerGroup,
)
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.judged_outputs import GRADIENTS, is_form, judged_outputs
from tb_activation_hist.findings.loss_signals import trains_all_alone
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.target_ranges import (
    TargetRangesThresholds,
    find_clamped,
    find_far_targets,
    find_off_targets,
    find_out_of_range,
    find_raw_overlap,
)
from tb_activation_hist.findings.thresholds import (
    UNIT_RECORDS,
    UNIT_SHARE,
    threshold,
)
from tb_activation_hist.findings.unbounded_critic import (
    UnboundedCriticThresholds,
    find_unbounded_critic,
)

LEAST_CLASSES: Final = 3

LEAST_SAMPLES: Final = 100
"""Samples of one class from which on it is no chance: of a class that has 95%, so many follow each
other once in 170 times."""

BINARY_LOSS: Final = "BCEWithLogitsLoss"
ENTROPY_LOSS: Final = "cross_entropy"

USUAL: Final = {BINARY_LOSS: "sigmoid", ENTROPY_LOSS: "softmax"}
"""What each of the losses makes of logits itself."""

SAME_SIZE: Final = 0.02
"""How far apart, relative to them, the sizes of the last layer's and of the model's outputs may be
where they are the same; only a part of large outputs is looked at."""

FEW_LOOKS: Final = 2
"""Looks that tell of the one model of a training; a single one may be chance."""


@dataclass(frozen=True, kw_only=True)
class LossMismatchThresholds(TargetRangesThresholds, UnboundedCriticThresholds):
    one_target: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of the records that were looked at in which all samples are pulled to one value; "
        "0 in healthy trainings, but for a constant target.",
        GRADIENTS,
    )
    new_targets: float = threshold(
        0.5,
        UNIT_SHARE,
        "Share of these records in which that value is a new one: a target that is meant to be "
        "the same for all, such as a discriminator's, stays the same.",
        GRADIENTS,
    )
    softened_twice: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of the records in which a cross entropy with logits gets probabilities.",
        GRADIENTS,
    )
    no_logarithms: float = threshold(
        0.9,
        UNIT_SHARE,
        "Share of the records in which nll_loss gets values that are no logarithms of "
        "probabilities.",
        GRADIENTS,
    )
    over_batch: float = threshold(
        0.5,
        UNIT_SHARE,
        "Share of the records in which outputs add up to 1, or their gradients to 0, over the "
        "samples of a batch, or over the places of a sample, and not over the classes; of outputs "
        "near 0, gradients do over both.",
        f"{GRADIENTS}; 0 in healthy trainings of bench/findings",
    )
    one_class: int = threshold(
        5,
        UNIT_RECORDS,
        "Records in which each sample is of one and the same class, out of three or more, and "
        "none of another.",
        GRADIENTS,
    )


def find_one_target(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """Targets (N,) against outputs (N, 1), by which each output is held against all targets."""
    for fact, last, _ in judged_outputs(layers, options):
        known = min(fact.shared, fact.judged)
        least = FEW_LOOKS if _shows_all_alone(fact, layers) else options.loss_looks
        if known < least or known < options.one_target * fact.judged:
            continue
        changes = fact.levels >= options.new_targets * min(known, 2 * options.loss_looks)
        if not changes and not _learns_one_number(fact, layers):
            continue
        yield Observation(
            hits=[hit_from_step(last, fact.first)],
            title=f"{last.info.label}: the loss pulls all samples of a batch to one value, as if "
            f"each output were held against the targets of all, in {known} of {fact.judged} "
            "records that were looked at",
            threshold={"one_target": options.one_target, "new_targets": options.new_targets},
            figures={"records": known},
        )


def _shows_all_alone(fact: LossGradients, layers: RunSignals) -> bool:
    """Whether each look that tells shows another value for all samples of the one model.

    Where outputs have become nearly alike, as they do with such targets, looks no longer tell.
    """
    single = len(layers.facts.of(LossGradients)) == 1 and fact.calls == 1
    return single and fact.judged == fact.shared == fact.levels and trains_all_alone(layers)


def _learns_one_number(fact: LossGradients, layers: RunSignals) -> bool:
    """Whether the one model of a run is called once with the same batch in each step.

    A target that stays the same is then what is to be learnt of all of the data. A boundary has
    one too, but the model is called for others beside it.
    """
    inputs = layers.facts.inputs
    groups = layers.facts.of(OptimizerGroup)
    single = len(layers.facts.of(LossGradients)) == 1 and all(own.place == 1 for own in groups)
    return single and fact.calls == 1 and bool(inputs) and all(own.always_same for own in inputs)


class Softener(NamedTuple):
    """own: what makes logits into shares of 1 too early. records: in how many looks it does."""

    own: str
    loss: str
    records: int


def find_softened_twice(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """A softmax, or a sigmoid, in front of a loss that has one itself, or takes logits."""
    for fact, last, _ in judged_outputs(layers, options):
        found = _find_softener(fact, last) if is_form(fact, options) else None
        if found is None or found.records < options.softened_twice * fact.formed:
            continue
        has = "although it has one itself" if found.own == USUAL[found.loss] else "not logits"
        yield Observation(
            hits=[hit_from_step(last, fact.first)],
            title=f"{last.info.label}: {found.loss} gets the values of a {found.own}, {has}, in "
            f"{found.records} of {fact.formed} records that were looked at",
            threshold={"softened_twice": options.softened_twice},
            figures={"records": found.records, "setting": found.own, "loss": found.loss},
        )


def _find_softener(fact: LossGradients, last: Signals) -> Softener | None:
    computed = 0 < fact.sigmoids == fact.looks
    ends_in_sigmoid = computed or last.info.type == "Sigmoid"
    match fact.form:
        case loss_form_names.BINARY_SOFTENED:
            return Softener("sigmoid", BINARY_LOSS, fact.normalised)
        case loss_form_names.BINARY if ends_in_sigmoid:
            return Softener("sigmoid", BINARY_LOSS, fact.normalised)
        case loss_form_names.SQUASHED:
            return Softener("sigmoid", ENTROPY_LOSS, fact.normalised)
        case loss_form_names.CROSS_ENTROPY if computed or (
            ends_in_sigmoid and _is_output(last, fact)
        ):
            return Softener("sigmoid", ENTROPY_LOSS, fact.formed)
        case loss_form_names.CROSS_ENTROPY | loss_form_names.SOFTENED:
            return Softener("softmax", ENTROPY_LOSS, fact.normalised)
    return None


def _is_output(last: Signals, fact: LossGradients) -> bool:
    """Whether the model gives on what its last layer does, by the size in the first look."""
    size = fact.start.get(OUTPUT_SIZE, 0.0)
    own = last.rms[last.series.steps == fact.first]
    return bool(len(own)) and math.isclose(float(own[0]), size, rel_tol=SAME_SIZE)


def find_no_logarithms(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """nll_loss without log_softmax: it has no lower bound."""
    for fact, last, _ in judged_outputs(layers, options):
        raw = fact.formed - fact.normalised
        if not is_form(fact, options) or fact.form not in (NEGATIVE_LIKELIHOOD, BARE):
            continue
        if raw >= options.no_logarithms * fact.formed:
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.label}: nll_loss gets values that are no logarithms of "
                f"probabilities, in {raw} of {fact.formed} records that were looked at",
                threshold={"no_logarithms": options.no_logarithms},
                figures={"records": raw},
            )


def find_softmax_elsewhere(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """A softmax over dimension 0, so that a sample's outputs depend on the others', or places."""
    for fact, last, _ in judged_outputs(layers, options):
        found = max(fact.over_batch, fact.over_places)
        of_classes = fact.form == CROSS_ENTROPY and is_form(fact, options)
        if found < max(options.loss_looks, options.over_batch * fact.looks) or of_classes:
            continue
        where = "samples of a batch" if found == fact.over_batch else "places of a sample"
        yield Observation(
            hits=[hit_from_step(last, fact.first)],
            title=f"{last.info.label}: a softmax goes over the {where}, not over the classes, in "
            f"{found} of {fact.looks} records that were looked at",
            threshold={"over_batch": options.over_batch},
            figures={"records": found},
        )


def find_one_class(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """Targets that are all of one class: a column of labels that was read wrongly.

    Only where the last layer has an output for each class: of a sample's likeness to others, the
    right one may well be the first each time. Nor of two classes, one of which may be rare.
    """
    for fact, last, _ in judged_outputs(layers, options):
        same = all(fact.likeness.get(name) == 1 for name in (WITHIN, ACROSS))
        widths = last.info.shape[-1:]
        if not same or fact.labels < options.one_class or widths != (fact.classes,):
            continue
        if fact.labels * math.prod(last.info.shape[:-1]) < LEAST_SAMPLES:
            continue
        if fact.classes >= LEAST_CLASSES and trains_all_alone(layers):
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.label}: all targets are of one of {fact.classes} classes, in "
                f"each of {fact.labels} records that were looked at",
                threshold={"one_class": options.one_class},
                figures={"records": fact.labels},
            )


def _is_of_softmax(cause: Finding, effect: Finding, _near: float) -> bool:
    """A softmax over the batch gives no logarithms of a sample's probabilities either."""
    return "over_batch" in cause.threshold and "no_logarithms" in effect.threshold


LOSS_MISMATCH: Final = RunRule(
    kind="loss_mismatch",
    severity="warning",
    seen="The loss does not fit what the network gives: targets of another shape that are spread "
    "over the batch, a softmax or sigmoid in front of a loss that has one, a softmax over the "
    "batch or over places, targets of one class alone, nll_loss without logarithms, a Dice "
    "loss of logits, a clamp in place of a sigmoid, targets beyond the range of the last layer or "
    "of a binary cross entropy, or far from all outputs, or a critic that nothing bounds.",
    source=GRADIENTS,
    thresholds=LossMismatchThresholds,
    explains={},
    find=(
        find_one_target,
        find_softened_twice,
        find_no_logarithms,
        find_off_targets,
        find_raw_overlap,
        find_clamped,
        find_far_targets,
        find_softmax_elsewhere,
        find_one_class,
        find_out_of_range,
        find_unbounded_critic,
    ),
    online=None,
    repeats=_is_of_softmax,
)

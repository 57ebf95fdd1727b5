"""Losses that do not fit what the network gives: shapes, a softmax too many, other ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tb_activation_hist.core.setup_facts import (
    ACROSS,
    BARE,
    BINARY,
    BINARY_SOFTENED,
    CROSS_ENTROPY,
    NEGATIVE_LIKELIHOOD,
    RECTIFIED,
    SOFTENED,
    WITHIN,
    KeptGradients,
    LossGradients,
    OptimizerGroup,
    RestoredWeights,
)
from tb_activation_hist.findings.far_targets import find_way
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import hit_from_step
from tb_activation_hist.findings.loss_signals import trains_all_alone
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import (
    UNIT_FACTOR,
    UNIT_RECORDS,
    UNIT_RMS,
    UNIT_SHARE,
    Thresholds,
    threshold,
)

OWN_NORM: Final = ("parametrizations", "_orig", "_bar")
"""Parts of the names of parameters that a spectral norm bounds."""

END_RECORDS: Final = 8
"""Records at the end of a run whose median is the size there."""

BEYOND_OUTPUTS: Final = 5.0
"""Way to the targets, relative to the outputs, from which on these are not what is large. The
logarithms of likelihoods, which some models give, are as large as the loss."""

LEAST_CLASSES: Final = 3

LEAST_SAMPLES: Final = 100
"""Samples of one class from which on it is no chance: of a class that has 95%, so many follow each
other once in 170 times."""

FEW_LOOKS: Final = 2
"""Looks that tell of the one model of a training; a single one may be chance."""

LEAST_BEYOND: Final = 3
"""Records of outputs beyond which much lies; the first one was looked for among many."""

GRADIENTS: Final = "the outputs and the gradients that the loss gives them"


@dataclass(frozen=True, kw_only=True)
class LossMismatchThresholds(Thresholds):
    loss_looks: int = threshold(
        4,
        UNIT_RECORDS,
        "Records, at least, in which the gradients of a model's output show a loss that does not "
        "fit it.",
        GRADIENTS,
    )
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
    over_batch: float = threshold(
        0.5,
        UNIT_SHARE,
        "Share of the records in which outputs add up to 1, or their gradients to 0, over the "
        "samples of a batch, or over the places of a sample, and not over the classes; of outputs "
        "near 0, gradients do over both.",
        f"{GRADIENTS}; 0 in 1,000 other trainings",
    )
    one_class: int = threshold(
        5,
        UNIT_RECORDS,
        "Records in which each sample is of one and the same class, out of three or more, and "
        "none of another.",
        GRADIENTS,
    )
    critic_growth: float = threshold(
        10.0,
        UNIT_FACTOR,
        "Growth of a critic's outputs whose loss is linear in them and which nothing bounds.",
        "Arjovsky, Chintala and Bottou 2017: a Wasserstein critic must be Lipschitz",
    )


def find_one_target(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """Targets (N,) against outputs (N, 1), by which each output is held against all targets."""
    for fact, last, _ in _judged(layers, options):
        known = min(fact.shared, fact.judged)
        least = FEW_LOOKS if _shows_all_alone(fact, layers) else options.loss_looks
        if known < least or known < options.one_target * fact.judged:
            continue
        changes = fact.levels >= options.new_targets * min(known, 2 * options.loss_looks)
        if not changes and not _learns_one_number(fact, layers):
            continue
        yield Observation(
            hits=[hit_from_step(last, fact.first)],
            title=f"{last.info.layer}: the loss pulls all samples of a batch to one value, as if "
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


def find_softened_twice(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """A softmax, or a sigmoid, in front of a loss that has one itself."""
    for fact, last, _ in _judged(layers, options):
        if not _is_form(fact, options):
            continue
        twice = fact.normalised >= options.softened_twice * fact.formed
        single = fact.form in (BINARY, BINARY_SOFTENED)
        if not twice or not (single or fact.form in (CROSS_ENTROPY, SOFTENED)):
            continue
        if fact.form == BINARY and last.info.type != "Sigmoid":
            continue
        own, loss = ("sigmoid", "BCEWithLogitsLoss") if single else ("softmax", "cross_entropy")
        yield Observation(
            hits=[hit_from_step(last, fact.first)],
            title=f"{last.info.layer}: {loss} gets the values of a {own}, although it has one "
            f"itself, in {fact.normalised} of {fact.formed} records that were looked at",
            threshold={"softened_twice": options.softened_twice},
            figures={"records": fact.normalised, "setting": own},
        )


def find_no_logarithms(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """nll_loss without log_softmax: it has no lower bound."""
    for fact, last, _ in _judged(layers, options):
        raw = fact.formed - fact.normalised
        if not _is_form(fact, options) or fact.form not in (NEGATIVE_LIKELIHOOD, BARE):
            continue
        if raw >= options.no_logarithms * fact.formed:
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.layer}: nll_loss gets values that are no logarithms of "
                f"probabilities, in {raw} of {fact.formed} records that were looked at",
                threshold={"no_logarithms": options.no_logarithms},
                figures={"records": raw},
            )


def find_off_targets(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """Masks of 0 and 255, or classes -1 and 1: the loss falls without end."""
    for fact, last, _ in _judged(layers, options):
        usual = fact.formed if fact.form in (BINARY, BINARY_SOFTENED) else 0
        if fact.off_targets >= options.off_targets and not usual:
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.layer}: a binary cross entropy has targets beyond 0 to 1, in "
                f"{fact.off_targets} of {fact.looks} records that were looked at",
                threshold={"off_targets": options.off_targets},
                figures={"records": fact.off_targets},
            )


def find_far_targets(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """Targets in large units, such as prices or pixels, which take the last layer long to reach."""
    found = find_way(layers)
    if found is None or not layers.learners:
        return
    if found.way > max(options.far_targets, BEYOND_OUTPUTS * found.size):
        yield Observation(
            hits=[hit_from_step(layers.learners[-1], found.fact.first)],
            title=f"{layers.learners[-1].info.layer}: the targets are far from what the network "
            f"gives at the start: its outputs, of a root mean square of "
            f"{format_factor(found.size)}, must move by {format_factor(found.way)} or more",
            threshold={"far_targets": options.far_targets},
            figures={"way_out": found.way, "loss_begin": found.loss},
        )


def find_softmax_elsewhere(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """A softmax over dimension 0, so that a sample's outputs depend on the others', or places."""
    for fact, last, _ in _judged(layers, options):
        found = max(fact.over_batch, fact.over_places)
        of_classes = fact.form == CROSS_ENTROPY and _is_form(fact, options)
        if found < max(options.loss_looks, options.over_batch * fact.looks) or of_classes:
            continue
        where = "samples of a batch" if found == fact.over_batch else "places of a sample"
        yield Observation(
            hits=[hit_from_step(last, fact.first)],
            title=f"{last.info.layer}: a softmax goes over the {where}, not over the classes, in "
            f"{found} of {fact.looks} records that were looked at",
            threshold={"over_batch": options.over_batch},
            figures={"records": found},
        )


def find_one_class(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """Targets that are all of one class: a column of labels that was read wrongly.

    Only where the last layer has an output for each class: of a sample's likeness to others, the
    right one may well be the first each time. Nor of two classes, one of which may be rare.
    """
    for fact, last, _ in _judged(layers, options):
        same = all(fact.likeness.get(name) == 1 for name in (WITHIN, ACROSS))
        widths = last.info.shape[-1:]
        if not same or fact.labels < options.one_class or widths != (fact.classes,):
            continue
        if fact.labels * math.prod(last.info.shape[:-1]) < LEAST_SAMPLES:
            continue
        if fact.classes >= LEAST_CLASSES and trains_all_alone(layers):
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.layer}: all targets are of one of {fact.classes} classes, in "
                f"each of {fact.labels} records that were looked at",
                threshold={"one_class": options.one_class},
                figures={"records": fact.labels},
            )


def find_out_of_range(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Observation]:
    """A last ReLU, sigmoid or tanh whose targets lie beyond its range.

    Only of the one model of a training, all parameters of whose optimizer it has: else another
    network may follow, for which any gradient is right. A cross entropy asks for differences of
    logits alone, none of which need be below 0.
    """
    known = list(_judged(layers, options))
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
        title=f"{last.info.layer}: much of what the loss asks for lies {where} that the network "
        f"ends in, as step {fact.since} shows",
        threshold={"out_of_range": options.out_of_range},
        figures={"records": found},
    )


def _asks_for_differences(fact: LossGradients, options: LossMismatchThresholds) -> bool:
    return fact.form in (CROSS_ENTROPY, SOFTENED, RECTIFIED) and _is_form(fact, options)


def find_unbounded_critic(
    layers: RunSignals, options: LossMismatchThresholds
) -> Iterator[Observation]:
    """A Wasserstein critic without clipped weights, gradient penalty or spectral norm."""
    for fact, last, prefix in _judged(layers, options):
        linear = fact.linear >= max(options.loss_looks, options.one_target * fact.looks)
        if not linear or fact.penalised or _may_be_bounded(prefix, layers):
            continue
        sizes = last.rms[last.whole]
        growth = float(sizes[-END_RECORDS:].max()) / max(last.early_rms, 1e-30)
        if growth >= options.critic_growth:
            yield Observation(
                hits=[hit_from_step(last, fact.first)],
                title=f"{last.info.layer}: a critic whose loss is linear in its outputs and that "
                f"nothing bounds; they grew {format_factor(growth)} times",
                threshold={"critic_growth": options.critic_growth},
                figures={"growth": growth},
            )


def _may_be_bounded(prefix: str, layers: RunSignals) -> bool:
    """Whether something other than an optimizer changes its weights, or a norm bounds them.

    So it may where no weight of the model was followed step by step.
    """
    written = [own.parameter for own in layers.facts.of(RestoredWeights)]
    followed = [*written, *(own.parameter for own in layers.facts.of(KeptGradients))]
    names = [name for name in layers.facts.trainable if name.startswith(prefix)]
    bounded = any(part in name for name in names for part in OWN_NORM)
    known = any(name.startswith(prefix) for name in followed)
    return bounded or not known or any(name.startswith(prefix) for name in written)


def _is_form(fact: LossGradients, options: LossMismatchThresholds) -> bool:
    return fact.formed >= max(options.loss_looks, fact.looks / 2)


class Judged(NamedTuple):
    """An output that was looked at often enough.

    last: the last layer of its model. prefix: of the names of the model's layers.
    """

    fact: LossGradients
    last: Signals
    prefix: str


def _judged(layers: RunSignals, options: LossMismatchThresholds) -> Iterator[Judged]:
    outputs = [s for s in layers.outputs if s.whole.any()]
    facts = layers.facts.of(LossGradients)
    models = {fact.output.partition("/")[0] for fact in facts}
    for fact in facts:
        # A single model's layers have names without its own.
        prefix = f"{fact.output.partition('/')[0]}."
        own = [s for s in outputs if s.info.layer.startswith(prefix)]
        if not own and len(models) == 1:
            own, prefix = outputs, ""
        if own and fact.looks >= options.loss_looks:
            yield Judged(fact, own[-1], prefix)


def _is_of_softmax(cause: Finding, effect: Finding, _near: float) -> bool:
    """A softmax over the batch gives no logarithms of a sample's probabilities either."""
    return "over_batch" in cause.threshold and "no_logarithms" in effect.threshold


LOSS_MISMATCH: Final = RunRule(
    kind="loss_mismatch",
    severity="warning",
    seen="The loss does not fit what the network gives: targets of another shape that are spread "
    "over the batch, a softmax or sigmoid in front of a loss that has one, a softmax over the "
    "batch or over places, targets of one class alone, nll_loss without logarithms, targets beyond "
    "the range of the last layer or of a binary cross entropy, or far from all outputs, or a "
    "critic that nothing bounds.",
    source=GRADIENTS,
    thresholds=LossMismatchThresholds,
    explains={},
    find=(
        find_one_target,
        find_softened_twice,
        find_no_logarithms,
        find_off_targets,
        find_far_targets,
        find_softmax_elsewhere,
        find_one_class,
        find_out_of_range,
        find_unbounded_critic,
    ),
    online=None,
    repeats=_is_of_softmax,
)

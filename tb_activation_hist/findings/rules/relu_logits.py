"""A network whose last layer is a ReLU that cuts off most of its outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tb_activation_hist.core.loss_form_names import CROSS_ENTROPY, RECTIFIED
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings.hits import hit_from_step, sustained_hit
from tb_activation_hist.findings.layer_types import LEAST_DEPTH, PLAIN
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

MATRIX_AXES: Final = 2
"""Logits have a row for each sample."""

RECTIFIERS: Final = ("ReLU", "ReLU6")

ENDS: Final = ("Softmax", "LogSoftmax", "Sigmoid", "Tanh")
"""Layers that make of a 0 what lies in the middle of their range."""

LEAST_LOOKS: Final = 4
"""Looks at the gradients of the outputs, at least."""


@dataclass(frozen=True, kw_only=True)
class ReluLogitsThresholds(Thresholds):
    relu_logits_share: float = threshold(
        0.6, UNIT_SHARE, "Share of the network's outputs that its last ReLU sets to 0."
    )
    relu_logits_single: float = threshold(
        0.3,
        UNIT_SHARE,
        "The same for a single output, as that of a regression: its samples get no gradient. Or "
        "for logits: the gradients show that a softmax follows, which takes a 0 for a usual value.",
    )


def find_relu_logits(layers: RunSignals, options: ReluLogitsThresholds) -> Iterator[Observation]:
    """From the first record on: the ReLU is there before it sets so many outputs to 0."""
    if len(layers.learners) < LEAST_DEPTH:
        return
    last = _before_last(layers.outputs)
    if last.info.type not in RECTIFIERS or len(last.info.shape) != MATRIX_AXES:
        return
    harmful = last.info.shape[1] == 1 or _are_logits(last, layers)
    limit = options.relu_logits_single if harmful else options.relu_logits_share
    state = last.zero_share >= limit
    hit = sustained_hit(last, state, {"zero_share": last.zero_share})
    if hit:
        yield Observation(
            hits=[replace(hit, first=last.first_whole)],
            title=f"{last.info.label}: the network ends in a ReLU, which sets "
            f"{hit.figures['zero_share']:.0%} of its outputs to 0 from step {hit.first_step}",
            threshold={"relu_logits_share": limit},
        )


def _before_last(outputs: Sequence[Signals]) -> Signals:
    """The last layer, or what a last softmax, sigmoid or tanh takes in."""
    *_, before, last = outputs
    is_fed = last.info.type in ENDS and before.info.shape == last.info.shape
    return before if is_fed else last


def _are_logits(last: Signals, layers: RunSignals) -> bool:
    """Whether a cross entropy with a softmax of its own gets the outputs of a layer."""
    facts = layers.facts.of(LossGradients)
    widths = {fact.classes for fact in facts if _is_seen(fact, CROSS_ENTROPY)}
    return len(facts) == 1 and widths == set(last.info.shape[-1:])


def _is_seen(fact: LossGradients, form: str) -> bool:
    return fact.form == form and fact.formed >= max(LEAST_LOOKS, fact.looks / 2)


def find_rectified(layers: RunSignals, _options: ReluLogitsThresholds) -> Iterator[Observation]:
    """A ReLU that is no module: in the model's forward(), or between the model and the loss.

    Right behind a last layer that gives values below 0, or has weights and gives none since a hook
    has cut them off: SqueezeNet pools what its last ReLU gives.
    """
    facts = layers.facts.of(LossGradients)
    outputs = [s for s in layers.outputs if s.whole.any()]
    if len(facts) != 1 or not outputs or not _may_be_below_zero(outputs[-1]):
        return
    (fact,) = facts
    if outputs[-1].info.shape[-1:] != (fact.classes,):
        return
    if _is_seen(fact, RECTIFIED):
        yield Observation(
            hits=[hit_from_step(outputs[-1], fact.first)],
            title=f"{outputs[-1].info.label}: the logits go through a ReLU before the cross "
            f"entropy, in {fact.formed} of {fact.looks} records that were looked at",
            threshold={"rectified": LEAST_LOOKS},
            figures={"records": fact.formed},
        )


def _may_be_below_zero(last: Signals) -> bool:
    return float(last.series.min.min()) < 0 or last.info.type.startswith(PLAIN)


RELU_LOGITS: Final = RunRule(
    kind="relu_logits",
    severity="warning",
    seen="The last layer of the network is a ReLU, and sets many of its outputs to 0; or the "
    "gradients show that logits go through a ReLU before a cross entropy.",
    source="the type of the last layer; the outputs and the gradients that the loss gives them",
    thresholds=ReluLogitsThresholds,
    explains={},
    find=(find_relu_logits, find_rectified),
    online=None,
)

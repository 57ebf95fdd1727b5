"""A network whose last layer is a ReLU that cuts off most of its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tb_activation_hist.findings.hits import sustained_hit
from tb_activation_hist.findings.layer_types import LEAST_DEPTH
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

MATRIX_AXES: Final = 2
"""Logits have a row for each sample."""


@dataclass(frozen=True, kw_only=True)
class ReluLogitsThresholds(Thresholds):
    relu_logits_share: float = threshold(
        0.6, UNIT_SHARE, "Share of the network's outputs that its last ReLU sets to 0."
    )
    relu_logits_single: float = threshold(
        0.3,
        UNIT_SHARE,
        "The same for a single output, as that of a regression: its samples get no gradient.",
    )


def find_relu_logits(layers: RunSignals, options: ReluLogitsThresholds) -> Iterator[Observation]:
    """From the first record on: the ReLU is there before it sets so many outputs to 0."""
    if len(layers.learners) < LEAST_DEPTH:
        return
    last = layers.outputs[-1]
    if last.info.type not in ("ReLU", "ReLU6") or len(last.info.shape) != MATRIX_AXES:
        return
    single = last.info.shape[1] == 1
    limit = options.relu_logits_single if single else options.relu_logits_share
    state = last.zero_share >= limit
    hit = sustained_hit(last, state, {"zero_share": last.zero_share})
    if hit:
        yield Observation(
            hits=[replace(hit, first=last.first_whole)],
            title=f"{last.info.layer}: the network ends in a ReLU, which sets "
            f"{hit.figures['zero_share']:.0%} of its outputs to 0 from step {hit.first_step}",
            threshold={"relu_logits_share": limit},
        )


RELU_LOGITS: Final = RunRule(
    kind="relu_logits",
    severity="warning",
    seen="The last layer of the network is a ReLU, and sets many of its outputs to 0.",
    source="the type of the last layer",
    thresholds=ReluLogitsThresholds,
    explains={},
    find=(find_relu_logits,),
    online=None,
)

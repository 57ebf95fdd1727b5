"""Chooses what to say about a finding by its kind and pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.guidance import (
    fading,
    growth,
    inputs,
    learning,
    loss,
    non_finite,
    optimizer,
    range_ends,
    setup,
    units,
    vanishing,
)
from tb_activation_hist.findings.guidance.guidance import Case, Pattern
from tb_activation_hist.findings.guidance.network import UNKNOWN_NETWORK, Network

PATTERNS: Final[Mapping[str, Sequence[Pattern]]] = {
    "non_finite": non_finite.NON_FINITE,
    "collapsed": fading.COLLAPSED,
    "exploding": growth.EXPLODING,
    "vanishing": vanishing.VANISHING,
    "mostly_zero": fading.MOSTLY_ZERO,
    "saturated": range_ends.SATURATED,
    "spike_and_crash": growth.SPIKE_AND_CRASH,
    "not_learning": learning.NOT_LEARNING,
    "frozen": learning.FROZEN,
    "sudden_change": growth.SUDDEN_CHANGE,
    "low_precision": non_finite.LOW_PRECISION,
    "outlier_features": growth.OUTLIER_FEATURES,
    "dead_units": units.DEAD_UNITS,
    "unused_units": units.UNUSED_UNITS,
    "runaway_units": units.RUNAWAY_UNITS,
    "redundant_units": units.REDUNDANT_UNITS,
    "eval_mode": setup.EVAL_MODE,
    "batch_statistics": setup.BATCH_STATISTICS,
    "unscaled_inputs": inputs.UNSCALED_INPUTS,
    "constant_input": inputs.CONSTANT_INPUT,
    "input_change": inputs.INPUT_CHANGE,
    "unshuffled_input": inputs.UNSHUFFLED_INPUT,
    "kept_gradients": optimizer.KEPT_GRADIENTS,
    "optimizer_settings": optimizer.OPTIMIZER_SETTINGS,
    "loss_mismatch": loss.LOSS_MISMATCH,
    "loss_rises": optimizer.LOSS_RISES,
    "strong_dropout": setup.STRONG_DROPOUT,
    "relu_logits": setup.RELU_LOGITS,
    "stopped_learning": setup.STOPPED_LEARNING,
    "run_difference": learning.RUN_DIFFERENCE,
}
"""Kind -> its patterns; the first that holds counts, and the last always holds."""


WEIGHT_DECAY: Final = "weight decay"
"""Begin of the causes that a training without any cannot have."""


def guide(case: Case) -> Finding:
    """The finding of a case with advice, causes, code and check of its pattern."""
    finding = case.finding
    chosen = next(own for holds, own in PATTERNS[finding.kind] if holds(case))
    if not case.network.decays:
        chosen = chosen.without(WEIGHT_DECAY)
    module = finding.layers[0].partition("/")[0]
    filled = chosen.fill(module, finding.first_step)
    return replace(
        finding, advice=filled.advice, causes=filled.causes, code=filled.code, check=filled.check
    )


def guide_run(
    findings: Sequence[Finding],
    infos: Iterable[LayerInfo],
    first_step: int,
    network: Network = UNKNOWN_NETWORK,
) -> list[Finding]:
    """The findings of a run, which stand in the order of incidents, with what to say about each.

    infos: of all series of the run. first_step: of the run. network: what is known of the whole.
    """
    by_tag = {info.tag: info for info in infos}
    front = front_tag(by_tag.values())
    causes: dict[int, Finding] = {}
    guided = []
    for finding in findings:
        tag = finding.tags[0]
        cause = causes.setdefault(finding.incident, finding) if finding.incident else finding
        case = Case(
            finding=finding,
            info=by_tag.get(tag) or LayerInfo(finding.layers[0]),
            in_front=tag == front,
            from_start=finding.first_step <= first_step,
            cause=None if cause is finding else cause,
            network=network,
        )
        guided.append(guide(case))
    return guided


def front_tag(infos: Iterable[LayerInfo]) -> str:
    """Tag of the recorded layer that comes first in the model; "" without any."""
    outputs = [info for info in infos if info.kind == "activations"]
    return min(outputs, key=lambda info: info.order).tag if outputs else ""

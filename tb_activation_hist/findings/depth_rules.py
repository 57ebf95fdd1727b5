"""How the signal goes over the depth of a network: exploding and vanishing from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_activation_hist.findings.factor import factor
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import Hit, hits_to_finding, name_layers
from tb_activation_hist.findings.layer_types import has_weights
from tb_activation_hist.findings.motion import Motion
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import Signals, train_activations

WINDOWS = 16
LEAST_LAYERS = 3
"""Layers with weights from which on one can speak of depth."""


def find_growth_over_depth(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """Scales that grow from layer to layer in the first record of a run."""
    learners = [s for s in train_activations(layers) if has_weights(s.info) and s.whole.any()]
    scales = [float(s.rms[np.argmax(s.whole)]) for s in learners]
    if len(learners) < LEAST_LAYERS or not scales[0] > 0:
        return []
    limit = max(options.exploding_depth * scales[0], options.exploding_level)
    hits = [
        _first_record_hit(signals, {"rms": scale, "growth": scale / scales[0]})
        for signals, scale in zip(learners, scales, strict=True)
        if scale > limit
    ]
    if not hits:
        return []
    return [
        hits_to_finding(
            "exploding",
            run,
            hits,
            severity="error",
            title=f"{name_layers(hits)}: {factor(hits[-1].figures['growth'])} times the scale of "
            f"{learners[0].info.layer} at the start",
            threshold={"depth": options.exploding_depth, "level": options.exploding_level},
        )
    ]


def find_fading_over_depth(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """Layers whose outputs hardly depend on the batch any more: the input does not get there.

    A layer's distribution varies with the batch. Where this variation is a hundredth of that in
    the first layer, and the layer has not collapsed, the signal has faded on its way.
    """
    learners = [s for s in train_activations(layers) if has_weights(s.info)]
    motions = [Motion(signals, WINDOWS) for signals in learners]
    known = [motion for motion in motions if motion.noise > 0]
    if len(known) < LEAST_LAYERS:
        return []
    first = known[0].noise
    hits = [
        Hit(m.signals, int(m.records[0]), int(m.records[-1]), {"fading": first / m.noise})
        for m in known
        if m.noise * options.vanishing_depth < first
    ]
    if not hits:
        return []
    worst = max(hit.figures["fading"] for hit in hits)
    return [
        hits_to_finding(
            "vanishing",
            run,
            hits,
            severity="warning",
            title=f"{name_layers(hits)}: varies {factor(worst)} times less with the input than "
            f"{known[0].signals.info.layer}",
            threshold={"vanishing_depth": options.vanishing_depth},
        )
    ]


def find_vanishing_gradients(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """Gradients that shrink from the last layer to the first, over the whole run."""
    learners = [s for s in layers if s.info.kind == "gradients" and has_weights(s.info)]
    scales = [_usual_scale(signals) for signals in learners]
    if len(learners) < LEAST_LAYERS or not scales[-1] > 0:
        return []
    limit = scales[-1] / options.vanishing_gradient
    hits = [
        _whole_run_hit(signals, {"rms": scale, "fading": scales[-1] / scale})
        for signals, scale in zip(learners, scales, strict=True)
        if 0 < scale < limit
    ]
    if not hits:
        return []
    return [
        hits_to_finding(
            "vanishing",
            run,
            hits,
            severity="warning",
            title=f"{name_layers(hits)}: {factor(hits[0].figures['fading'])} times smaller than in "
            f"{learners[-1].info.layer}",
            threshold={"vanishing_gradient": options.vanishing_gradient},
        )
    ]


def _usual_scale(signals: Signals) -> float:
    scale = signals.rms[signals.whole]
    return float(np.median(scale)) if scale.size else float("nan")


def _first_record_hit(signals: Signals, figures: dict[str, float]) -> Hit:
    first = int(np.argmax(signals.whole))
    return Hit(signals, first, first, figures)


def _whole_run_hit(signals: Signals, figures: dict[str, float]) -> Hit:
    used = np.flatnonzero(signals.whole)
    return Hit(signals, int(used[0]), int(used[-1]), figures)

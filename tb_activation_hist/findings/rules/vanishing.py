"""Signals that fade: over time, over the depth of the network, or on the way of the gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.drift import Drift
from tb_activation_hist.findings.hits import Hit, find_hits, group_episodes, name_layers
from tb_activation_hist.findings.layer_types import LEAST_DEPTH, has_weights
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.scale_history import earlier_scales, usable_scales
from tb_activation_hist.findings.signals import (
    Signals,
    first_long_stretch,
    sustained_records,
    train_activations,
)
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, Thresholds, threshold

WINDOWS: Final = 16
"""Windows of a run from which the variation with the batch is estimated."""


@dataclass(frozen=True, kw_only=True)
class VanishingThresholds(Thresholds):
    vanishing_decay: float = threshold(
        30.0, UNIT_FACTOR, "Fall of a layer's scale below what it was earlier."
    )
    vanishing_depth: float = threshold(
        100.0,
        UNIT_FACTOR,
        "Fall, from the first layer with weights to a later one, of how much a layer's "
        "distribution varies with the batch.",
    )
    vanishing_gradient: float = threshold(
        1e4,
        UNIT_FACTOR,
        "Fall of the gradients' scale from the last layer with weights to the first.",
    )


def find_decay_over_time(
    layers: Sequence[Signals], options: VanishingThresholds
) -> Iterator[Observation]:
    hits = find_hits(train_activations(layers), lambda signals: _decay_hit(signals, options))
    for group in group_episodes(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: values shrink "
            f"{format_factor(group[0].figures['decay'])} times from step {group[0].first_step}",
            threshold={"vanishing_decay": options.vanishing_decay},
        )


def _decay_hit(signals: Signals, options: VanishingThresholds) -> Hit | None:
    index, scale = usable_scales(signals)
    if scale.size < 2:
        return None
    earlier = np.nanmax(earlier_scales(scale), axis=1)
    # A scale of exactly zero has collapsed, which is another finding.
    state = (scale * options.vanishing_decay < earlier) & (scale > 0)
    stretch = first_long_stretch(state, sustained_records(len(state), options))
    if stretch is None:
        return None
    begin, end = stretch
    before, lowest = float(earlier[begin]), float(scale[begin : end + 1].min())
    usual = np.flatnonzero(scale[:begin] > before / 2)
    first = int(usual[-1]) + 1 if usual.size else 0
    figures = {"decay": before / lowest, "rms": lowest, "rms_before": before}
    return Hit(signals, int(index[first]), int(index[end]), figures)


def find_fading_over_depth(
    layers: Sequence[Signals], options: VanishingThresholds
) -> Iterator[Observation]:
    """Layers whose outputs hardly depend on the batch: the input does not get there.

    A layer's distribution varies with the batch. Where this variation is a hundredth of that in
    the first layer, and the layer has not collapsed, the signal has faded on its way.
    """
    learners = [s for s in train_activations(layers) if has_weights(s.info)]
    drifts = [Drift(signals, WINDOWS) for signals in learners]
    varying = [drift for drift in drifts if drift.batch_noise > 0]
    if len(varying) < LEAST_DEPTH:
        return
    first = varying[0]
    hits = [
        _whole_run_hit(drift.signals, {"fading": first.batch_noise / drift.batch_noise})
        for drift in varying
        if drift.batch_noise * options.vanishing_depth < first.batch_noise
    ]
    if hits:
        worst = format_factor(max(hit.figures["fading"] for hit in hits))
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: varies {worst} times less with the input than "
            f"{first.signals.info.layer}",
            threshold={"vanishing_depth": options.vanishing_depth},
        )


def find_vanishing_gradients(
    layers: Sequence[Signals], options: VanishingThresholds
) -> Iterator[Observation]:
    """Gradients that shrink from the last layer to the first, over the whole run."""
    learners = [s for s in layers if s.info.kind == "gradients" and has_weights(s.info)]
    scales = [_median_scale(signals) for signals in learners]
    if len(learners) < LEAST_DEPTH or not scales[-1] > 0:
        return
    limit = scales[-1] / options.vanishing_gradient
    hits = [
        _whole_run_hit(signals, {"rms": scale, "fading": scales[-1] / scale})
        for signals, scale in zip(learners, scales, strict=True)
        if 0 < scale < limit
    ]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: {format_factor(hits[0].figures['fading'])} times smaller "
            f"than in {learners[-1].info.layer}",
            threshold={"vanishing_gradient": options.vanishing_gradient},
        )


def _median_scale(signals: Signals) -> float:
    scale = signals.rms[signals.whole]
    return float(np.median(scale)) if scale.size else float("nan")


def _whole_run_hit(signals: Signals, figures: dict[str, float]) -> Hit:
    used = np.flatnonzero(signals.whole)
    return Hit(signals, int(used[0]), int(used[-1]), figures)


VANISHING: Final = RunRule(
    kind="vanishing",
    severity="warning",
    seen="The scale of a layer's outputs falls far below what it was; or the outputs hardly vary "
    "with the batch any more, beside those of the first layer with weights; or the gradients "
    "shrink from the last layer to the first.",
    advice="Usual causes: a chain of sigmoids, a deep network without normalisation or shortcuts, "
    "weights that start too small, weight decay that is too strong. Use ReLU-like nonlinearities "
    "with He initialisation, add normalisation or residual connections, lower the weight decay.",
    source="TheDeepChecker and AutoTrainer, vanishing; variation with the batch: our own",
    thresholds=VanishingThresholds,
    explains={"sudden_change": Begins.WITH},
    find=(find_decay_over_time, find_fading_over_depth, find_vanishing_gradients),
    online=None,
)

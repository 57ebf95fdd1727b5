"""Signals that fade: over time, over the depth of the network, or on the way of the gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.faint_start import (
    FaintStartThresholds,
    find_bound_tables,
    find_faint_norms,
    find_tiny_start,
    find_tiny_weights,
)
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    find_hits,
    group_episodes,
    name_layers,
    whole_run_hit,
)
from tb_activation_hist.findings.layer_types import LEAST_DEPTH
from tb_activation_hist.findings.number_format import format_factor
from tb_activation_hist.findings.rule import Begins, Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals, module_name
from tb_activation_hist.findings.scale_history import earlier_scales, usable_scales
from tb_activation_hist.findings.signals import (
    Signals,
    first_long_stretch,
    sustained_records,
    train_activations,
)
from tb_activation_hist.findings.straight_updates import find_inward
from tb_activation_hist.findings.thresholds import UNIT_FACTOR, threshold
from tb_activation_hist.findings.weight_trends import WeightTrend, find_fall, find_weight_trend

LEAST_UPDATE: Final = 1e-4
"""Root mean square of a step's updates, relative to the weights', of a layer that learns
(TheDeepChecker: 1e-4 to 1e-1)."""

SOON_STEPS: Final = 32
"""Steps within which weights that shrink by less do so too fast."""

LEAST_SHRINKING: Final = 20
"""Records of a run in which a layer's shrinking is a trend."""

STEADY: Final = 0.8
"""Part of its early scale that a layer keeps as long as it does not shrink."""

PAIR: Final = 2
"""Layers that may shrink side by side: those of the means and of the variances of a latent."""


@dataclass(frozen=True, kw_only=True)
class VanishingThresholds(FaintStartThresholds):
    vanishing_decay: float = threshold(
        30.0, UNIT_FACTOR, "Factor by which a layer's scale falls below that of earlier records."
    )
    vanishing_depth: float = threshold(
        100.0,
        UNIT_FACTOR,
        "Factor by which the variation of a layer's distribution with the batch falls from the "
        "first layer with weights to a later one.",
    )
    vanishing_beside: float = threshold(
        4.0,
        UNIT_FACTOR,
        "Factor by which a layer's scale falls over the run while its neighbours keep theirs; "
        "below 3 in a healthy network.",
    )
    vanishing_last: float = threshold(
        8.0,
        UNIT_FACTOR,
        "The same for the last layer with weights; 1.1 in 100 healthy networks, 14 where targets "
        "are heatmaps.",
    )
    vanishing_matrices: float = threshold(
        4.0,
        UNIT_FACTOR,
        "Factor by which the weights of the median matrix shrink over a run; 1.5 at most in "
        "health.",
    )
    vanishing_matrices_soon: float = threshold(
        2.0,
        UNIT_FACTOR,
        "The same within 32 steps; at most 1.2 in 485 healthy trainings.",
    )
    vanishing_gradient: float = threshold(
        1e4,
        UNIT_FACTOR,
        "Factor by which the gradients' scale falls from the last layer with weights to the first.",
    )


def find_decay_over_time(
    layers: Sequence[Signals], options: VanishingThresholds
) -> Iterator[Observation]:
    hits = find_hits(train_activations(layers), lambda signals: _decay_hit(signals, options))
    for group in group_episodes(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: values shrink "
            f"{format_factor(group[0].figures['decay'])} times from step {begin_of(group)}",
            threshold={"vanishing_decay": options.vanishing_decay},
        )


def _decay_hit(signals: Signals, options: VanishingThresholds) -> Hit | None:
    index, scale = usable_scales(signals)
    if scale.size < 2 or scale.min() * options.vanishing_decay >= scale.max():
        return None
    earlier = earlier_scales(scale, np.maximum)
    # A scale of exactly zero has collapsed, which is another finding.
    state = (scale * options.vanishing_decay < earlier) & (scale > 0)
    stretch = first_long_stretch(state, sustained_records(len(state), options))
    if stretch is None:
        return None
    begin, end = stretch
    before, lowest = float(earlier[begin]), float(scale[begin : end + 1].min())
    usual = np.flatnonzero(scale[:begin] > before / 2)
    first = int(usual[-1]) + 1 if usual.size else 0
    figures = {
        "decay": before / lowest,
        "rms": lowest,
        "rms_before": before,
        "fall_records": begin - first + 1,
    }
    return Hit(signals, int(index[first]), int(index[end]), figures)


def find_decaying_weights(
    layers: RunSignals, options: VanishingThresholds
) -> Iterator[Observation]:
    """The weights of most layers shrink, as weight decay makes them."""
    trend = find_weight_trend(layers)
    if trend is None:
        return
    span, limit = _find_fall(layers, trend, options)
    if span is None:
        return
    base, end = span
    first, decay = trend.departure(end, base), float(trend.scale[base] / trend.scale[base:].min())
    hits = trend.hits(first, {"decay": decay})
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: weights shrink {format_factor(decay)} times from step "
            f"{first}",
            threshold={limit: getattr(options, limit)},
        )


def _find_fall(
    layers: RunSignals, trend: WeightTrend, options: VanishingThresholds
) -> tuple[tuple[int, int] | None, str]:
    """Between which measurements the weights shrink, and which limit that exceeds."""
    if trend.scale[-1] * options.vanishing_matrices < 1:
        return (0, len(trend.steps) - 1), "vanishing_matrices"
    soon = find_fall(trend, options.vanishing_matrices_soon, SOON_STEPS)
    return soon or find_inward(layers, trend), "vanishing_matrices_soon"


def find_fading_over_depth(
    layers: RunSignals, options: VanishingThresholds
) -> Iterator[Observation]:
    """Layers whose outputs hardly depend on the batch: the input does not get there.

    A layer's distribution varies with the batch. Where this variation is a hundredth of that in
    the first layer, and the layer has not collapsed, the signal has faded on its way, if it has in
    the last layer too: others may be of a branch that no input changes, as that of positions. An
    embedding has none: it looks its values up.
    """
    varying = [drift for drift in layers.drifts if drift.batch_noise > 0]
    if len(varying) < LEAST_DEPTH:
        return
    first = varying[0]
    hits = [
        whole_run_hit(drift.signals, {"fading": first.batch_noise / drift.batch_noise})
        for drift in varying
        if drift.batch_noise * options.vanishing_depth < first.batch_noise
        and not drift.signals.info.type.startswith("Embedding")
    ]
    if hits and hits[-1].signals is varying[-1].signals:
        own = format_factor(hits[0].figures["fading"])
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: varies {own} times less with the input than "
            f"{first.signals.info.label}",
            threshold={"vanishing_depth": options.vanishing_depth},
        )


def find_shrinking_layers(
    layers: RunSignals, options: VanishingThresholds
) -> Iterator[Observation]:
    """Layers whose outputs shrink while those of their neighbours stay: a latent that is not used.

    So a variational autoencoder shows that its posterior has collapsed to the prior, in the layer
    of the means or in both that it has. The last layer must shrink by more: so a network shows that
    one answer for all samples is enough for its loss. Or its targets are small, as heatmaps are,
    so that it is an info. So is a layer of one block out of several alike ones: such blocks add to
    what goes around them, and one that is not needed fades.
    """
    learners = [s for s in layers.learners if np.count_nonzero(s.whole) >= LEAST_SHRINKING]
    shares = [_scale_left(s) for s in learners]
    shrinking = [
        0 < shares[at] * _least_shrinking(own, learners, options) < 1
        for at, own in enumerate(learners)
    ]
    hits = [
        _shrinking_hit(learners[at], shares[at])
        for first, end in _short_groups(shrinking)
        if min([*shares[max(first - 1, 0) : first], *shares[end : end + 1]], default=0) > STEADY
        for at in range(first, end)
    ]
    for hit in hits:
        last = hit.signals is learners[-1]
        limit = "vanishing_last" if last else "vanishing_beside"
        yield Observation(
            hits=[hit],
            title=f"{name_layers([hit])}: values shrink {format_factor(hit.figures['decay'])} "
            f"times from step {hit.first_step}, while those of its neighbours do not",
            threshold={limit: getattr(options, limit)},
            severity="info" if last or _is_in_stack(hit.signals, learners) else None,
        )


def _is_in_stack(signals: Signals, learners: Sequence[Signals]) -> bool:
    """Whether another block has the same layer, as ``blocks.1.out`` beside ``blocks.0.out``."""
    own = _places_in_stacks(signals)
    return any(own & _places_in_stacks(other) for other in learners if other is not signals)


def _places_in_stacks(signals: Signals) -> set[tuple[str, str]]:
    """What stands before and after each number inside of a layer's name."""
    parts = module_name(signals.info).split(".")
    inside = [at for at, part in enumerate(parts[:-1]) if part.isdigit()]
    return {(".".join(parts[:at]), ".".join(parts[at + 1 :])) for at in inside}


def _short_groups(state: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Places of layers in a state, one by itself or two that follow each other between others."""
    edges = np.flatnonzero(np.diff([False, *state, False]))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - first == 1 or (end - first == PAIR and first > 0 and end < len(state)):
            yield first, end


def _least_shrinking(
    signals: Signals, learners: Sequence[Signals], options: VanishingThresholds
) -> float:
    last = signals is learners[-1]
    return options.vanishing_last if last else options.vanishing_beside


def _scale_left(signals: Signals) -> float:
    """The scale of the last eighth of the records beside that of the first; 0 if unknown."""
    late = signals.rms[signals.whole][-max(np.count_nonzero(signals.whole) // 8, 1) :]
    first = signals.first_rms
    return float(np.median(late)) / first if first > 0 else 0.0


def _shrinking_hit(signals: Signals, share: float) -> Hit:
    used = np.flatnonzero(signals.whole)
    first = signals.first_rms
    usual = np.flatnonzero(signals.rms[used] >= STEADY * first)
    figures = {"decay": 1 / share, "rms_before": first}
    return Hit(signals, int(used[min(usual[-1] + 1, len(used) - 1)]), int(used[-1]), figures)


def find_vanishing_gradients(
    layers: RunSignals, options: VanishingThresholds
) -> Iterator[Observation]:
    """Gradients that shrink from the last layer to the first, over the whole run.

    Those of the first layer must be among them: inside branches that start at (nearly) zero, as
    LayerScale and residual nets have them, gradients are small in health. So they are in layers
    that move all the same.
    """
    learners = [s for s in layers if s.info.kind == "gradients" and layers.is_learner(s.info)]
    scales = [_median_scale(signals) for signals in learners]
    if len(learners) < LEAST_DEPTH or not scales[-1] > 0:
        return
    limit = scales[-1] / options.vanishing_gradient
    if not 0 < scales[0] < limit or _moves(learners[0], layers):
        return
    hits = [
        whole_run_hit(signals, {"rms": scale, "fading": scales[-1] / scale})
        for signals, scale in zip(learners, scales, strict=True)
        if 0 < scale < limit and not _moves(signals, layers)
    ]
    yield Observation(
        hits=hits,
        title=f"{name_layers(hits)}: {format_factor(hits[0].figures['fading'])} times smaller "
        f"than in {learners[-1].info.label}",
        threshold={"vanishing_gradient": options.vanishing_gradient},
    )


def _moves(signals: Signals, layers: RunSignals) -> bool:
    """Whether updates are known, and as large beside the weights as those of a layer that learns.

    An adaptive optimizer makes them so from the smallest gradients.
    """
    updates = [p.updates for p in layers.parameters_of(signals.info) if p.updates and p.is_matrix]
    return any(each.median_rms >= LEAST_UPDATE for each in updates)


def _median_scale(signals: Signals) -> float:
    scale = signals.rms[signals.whole]
    return float(np.median(scale)) if scale.size else float("nan")


def _repeats_decay(cause: Finding, effect: Finding, _near: float) -> bool:
    """A layer that shrinks far enough by itself need not be compared with its neighbours."""
    beside = {"vanishing_beside", "vanishing_last"} & set(effect.threshold)
    return (
        "vanishing_decay" in cause.threshold and bool(beside) and effect.layers[0] in cause.layers
    )


VANISHING: Final = RunRule(
    kind="vanishing",
    severity="warning",
    seen="The scale of a layer's outputs, or of most layers' weights, falls far, or falls while "
    "its neighbours keep theirs; all outputs, nearly all weights, or the factors of norms are tiny "
    "at the start; a max_norm bounds embeddings to next to nothing; the outputs hardly vary with "
    "the batch compared with those of the first layer with weights; or the gradients shrink from "
    "the last layer to the first, whose weights hardly move.",
    source="TheDeepChecker and AutoTrainer, vanishing; variation with the batch: our own",
    thresholds=VanishingThresholds,
    explains={"sudden_change": Begins.WITH},
    find=(
        find_decay_over_time,
        find_decaying_weights,
        find_shrinking_layers,
        find_bound_tables,
        find_tiny_start,
        find_tiny_weights,
        find_faint_norms,
        find_fading_over_depth,
        find_vanishing_gradients,
    ),
    online=None,
    repeats=_repeats_decay,
)

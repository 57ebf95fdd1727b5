"""Layers that should move and stand still while a later one moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.findings.drift import LEAST_RECORDS, Drift
from tb_activation_hist.findings.hits import Hit, name_layers
from tb_activation_hist.findings.layer_types import has_weights
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.signals import Signals, train_activations
from tb_activation_hist.findings.thresholds import UNIT_SHARE, Thresholds, threshold

WINDOWS: Final = 16
"""Windows of a run; the first and the last are compared."""

MOVED_SHARE: Final = 0.02
"""Change of the weights' root mean square, as a share of it, from which on a layer learns."""

LEAST_UPDATE: Final = 1e-4
"""Root mean square of a step's updates, relative to the weights', of a layer that learns
(TheDeepChecker: 1e-4 to 1e-1)."""

BATCH_NOISE: Final = "times the batch noise"


@dataclass(frozen=True, kw_only=True)
class NotLearningThresholds(Thresholds):
    still_ratio: float = threshold(
        1.5, BATCH_NOISE, "Distance from a run's begin to its end under which a layer stands still."
    )
    moving_ratio: float = threshold(
        12.0, BATCH_NOISE, "Distance from a run's begin to its end from which on a layer moves."
    )
    slow_ratio: float = threshold(
        4.0,
        BATCH_NOISE,
        "A layer also stands still under this distance when it is under `slow_share` of the "
        "largest one.",
    )
    slow_share: float = threshold(
        0.03, UNIT_SHARE, "Part of the distance of the layer that moves most; see `slow_ratio`."
    )


def find_not_learning(
    layers: Sequence[Signals], options: NotLearningThresholds
) -> Iterator[Observation]:
    """The leading layers with weights that stand still while a later one moves.

    Only leading ones: a layer further on may pass a moving input on unmoved, as norms do.
    """
    learners = [s for s in train_activations(layers) if has_weights(s.info)]
    drifts = [Drift(signals, WINDOWS) for signals in learners]
    known = [each for each in drifts if len(each.records) >= LEAST_RECORDS and each.batch_noise > 0]
    ratios = [drift.total / drift.batch_noise for drift in known]
    movers = [index for index, ratio in enumerate(ratios) if ratio >= options.moving_ratio]
    if not movers:
        return
    limit = _still_limit(ratios, options)
    mover = movers[0]
    still = [
        _still_hit(drift, ratio)
        for drift, ratio in zip(known[:mover], ratios, strict=False)
        if ratio < limit and not _has_moving_weights(drift.signals, layers)
    ]
    # Unless the very first one stands still, the signal that reaches the next ones moves.
    if still and still[0].signals is known[0].signals:
        yield _observe(still, known[mover].signals.info.layer, ratios[mover], layers, options)


def _still_limit(ratios: Sequence[float], options: NotLearningThresholds) -> float:
    slow = min(options.slow_ratio, options.slow_share * max(ratios))
    return max(options.still_ratio, slow)


def _still_hit(drift: Drift, ratio: float) -> Hit:
    figures = {"moved": drift.total, "batch_noise": drift.batch_noise, "ratio": ratio}
    return Hit(drift.signals, int(drift.records[0]), int(drift.records[-1]), figures)


def _observe(
    still: Sequence[Hit],
    mover: str,
    ratio: float,
    layers: Sequence[Signals],
    options: NotLearningThresholds,
) -> Observation:
    frozen = all(_is_frozen(hit.signals, layers) for hit in still)
    state = "frozen" if frozen else "not learning"
    return Observation(
        hits=still,
        title=f"{name_layers(still)}: {state}, while {mover} is",
        threshold={"still_ratio": options.still_ratio, "moving_ratio": options.moving_ratio},
        severity="info" if frozen else None,
        figures={**still[0].figures, "moving_layer": mover, "moving_ratio": ratio},
    )


def _is_frozen(signals: Signals, layers: Sequence[Signals]) -> bool:
    """Whether the layer's weights were recorded and never changed."""
    weights = [s.series.tallies for s in _series_of_weights(signals, layers, "weights")]
    return bool(weights) and all(np.ptp(t.sum) == 0 == np.ptp(t.sum_sq) for t in weights)


def _has_moving_weights(signals: Signals, layers: Sequence[Signals]) -> bool:
    """Whether recorded weights or updates show that the layer learns, still as its outputs look."""
    moved = any(
        bool(np.ptp(s.rms) > MOVED_SHARE * s.early_rms)
        for s in _series_of_weights(signals, layers, "weights")
        if s.early_rms > 0
    )
    updates = _series_of_weights(signals, layers, "updates")
    return moved or any(bool(np.nanmedian(s.rms) > LEAST_UPDATE) for s in updates)


def _series_of_weights(signals: Signals, layers: Sequence[Signals], kind: str) -> list[Signals]:
    """The series of one kind that belong to the parameters of a layer."""
    name = signals.info.layer.partition("/")[0]
    inside = (f"{name}.", f"{name}/")
    return [
        s
        for s in layers
        if s.info.kind == kind and (s.info.layer == name or s.info.layer.startswith(inside))
    ]


NOT_LEARNING: Final = RunRule(
    kind="not_learning",
    severity="warning",
    seen="The outputs of the first layers with weights stay where they were, while those of a "
    "later layer move far beyond what batches alone do. Info when recorded weights show that the "
    "layers are frozen.",
    advice="Usual causes: the layers are frozen (then this is as meant), their learning rate is "
    "far too low (discriminative rates such as slice(1e-6, 1e-2)), or no gradient reaches them. "
    "Unfreeze them or raise their rate; without pretraining give all layers one rate. Record the "
    "kinds weights and updates too, to tell frozen layers from ones whose outputs only look the "
    "same.",
    source="our own: Wasserstein-1 on the asinh axis beside batch noise",
    thresholds=NotLearningThresholds,
    explains={},
    find=(find_not_learning,),
    online=None,
)

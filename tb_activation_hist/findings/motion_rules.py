"""Distributions that should move and do not, and such that jump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.finding import Finding
from tb_activation_hist.findings.grouping import Hit, group_hits, hits_to_finding, name_layers
from tb_activation_hist.findings.layer_types import has_weights
from tb_activation_hist.findings.motion import Motion
from tb_activation_hist.findings.options import FindingOptions
from tb_activation_hist.findings.signals import Signals, train_activations

STILL_WINDOWS = 16
"""Windows of a run in which layers are compared over its whole length."""

LEAST_RECORDS = 32
"""Records from which on batch noise can be told from learning."""

JUMP_WINDOWS = 64
"""Windows of a run among which a jump is looked for: 1.6 % of its length each."""

SETTLING_WINDOWS = 13
"""First windows of a run (a fifth of it), in which a healthy network changes in jumps, too."""

MOVED_SHARE = 0.02
"""Change of the weights' root mean square, as a share of it, from which on a layer learns."""

LEAST_UPDATE = 1e-4
"""Root mean square of a step's updates, relative to the weights', of a layer that learns
(TheDeepChecker: 1e-4 to 1e-1)."""

STEADY_WINDOWS = 4
"""Windows before a jump over which the distribution must have been about the same."""

LOCAL_WINDOWS = 10
"""Windows before a jump that it is compared with."""


def find_not_learning(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """The leading layers with weights that stand still while a later one moves.

    Only leading ones: a layer further on may pass a moving input on unmoved, as norms do.
    """
    learners = [s for s in train_activations(layers) if has_weights(s.info)]
    motions = [Motion(signals, STILL_WINDOWS) for signals in learners]
    known = [motion for motion in motions if _is_known(motion)]
    ratios = [motion.total / motion.noise for motion in known]
    movers = [index for index, ratio in enumerate(ratios) if ratio >= options.moving_ratio]
    if not movers:
        return []
    slow = min(options.slow_ratio, options.slow_share * max(ratios))
    limit = max(options.still_ratio, slow)
    still = [
        _still_hit(motion, ratio)
        for motion, ratio in zip(known[: movers[0]], ratios, strict=False)
        if ratio < limit and not _weights_moved(motion.signals, layers)
    ]
    # Unless the very first one stands still, the signal that reaches the next ones moves.
    if not still or still[0].signals is not known[0].signals:
        return []
    mover = movers[0]
    return [_not_learning_finding(run, still, known[mover], ratios[mover], layers, options)]


def _is_known(motion: Motion) -> bool:
    return len(motion.records) >= LEAST_RECORDS and motion.noise > 0


def _still_hit(motion: Motion, ratio: float) -> Hit:
    figures = {"moved": motion.total, "batch_noise": motion.noise, "ratio": ratio}
    return Hit(motion.signals, int(motion.records[0]), int(motion.records[-1]), figures)


def _not_learning_finding(
    run: str,
    still: Sequence[Hit],
    mover: Motion,
    ratio: float,
    layers: Sequence[Signals],
    options: FindingOptions,
) -> Finding:
    frozen = all(_is_frozen(hit.signals, layers) for hit in still)
    finding = hits_to_finding(
        "not_learning",
        run,
        still,
        severity="info" if frozen else "warning",
        title=f"{name_layers(still)}: {'frozen' if frozen else 'not learning'}, "
        f"while {mover.signals.info.layer} is",
        threshold={"still_ratio": options.still_ratio, "moving_ratio": options.moving_ratio},
    )
    figures = {**finding.figures, "moving_layer": mover.signals.info.layer, "moving_ratio": ratio}
    return replace(finding, figures=figures)


def _is_frozen(signals: Signals, layers: Sequence[Signals]) -> bool:
    """Whether the layer's weights were recorded and never changed."""
    weights = [s.series.tallies for s in _weights_of(signals, layers)]
    return bool(weights) and all(np.ptp(t.sum) == 0 == np.ptp(t.sum_sq) for t in weights)


def _weights_moved(signals: Signals, layers: Sequence[Signals]) -> bool:
    """Whether weights or updates that were recorded show that its outputs only look the same."""
    moved = any(
        bool(np.ptp(s.rms) > MOVED_SHARE * s.early_rms)
        for s in _weights_of(signals, layers)
        if s.early_rms > 0
    )
    updates = _weights_of(signals, layers, "updates")
    return moved or any(bool(np.nanmedian(s.rms) > LEAST_UPDATE) for s in updates)


def _weights_of(
    signals: Signals, layers: Sequence[Signals], kind: str = "weights"
) -> list[Signals]:
    name = signals.info.layer.partition("/")[0]
    return [
        s
        for s in layers
        if s.info.kind == kind
        and (s.info.layer == name or s.info.layer.startswith((f"{name}.", f"{name}/")))
    ]


def find_sudden_changes(
    run: str, layers: Sequence[Signals], options: FindingOptions
) -> list[Finding]:
    """Layers whose distribution jumps and stays where it went."""
    hits = [_sudden_hit(signals, options) for signals in train_activations(layers)]
    groups = group_hits([hit for hit in hits if hit])
    return [
        hits_to_finding(
            "sudden_change",
            run,
            group,
            severity="warning",
            title=f"{name_layers(group)}: sudden change at step {group[0].first_step}",
            threshold={"ratio": options.sudden_ratio, "distance": options.sudden_distance},
        )
        for group in groups
    ]


def _sudden_hit(signals: Signals, options: FindingOptions) -> Hit | None:
    motion = Motion(signals, JUMP_WINDOWS)
    if len(motion.records) < LEAST_RECORDS or len(motion.starts) <= 2 * SETTLING_WINDOWS:
        return None
    # A jump may straddle a window, so the two windows around it are compared.
    last = len(motion.starts) - 1
    middle = np.arange(SETTLING_WINDOWS, last)
    across = motion.shapes.distance(middle - 1, middle + 1)
    usual = _usual_distances(motion)[middle]
    # Not the begin of a spike, which comes back, and not its end, which was elsewhere before.
    stays = motion.shapes.distance(middle - 1, np.full(len(middle), last)) > across / 2
    stays &= motion.shapes.distance(middle - 1, middle - STEADY_WINDOWS) < across / 2
    jump = (across > options.sudden_ratio * usual) & (across > options.sudden_distance) & stays
    if not jump.any():
        return None
    at = int(np.argmax(np.where(jump, across, 0)))
    first = _first_changed(motion, int(middle[at]))
    figures = {"distance": float(across[at]), "usual_distance": float(usual[at])}
    return Hit(signals, first, int(motion.records[-1]), figures)


def _usual_distances(motion: Motion) -> FloatArray:
    """(W,) how far neighbouring windows usually are, over the run or shortly before each window."""
    apart = motion.adjacent
    overall = np.median(apart[SETTLING_WINDOWS:])
    local = [
        np.median(apart[max(window - LOCAL_WINDOWS, 0) : max(window - 1, 1)])
        for window in range(len(motion.starts))
    ]
    return np.maximum(local, overall)


def _first_changed(motion: Motion, window: int) -> int:
    """The record in the windows around a jump after which the distribution is the new one."""
    begin, end = motion.starts[window - 1], _end(motion, window + 1)
    shapes = motion.record_shapes(begin, end)
    index = np.arange(end - begin)
    before, after = shapes.distance(index, 0 * index), shapes.distance(index, 0 * index + index[-1])
    near_new = after < before
    old = np.flatnonzero(~near_new)
    return int(motion.records[begin + (old[-1] + 1 if old.size else 0)])


def _end(motion: Motion, window: int) -> int:
    following = motion.starts[window + 1 :]
    return int(following[0]) if following.size else len(motion.records)

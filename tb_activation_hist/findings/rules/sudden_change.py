"""Layers whose distribution jumps and stays where it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.findings.distance import window_medians
from tb_activation_hist.findings.drift import LEAST_RECORDS, Drift
from tb_activation_hist.findings.hits import (
    Hit,
    begin_of,
    find_hits,
    group_hits,
    hit_from_step,
    name_layers,
)
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.set_back import find_replaced, find_start_again, layers_replaced
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import UNIT_DISTANCE, UNIT_FACTOR, Thresholds, threshold

WINDOWS: Final = 64
"""Windows of a run among which a jump is looked for: 1.6 % of its length each."""

SETTLING_WINDOWS: Final = 13
"""First windows of a run (a fifth of it), in which a healthy network changes in jumps, too."""

STEADY_WINDOWS: Final = 4
"""Windows before a jump over which the distribution must have been about the same."""

LOCAL_WINDOWS: Final = 10
"""Windows before a jump that it is compared with."""

SHARP: Final = 0.5
"""Part of a jump that lies between two neighbouring records: 0.9 at least in planted ones; what a
network learns quickly takes several steps, of which the largest makes 0.4 at most."""

FEW_TIMES: Final = 3
"""Times from which on weights that are set back learn nothing, which is another finding."""


@dataclass(frozen=True, kw_only=True)
class SuddenChangeThresholds(Thresholds):
    sudden_ratio: float = threshold(
        15.0,
        UNIT_FACTOR,
        "Distance between neighbouring windows of records relative to its usual size, over the "
        "run and shortly before.",
    )
    sudden_distance: float = threshold(
        0.5,
        UNIT_DISTANCE,
        "Distance between neighbouring windows of records below which there is no jump.",
    )


def find_sudden_changes(
    layers: RunSignals, options: SuddenChangeThresholds
) -> Iterator[Observation]:
    """Layers of a frozen network are left out: it jumps when it is replaced, as a target net is."""
    outputs = [s for s in layers.outputs if not layers.is_within_frozen(s.info)]
    hits = find_hits(outputs, lambda signals: _jump_hit(signals, options))
    for group in group_hits(hits):
        yield Observation(
            hits=group,
            title=f"{name_layers(group)}: sudden change at step {begin_of(group)}",
            threshold={"ratio": options.sudden_ratio, "distance": options.sudden_distance},
        )


def find_weights_at_start(
    layers: RunSignals, _options: SuddenChangeThresholds
) -> Iterator[Observation]:
    """Weights that are bit for bit those of the run's start again, in the middle of it."""
    back = find_start_again(layers, FEW_TIMES)
    if back is None:
        return
    hits = [hit_from_step(s, back.first) for s in layers.owners_of_weights]
    if hits:
        yield Observation(
            hits=hits,
            title=f"what was learnt is lost at step {back.first}: the weights are bit for bit "
            f"those of the start of step {back.value} again",
            threshold={"start_again": 1},
            figures={"set_back": back.times},
        )


def find_other_weights(
    layers: RunSignals, _options: SuddenChangeThresholds
) -> Iterator[Observation]:
    """Weights that something other than the optimizer replaces, as an initialisation does."""
    fact = find_replaced(layers)
    if fact is None:
        return
    hits = [hit_from_step(s, fact.since) for s in layers_replaced(layers, fact)]
    if hits:
        again = f", and {fact.replaced - 1:,} times more" if fact.replaced > 1 else ""
        yield Observation(
            hits=hits,
            title=f"{fact.parameter} gets other values at step {fact.since}{again}, unlike those "
            "that its optimizer had made, as if it were initialised anew",
            threshold={"other_weights": 1},
            figures={"replaced": fact.replaced},
        )


def _jump_hit(signals: Signals, options: SuddenChangeThresholds) -> Hit | None:
    drift = Drift(signals, WINDOWS, even=True)
    if len(drift.records) < LEAST_RECORDS or len(drift.starts) <= 2 * SETTLING_WINDOWS:
        return None
    # A jump may straddle a window, so the two windows around it are compared.
    last = len(drift.starts) - 1
    middle = np.arange(SETTLING_WINDOWS, last)
    across = drift.shapes.distance(middle - 1, middle + 1)
    usual = _usual_distances(drift)[middle]
    # Not the start of a spike, which comes back, and not its end, which was elsewhere before.
    stays = drift.shapes.distance(middle - 1, np.full(len(middle), last)) > across / 2
    stays &= drift.shapes.distance(middle - 1, middle - STEADY_WINDOWS) < across / 2
    jump = (across > options.sudden_ratio * usual) & (across > options.sudden_distance) & stays
    if not jump.any():
        return None
    at = int(np.argmax(np.where(jump, across, 0)))
    first = _first_changed(drift, int(middle[at]))
    if not _is_sharp(drift, first, float(across[at])):
        return None
    figures = {"distance": float(across[at]), "usual_distance": float(usual[at])}
    records = drift.records
    return Hit(signals, int(records[first]), int(records[-1]), figures)


def _usual_distances(drift: Drift) -> FloatArray:
    """(W,) how far neighbouring windows usually are, over the run or shortly before each window."""
    apart = drift.adjacent
    overall = np.median(apart[SETTLING_WINDOWS:])
    window = np.arange(len(drift.starts))
    begins, ends = np.maximum(window - LOCAL_WINDOWS, 0), np.maximum(window - 1, 1)
    local = window_medians(apart, begins, ends)
    return np.maximum(local, overall)


def _first_changed(drift: Drift, window: int) -> int:
    """The record around a jump, of those of the drift, that is the first of the new ones."""
    begin, end = drift.starts[window - 1], _end_of_window(drift, window + 1)
    shapes = drift.record_shapes(begin, end)
    index = np.arange(end - begin)
    before, after = shapes.distance(index, 0 * index), shapes.distance(index, 0 * index + index[-1])
    old = np.flatnonzero(~(after < before))
    return int(begin + (old[-1] + 1 if old.size else 0))


def _is_sharp(drift: Drift, first: int, across: float) -> bool:
    """Whether most of a jump lies between two records: before and at its first, or one later."""
    near = drift.record_shapes(max(first - 1, 0), min(first + 2, len(drift.records)))
    steps = np.arange(len(near.cumulative) - 1)
    return bool(near.distance(steps, steps + 1).max(initial=0.0) > SHARP * across)


def _end_of_window(drift: Drift, window: int) -> int:
    following = drift.starts[window + 1 :]
    return int(following[0]) if following.size else len(drift.records)


SUDDEN_CHANGE: Final = RunRule(
    kind="sudden_change",
    severity="warning",
    seen=(
        "The distribution of a layer's outputs jumps and stays changed. The first fifth of a run "
        "is not checked. Or all weights are those of the start again, or others that no optimizer "
        "made."
    ),
    source="our own: Wasserstein-1 between neighbouring windows relative to its usual size",
    thresholds=SuddenChangeThresholds,
    explains={},
    find=(find_weights_at_start, find_other_weights),
    slow=(find_sudden_changes,),
    online=None,
)

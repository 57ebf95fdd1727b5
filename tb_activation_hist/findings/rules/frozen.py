"""Layers that are frozen, from the start or from a step on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_activation_hist.findings.hits import Hit, hit_from_step, name_layers, whole_run_hit
from tb_activation_hist.findings.parameter_signals import ParameterSignals
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import Thresholds

WAVES: Final = 0.5**0.5
NEAR_WAVES: Final = 1e-3
"""Root mean square of sines and cosines of equal angles, and how far it may be from that."""


def find_frozen(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """All of them in one observation."""
    hits = [whole_run_hit(s, {}) for s in layers.learners if _is_frozen(s, layers)]
    if hits:
        yield _observe(hits, "frozen, requires_grad is False", layers)


def find_frozen_midway(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """Layers that were trained at first, in one observation for each step at which that ended."""
    by_step: defaultdict[int, list[Hit]] = defaultdict(list)
    for signals in layers.learners:
        step = _first_frozen_step(signals, layers)
        if step is not None and signals.series.steps[-1] >= step:
            by_step[step].append(hit_from_step(signals, step))
    for step, hits in by_step.items():
        yield _observe(hits, f"frozen from step {step} on, where requires_grad is False", layers)


def _observe(hits: list[Hit], what: str, layers: RunSignals) -> Observation:
    return Observation(
        hits=hits,
        title=f"{name_layers(hits)}: {what}",
        threshold={},
        figures={"frozen_layers": len(hits), "layers_with_weights": len(layers.learners)},
    )


def _first_frozen_step(signals: Signals, layers: RunSignals) -> int | None:
    """The first record from which no parameter of a layer that was trained requires a gradient."""
    names = [p.name for p in layers.parameters_of(signals.info)]
    known = [layers.sizes[name].facts for name in names if name in layers.sizes]
    trained = [int(facts.steps[facts.trainable][-1]) for facts in known if facts.trainable.any()]
    later = [facts.steps[facts.steps > max(trained)] for facts in known] if trained else []
    return min((int(steps[0]) for steps in later if len(steps)), default=None)


def _is_frozen(signals: Signals, layers: RunSignals) -> bool:
    """Weights that change all the same are replaced from outside, as those of a target net."""
    known = [p for p in layers.parameters_of(signals.info) if p.records > 1]
    is_fixed = bool(known) and all(map(_holds_waves, known))
    return layers.is_frozen(signals.info) and not is_fixed and all(p.is_constant for p in known)


def _holds_waves(parameter: ParameterSignals) -> bool:
    """Whether it holds sines and cosines of positions, as a Transformer's (Vaswani et al. 2017)."""
    assert parameter.weights is not None
    rms, series = float(parameter.weights.rms[0]), parameter.weights.signals.series
    whole = np.isclose(rms, WAVES, rtol=NEAR_WAVES)
    return bool(whole and np.isclose(float(series.max[0]), 1.0, rtol=NEAR_WAVES))


FROZEN: Final = RunRule(
    kind="frozen",
    severity="info",
    seen=(
        "The parameters of a layer that ran have requires_grad=False, and its weights, if "
        "recorded, never change; or they have it from a step on."
    ),
    source="requires_grad of the parameters",
    thresholds=Thresholds,
    explains={},
    find=(find_frozen, find_frozen_midway),
    online=None,
)

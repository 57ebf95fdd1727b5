"""Layers that are frozen on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tb_activation_hist.findings.hits import name_layers, whole_run_hit
from tb_activation_hist.findings.rule import Observation, RunRule
from tb_activation_hist.findings.run_signals import RunSignals
from tb_activation_hist.findings.signals import Signals
from tb_activation_hist.findings.thresholds import Thresholds


def find_frozen(layers: RunSignals, _options: Thresholds) -> Iterator[Observation]:
    """All of them in one observation."""
    hits = [whole_run_hit(s, {}) for s in layers.learners if _is_frozen(s, layers)]
    if hits:
        yield Observation(
            hits=hits,
            title=f"{name_layers(hits)}: frozen, requires_grad is False",
            threshold={},
            figures={"frozen_layers": len(hits), "layers_with_weights": len(layers.learners)},
        )


def _is_frozen(signals: Signals, layers: RunSignals) -> bool:
    """Weights that change all the same are replaced from outside, as those of a target net."""
    known = [p for p in layers.parameters_of(signals.info) if p.records > 1]
    return layers.is_frozen(signals.info) and all(p.is_constant for p in known)


FROZEN: Final = RunRule(
    kind="frozen",
    severity="info",
    seen=(
        "The parameters of a layer that ran have requires_grad=False, and its weights, if "
        "recorded, never change."
    ),
    source="requires_grad of the parameters",
    thresholds=Thresholds,
    explains={},
    find=(find_frozen,),
    online=None,
)

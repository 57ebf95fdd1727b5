"""ReLUs of few units: before a gate they may be still, on the way to the output they may not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.findings import find_run_findings
from tests.unit.findings.trainings import VALUES, Change, Layers, make_layer


def silence(values: np.ndarray, _index: int) -> np.ndarray:
    return values * (np.arange(values.size) % 10 == 0)


def fall_silent(values: np.ndarray, index: int) -> np.ndarray:
    return values * np.float32(index < 40)


def come_and_go(values: np.ndarray, index: int) -> np.ndarray:
    return values * np.float32(1 if index % 20 < 10 else 1e-3)


CHANGES = {
    "mostly_zero": silence,
    "collapsed": fall_silent,
    "spike_and_crash": come_and_go,
}


def make_gate(change: Change, units: int, gate: str = "Sigmoid", after: bool = True) -> Layers:
    """A block with a gate of so many units; after: another layer comes behind the gate."""
    sample = {"fc1": (units, 1, 1), "act": (units, 1, 1)}
    kinds = {"conv": "Conv2d", "fc1": "Conv2d", "act": "ReLU", "fc2": "Conv2d", "gate": gate}
    kinds |= {"head": "Linear"} if after else {}
    layers = {}
    for order, (name, kind) in enumerate(kinds.items()):
        given = (change,) if name == "act" else ()
        drift = 0.0 if name == "gate" else 1.0
        info, series = make_layer(name, kind, order, *given, drift=drift)
        shape = (VALUES // units, *sample.get(name, (64, 8, 8)))
        layers[name] = (replace(info, shape=shape), series)
    return layers


def kinds_of(layers: Layers) -> set[str]:
    return {f.kind for f in find_run_findings("run", layers) if "act" in f.layers}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_few_units_before_a_gate_may_be_still(kind: str) -> None:
    assert kind not in kinds_of(make_gate(CHANGES[kind], 4))


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize(
    ("units", "gate", "after"),
    [(32, "Sigmoid", True), (4, "Tanh", True), (4, "Sigmoid", False)],
    ids=["many units", "no gate", "the gate is the output"],
)
def test_elsewhere_they_may_not(kind: str, units: int, gate: str, after: bool) -> None:
    assert kind in kinds_of(make_gate(CHANGES[kind], units, gate, after))

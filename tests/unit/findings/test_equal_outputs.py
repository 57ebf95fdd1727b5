"""Outputs that are the same for every sample are told from the counts alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.findings import Finding, find_run_findings
from tb_activation_hist.findings.registry import DEFAULT_OPTIONS
from tb_activation_hist.findings.sample_spread import sample_spread
from tb_activation_hist.findings.signals import Signals
from tests.unit.findings.trainings import Layers, Values, records_to_series

SAMPLES, UNITS, RECORDS = 32, 24, 40
RANDOM = np.random.default_rng(5)
Draw = Callable[[int, int], Values]


def differ(_index: int, units: int) -> Values:
    return RANDOM.normal(size=(SAMPLES, units)).astype(np.float32)


def equal(index: int, units: int) -> Values:
    one = np.random.default_rng(index).normal(size=units)
    return np.tile(one, (SAMPLES, 1)).astype(np.float32)


def nearly(index: int, units: int) -> Values:
    return equal(index, units) * (1 + 1e-4 * RANDOM.normal(size=(SAMPLES, units)).astype("f4"))


def since(step: int, draw: Draw) -> Draw:
    return lambda index, units: (draw if index >= step - 1 else differ)(index, units)


def make_layer(draw: Draw, name: str, order: int, type_: str, units: int = UNITS) -> Layers:
    info = LayerInfo(name, order=order, type=type_, shape=(SAMPLES, units))
    return {name: (info, records_to_series([draw(i, units).ravel() for i in range(RECORDS)]))}


def make_network(*draws: Draw, last: str = "Linear", units: int = UNITS) -> Layers:
    layers: Layers = {}
    for order, draw in enumerate(draws):
        ends = order == len(draws) - 1
        width = units if ends else UNITS
        layers |= make_layer(draw, f"l{order}", order, last if ends else "Linear", width)
    return layers


def told(layers: Layers) -> list[Finding]:
    return [f for f in find_run_findings("run", layers) if f.kind == "collapsed"]


@pytest.mark.parametrize(
    ("draw", "units", "spread"),
    [(equal, 24, 0), (nearly, 24, 0), (differ, 24, 1), (equal, 1, 0), (differ, 1, 1)],
)
def test_counts_tell_whether_samples_differ(draw: Draw, units: int, spread: float) -> None:
    ((info, series),) = make_layer(draw, "a", 0, "Linear", units).values()
    found = sample_spread(Signals(info, series, DEFAULT_OPTIONS))
    assert np.median(found) == pytest.approx(spread, abs=0.3 if spread else 0.01)


@pytest.mark.parametrize("units", [1, 10, 24])
def test_a_network_whose_outputs_are_equal_names_where_it_begins(units: int) -> None:
    late = since(9, equal)
    (finding,) = told(make_network(differ, late, late, units=units))
    assert (finding.layers, finding.first_step) == (("l1", "l2"), 9)
    assert finding.severity == "warning"
    assert "the same outputs for every sample" in finding.title


@pytest.mark.parametrize(("given", "parts"), [(differ, [("make.2",)]), (equal, [])])
def test_a_part_that_is_a_network_by_itself(given: Draw, parts: list[tuple[str, ...]]) -> None:
    """As a generator whose images are all one; what has no input, as learnt queries, is no such."""
    layers: Layers = {}
    draws = {"make.0": given, "make.1": given, "make.2": equal, "judge.0": differ}
    for order, (name, draw) in enumerate(draws.items()):
        layers |= make_layer(draw, name, order, "Linear")
    assert [f.layers for f in told(layers)] == parts


def test_dropout_before_the_last_layer_hides_nothing() -> None:
    layers = make_network(differ, equal, differ, differ)
    layers |= make_layer(differ, "l2", 2, "Dropout")
    (finding,) = told(layers)
    assert finding.layers == ("l1",)


def test_constant_branches_and_passing_states_are_healthy() -> None:
    """As embeddings of positions are, and a codebook that begins with one code."""
    assert told(make_network(equal, equal, differ)) == []
    passing = lambda index, units: (equal if index < 12 else differ)(index, units)  # noqa: E731
    assert told(make_network(differ, passing)) == []


def test_outputs_that_shrink_alone_are_reported() -> None:
    """As where the loss only asks that two views agree; or the targets are small, as heatmaps."""

    def shrink(index: int, units: int) -> Values:
        return differ(index, units) * np.float32(max(0.8**index, 0.05))

    layers = make_network(differ, differ, shrink)
    found = [f for f in find_run_findings("run", layers) if f.kind == "vanishing"]
    assert [(f.layers, f.severity) for f in found] == [(("l2",), "info")]
    assert "agree" in found[0].causes[0]


@pytest.mark.parametrize(("gain", "bias", "told"), [(40, 0, True), (1, 40, False)])
def test_biases_are_no_growth_over_depth(gain: float, bias: float, told: bool) -> None:
    layers = make_network(differ, differ, lambda i, units: bias + gain * differ(i, units))
    found = [f.layers for f in find_run_findings("run", layers) if f.kind == "exploding"]
    assert found == [("l2",)] * told

"""Weights that something else than an optimizer sets back, replaces or initialises anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tb_activation_hist.core.grid import FloatArray, IntArray
from tb_activation_hist.core.parameter_sizes import (
    ParameterFacts,
    ParameterHistory,
    ParameterInfo,
    ParameterSizes,
    SizeSeries,
)
from tb_activation_hist.core.setup_facts import (
    KeptGradients,
    ModuleSettings,
    RestoredWeights,
)
from tb_activation_hist.findings import find_run_findings
from tests.unit.findings.setup_trainings import (
    adam,
    find,
    walk,
    with_parameters,
)
from tests.unit.findings.trainings import make_layer, make_run


@pytest.mark.parametrize(
    ("times", "value", "first", "last", "severity"),
    [
        (99, 1, 2, 100, ["error"]),
        (10, 1, 11, 101, ["warning"]),
        (2, 1, 50, 100, ["warning"]),
        (2, 11, 50, 51, []),
        (5, 1, 2, 6, []),
    ],
)
def test_weights_that_are_set_back(
    times: int, value: int, first: int, last: int, severity: list[str]
) -> None:
    fact = RestoredWeights("linear0.weight", times, 100, times, value, first, last)
    found = find(fact)
    assert [f.severity for f in found] == severity
    assert all(f.kind == "not_learning" and f.first_step == first for f in found)
    assert all("load_state_dict" in f.causes[0] for f in found)


def test_weights_that_stand_still_since_they_are_set_back() -> None:
    """One finding says it, and why."""
    gradients = with_parameters("weight_gradients", walk(1.0))
    layers = {**with_parameters("weights", lambda v, _: np.full_like(v, 0.2)), **gradients}
    back = RestoredWeights("linear0.weight", 99, 100, 99, 1, 2, 100)
    errors = [f for f in find(back, adam(), layers=layers) if f.severity == "error"]
    assert [f.figures.get("set_back") for f in errors] == [99]


def test_weights_are_set_back_from_the_first_write_on() -> None:
    """What it wrote was no earlier value then; the later ones wrote the same again."""
    (finding,) = find(RestoredWeights("linear0.weight", 9, 100, 8, 20, 28, 84))
    assert (finding.kind, finding.first_step) == ("not_learning", 20)


def test_what_writes_before_each_step_has_done_so_from_the_start_on() -> None:
    """As what rounds to fewer bits does, by which the weights stay in the end."""
    (finding,) = find(RestoredWeights("linear0.weight", 99, 100, 5, 95, 96, 100))
    assert (finding.kind, finding.first_step) == ("not_learning", 1)


@pytest.mark.parametrize(("keeps", "found"), [(False, 1), (True, 0)])
def test_a_table_that_gets_the_same_values_before_each_step(keeps: bool, found: int) -> None:
    """As by ``weight.data = vectors``, which torch does not count as a write."""
    random = np.random.default_rng(0)
    begin, steps = random.normal(size=800), np.arange(1, 8)
    updates = [random.normal(0.01, 0.02, 800) for _ in steps]
    weights = [begin + (sum(updates[: at + 1]) if keeps else updates[at]) for at in range(7)]
    relative = [u / np.sqrt(np.square(w).mean()) for u, w in zip(updates, weights, strict=True)]
    one = np.ones(len(steps))
    facts = ParameterFacts(steps, one > 0, one.astype(np.int8), 0.01 * one)
    history = ParameterHistory(
        ParameterInfo("linear1.weight", (40, 20)),
        facts,
        weights=to_sizes(steps, weights),
        updates=to_sizes(steps, relative),
    )
    sizes = ParameterSizes({"linear1.weight": history})
    own = [f for f in find_run_findings("run", make_run(), sizes=sizes) if f.severity != "info"]
    assert [(f.kind, f.layers, f.first_step) for f in own] == [
        ("not_learning", ("linear1",), 1)
    ] * found


def to_sizes(steps: IntArray, values: Sequence[FloatArray]) -> SizeSeries:
    whole = np.full(len(steps), 800)
    one = np.zeros(len(steps), np.int8)
    columns = [[f(own) for own in values] for f in (np.min, np.max, np.sum)]
    squares = [float(np.square(own).sum()) for own in values]
    return SizeSeries(
        steps, whole, 0 * whole, 0 * whole, *map(np.array, columns), np.array(squares), one
    )


@pytest.mark.parametrize(
    ("times", "value", "first", "followed", "found"),
    [
        (1, 1, 50, ("linear0.weight",), True),
        (1, 1, 50, (), True),
        (1, 34, 50, ("linear0.weight",), False),
        (1, 1, 9, ("linear0.weight",), False),
        (1, 1, 50, ("linear0.weight", "linear2.weight"), False),
    ],
)
def test_weights_that_are_those_of_the_start_again(
    times: int, value: int, first: int, followed: tuple[str, ...], found: bool
) -> None:
    back = RestoredWeights("linear0.weight", times, 100, times, value, first, first)
    facts = find(back, *(KeptGradients(name, 12, 0, 13) for name in followed))
    assert [(f.kind, f.severity, f.first_step) for f in facts] == [
        ("sudden_change", "warning", first)
    ] * found
    assert all("load_state_dict" in f.causes[0] for f in facts)


@pytest.mark.parametrize(("since", "found"), [(50, True), (9, False)])
def test_weights_that_are_initialised_anew(since: int, found: bool) -> None:
    """Not at the begin, where some scripts look for a good initialisation."""
    fact = RestoredWeights("linear0.weight", 3, 100, 0, 1, 0, 0, replaced=3, since=since)
    facts = find(fact)
    assert [(f.kind, f.severity, f.first_step) for f in facts] == [
        ("sudden_change", "warning", since)
    ] * found
    assert all("reset_parameters" in f.causes[0] for f in facts)


def test_a_table_with_a_max_norm_is_written_to_by_each_forward_pass() -> None:
    fact = RestoredWeights("head.weight", 60, 100, 0, 1, 0, 0, replaced=60, since=2)
    norm = ModuleSettings("Embedding", 1, 1, ("head",), {"max_norm": 1.0})
    assert [f.kind for f in find(fact)] == ["sudden_change"]
    assert find(fact, norm) == []


def test_weights_that_shrink_as_they_are_initialised_anew() -> None:
    """What was seen to happen to them says more than the sizes that come of it."""
    shrink = lambda v, index: v * (1.0 if index < 50 else 0.001)  # noqa: E731
    layers = {"last": make_layer("last", "Linear", 9, shrink)}
    fact = RestoredWeights("linear0.weight", 3, 100, 0, 1, 0, 0, replaced=3, since=51)
    found = find(fact, layers=layers)
    assert {"vanishing", "sudden_change"} <= {f.kind for f in found}
    assert any("other_weights" in f.threshold for f in found)

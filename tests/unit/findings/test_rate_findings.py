"""Learning rates that end early, are far too low, or fall below zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest

from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.parameter_sizes import (
    ParameterFacts,
    ParameterHistory,
    ParameterInfo,
    ParameterSizes,
    SizeSeries,
)
from tb_activation_hist.core.setup_facts import (
    OptimizerGroup,
    RateHistory,
)
from tb_activation_hist.findings import RunFacts, find_run_findings
from tests.unit.findings.setup_trainings import (
    CHANCE,
    NAMES,
    adam,
    classifier,
    find,
    loss,
    rmsprop,
    sgd,
    walk,
    with_parameters,
)
from tests.unit.findings.trainings import RECORDS, Layers, make_run


def trained_weights() -> Layers:
    """Matrices of different sizes, as a training leaves them."""
    layers: Layers = {}
    for size, name in zip((0.2, 0.3, 0.05, 0.1), NAMES, strict=True):
        key = f"weights/{name}"
        layers[key] = with_parameters("weights", partial(scale_values, np.float32(size)))[key]
    return layers


def scale_values(by: np.float32, values: npt.NDArray[np.float32], _: int) -> FloatArray:
    return values * by


@pytest.mark.parametrize(
    ("update", "first", "last", "trained", "severity"),
    [
        (5e-5, CHANCE, CHANCE, True, ["warning"]),
        (5e-5, CHANCE, 0.95 * CHANCE, True, ["info"]),
        (5e-5, CHANCE, 0.95 * CHANCE, False, ["warning"]),
        (5e-5, CHANCE, 1.0, False, ["info"]),
        (5e-5, 1.3 * CHANCE, 1.2 * CHANCE, True, ["warning"]),
        (5e-5, 1.3 * CHANCE, 0.9 * CHANCE, True, ["info"]),
        (5e-5, 3.0 * CHANCE, 2.8 * CHANCE, True, ["info"]),
        (5e-5, 0.5, 0.5, True, ["info"]),
        (5e-5, 0.5, 0.5, False, ["warning"]),
        (5e-5, 0.5, 0.4, False, ["info"]),
        (5e-6, 0.5, 0.5, True, ["warning"]),
        (5e-6, 0.5, 0.4, True, ["info"]),
        (1e-3, 0.5, 0.5, False, []),
    ],
)
def test_updates_that_together_hardly_move_the_weights(
    update: float, first: float, last: float, trained: bool, severity: list[str]
) -> None:
    """New weights, all drawn with one deviation, that stay with a loss that does not fall."""
    layers = classifier() | with_parameters("updates", lambda v, _: v * np.float32(update))
    if trained:
        layers |= trained_weights()
    findings = find(losses=(loss(*np.linspace(first, last, 80)),), layers=layers)
    assert [f.severity for f in findings] == severity
    assert all(f.kind == "not_learning" and "hardly" in f.title for f in findings)


@pytest.mark.parametrize(("fading", "severity"), [(1e4, "warning"), (10.0, "info")])
def test_a_loss_at_chance_where_gradients_fade_on_their_way(fading: float, severity: str) -> None:
    """As with a chain of sigmoids."""
    layers = classifier()
    for size, name in zip(np.geomspace(1e-6, 1e-6 * fading, len(NAMES)), NAMES, strict=True):
        key = f"weight_gradients/{name}"
        layers[key] = with_parameters("weight_gradients", partial(scale_values, np.float32(size)))[
            key
        ]
    findings = find(losses=(loss(*[CHANCE] * 80),), layers=layers)
    (finding,) = [f for f in findings if "chance_share" in f.threshold]
    assert finding.severity == severity
    assert ("fade 10,000-fold" in finding.title) == (severity == "warning")
    assert ("sigmoids" in finding.causes[0]) == (severity == "warning")


def test_a_rate_that_was_swapped_with_the_decay() -> None:
    layers = with_parameters("updates", lambda v, _: v * np.float32(5e-5))
    (finding,) = find(sgd(lr=5e-4, weight_decay=0.1), layers=layers)
    assert finding.severity == "warning"
    assert "as if swapped" in finding.title
    decoupled = adam(lr=1e-5, weight_decay=0.01, decoupled_weight_decay=1.0)
    assert [f.severity for f in find(decoupled, layers=layers)] == ["info"]


def exponential(step: int) -> float:
    return 0.93**step


def cosine(step: int) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * step / RECORDS)


def by_thirds(step: int) -> float:
    return 0.1 ** (3 * step // RECORDS)


@pytest.mark.parametrize(
    ("schedule", "found"), [(exponential, [65]), (cosine, []), (by_thirds, [])]
)
def test_a_rate_that_ends_early(schedule: Callable[[int], float], found: list[int]) -> None:
    steps = np.array([1, 2, 3, 5, 9, *range(17, RECORDS + 1, 16), RECORDS])
    one = np.ones(len(steps))
    rates = np.array([0.1 * schedule(step) for step in steps.tolist()])
    facts = ParameterFacts(steps, one > 0, one.astype(np.int8), rates)
    sizes = ParameterSizes(
        {name: ParameterHistory(ParameterInfo(name, (8, 8)), facts) for name in ("a.weight",)}
    )
    run = {**make_run(), **with_parameters("weights", walk(1.0))}
    findings = find_run_findings("run", run, sizes=sizes)
    assert [(f.kind, f.severity) for f in findings] == [("stopped_learning", "warning")] * len(
        found
    )
    assert [f.first_step for f in findings] == found
    assert all("scheduler" in f.causes[0] for f in findings)


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ({1: 1e-3, 20: 1e-4, 40: 1e-5}, [40]),
        ({1: 1e-3, 60: 1e-5, 61: 1e-6}, [61]),
        ({1: 1e-3, 10: 1e-4, 20: 1e-5, 30: 1e-6, 40: 1e-7}, [30]),
        ({step: 1e-3 * 0.7 ** (step - 1) for step in range(1, 129)}, [3]),
        ({step: 1e-3 * max(1 - step / 30, 0.0) for step in range(1, 31)}, [30]),
        ({1: 1e-3, 80: 1e-4, 110: 1e-5, 120: 0.0}, []),
        ({1: 1e-3, 20: 1e-4, 40: 1e-5, 50: 1e-3}, []),
        ({1: 1e-3, 70: 1e-5}, []),
        ({1: 1e-3, 58: 1e-5}, [58]),
        ({1: 1e-3, 58: 1e-5, 66: 1e-3}, []),
    ],
)
def test_rates_that_are_followed_step_by_step(rates: dict[int, float], found: list[int]) -> None:
    fact = RateHistory("Adam", 1, tuple(rates), tuple(rates.values()))
    findings = find(fact)
    assert [(f.kind, f.severity, f.first_step) for f in findings] == [
        ("stopped_learning", "warning", step) for step in found
    ]


@pytest.mark.parametrize(
    ("pace", "now", "found"),
    [
        (lambda step: 0.75**step, 9, 1),
        (lambda step: 0.9**step, 9, 1),
        (lambda step: 0.75**step, 8, 0),
        (lambda step: 0.75 ** min(step, 8), 12, 0),
        (lambda step: 0.95**step, 40, 0),
        (lambda step: 1 - step / 16, 14, 0),
        (lambda step: 0.5 + 0.5 * math.cos(math.pi * step / 16), 14, 0),
    ],
)
def test_a_rate_that_falls_by_one_factor_at_each_step(
    pace: Callable[[int], float], now: int, found: int
) -> None:
    """Of a run under way alone: one that has ended has not come to where its rate would end."""
    fact = RateHistory("Adam", 1, tuple(range(1, now + 1)), tuple(map(pace, range(now))))
    run = {**make_run(), **with_parameters("weights", walk(1.0))}
    for last_step, times in ((now, found), (0, 0)):
        facts = RunFacts(setup=(fact,), last_step=last_step)
        kinds = [f.kind for f in find_run_findings("run", run, facts=facts)]
        assert kinds == ["stopped_learning"] * times


def to_sizes(steps: npt.NDArray[np.int64], values: FloatArray) -> SizeSeries:
    """The same values at each step, but for a last bit."""
    one = np.ones(len(steps))
    whole = one.astype(np.int64)
    moments = (values.min(), values.max(), values.sum(), np.square(values).sum())
    return SizeSeries(
        steps, whole * len(values), 0 * whole, 0 * whole,
        *(one * moment for moment in moments), 0 * one.astype(np.int8),
    )  # fmt: skip


def test_a_rate_that_ends_is_no_end_beside_one_that_is_not_followed() -> None:
    """As a rate that is a tensor, which is not read."""
    fact = RateHistory("Adam", 1, (1, 20), (1e-3, 1e-5))
    assert find(adam(), fact) != []
    assert find(adam(), replace(adam(), place=2), fact) == []


@pytest.mark.parametrize(
    ("rate", "later", "optimizer", "uniform", "found"),
    [
        (1e-6, 1e-6, adam(), True, 1),
        (1e-3, 1e-3, adam(), True, 0),
        (1e-6, 1e-3, adam(), True, 0),
        (1e-6, 1e-6, rmsprop(), True, 1),
        (1e-6, 1e-6, sgd(), True, 1),
        (1e-3, 1e-3, sgd(), True, 0),
        (1e-6, 1e-6, adam(), False, 0),
    ],
)
def test_a_rate_that_is_hopeless_for_new_weights(
    rate: float, later: float, optimizer: OptimizerGroup, uniform: bool, found: int
) -> None:
    steps = np.array([1, 2, 3, 5, 9, 17, 33, 49])
    one = np.ones(len(steps))
    generator = np.random.default_rng(0)
    drawn = generator.uniform(-0.1, 0.1, 4096) if uniform else 0.1 * generator.normal(size=4096)
    rates = np.where(steps > 32, later, rate)
    facts = ParameterFacts(steps, one > 0, one.astype(np.int8), rates)
    rms = rate / float(np.sqrt(np.mean(drawn**2)))
    sizes = {
        f"{name}.weight": ParameterHistory(
            ParameterInfo(f"{name}.weight", (64, 64)),
            facts,
            weights=to_sizes(steps, drawn),
            updates=to_sizes(steps, np.full(4096, rms)),
        )
        for name in NAMES
    }
    findings = find_run_findings(
        "run", make_run(), facts=RunFacts(setup=(optimizer,)), sizes=ParameterSizes(sizes)
    )
    assert [f.kind for f in findings if "small_update" in f.threshold] == ["not_learning"] * found


@pytest.mark.parametrize(
    ("growth", "update", "found"),
    [
        (-0.03, 0.15, ["vanishing"]),
        (-0.01, 0.05, []),
        (-0.01, 0.012, ["vanishing"]),
        (0.01, 0.05, []),
        (0.01, 0.012, ["exploding"]),
    ],
)
def test_weights_that_soon_shrink_by_half_or_go_straight(
    growth: float, update: float, found: list[str]
) -> None:
    """Long before the size is a quarter, or six times, of what it was."""
    steps = np.array([1, 2, 3, 5, 9, 17, 33])
    one, whole = np.ones(len(steps)), np.ones(len(steps), np.int8)
    left = np.exp(growth * (steps - 1))
    drawn = np.random.default_rng(0).normal(0, 0.1, 4096)
    same = to_sizes(steps, drawn)
    weights = replace(
        same, low=same.low * left, high=same.high * left, sum=same.sum * left,
        sum_sq=same.sum_sq * left**2,
    )  # fmt: skip
    sizes = {
        f"{name}.weight": ParameterHistory(
            ParameterInfo(f"{name}.weight", (64, 64)),
            ParameterFacts(steps, one > 0, whole, one * 1e-3),
            weights=weights,
            updates=to_sizes(steps, update / 0.1 * drawn),
        )
        for name in NAMES
    }
    findings = find_run_findings("run", make_run(), sizes=ParameterSizes(sizes))
    limits = {"vanishing_matrices_soon", "weights"}
    assert [f.kind for f in findings if limits & set(f.threshold)] == found
    assert all(f.first_step <= 5 for f in findings)


def test_a_schedule_that_goes_on_below_zero() -> None:
    steps = np.arange(1, RECORDS + 1, 16)
    rates = 0.1 * (1 - steps / 100)
    one = np.ones(len(steps))
    measured = ParameterFacts(steps, one > 0, one.astype(np.int8), rates)
    sizes = ParameterSizes(
        {"a.weight": ParameterHistory(ParameterInfo("a.weight", (8, 8)), measured)}
    )
    run = {**make_run(), **with_parameters("weights", walk(1.0))}
    followed = RateHistory("Adam", 1, (1, 40, 60), (0.1, 0.01, 0.0))  # a rate below 0 is lower
    facts = RunFacts(setup=(followed,))
    found = find_run_findings("run", run, facts=facts, sizes=sizes)
    kinds = ("optimizer_settings", "stopped_learning")
    assert [(f.kind, f.first_step) for f in found if f.kind in kinds] == [
        ("optimizer_settings", int(steps[rates < 0][0]))
    ]

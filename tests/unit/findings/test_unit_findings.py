"""Findings of single units: every planted one is named, no other, and healthy layers have none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import NO_SIZES
from tb_activation_hist.core.slice_series import SliceSeries
from tb_activation_hist.findings import Finding, FindingOptions, LiveRules, find_run_findings
from tb_activation_hist.findings.run_facts import NO_FACTS
from tb_activation_hist.findings.unit_signals import name_units
from tb_activation_hist.storage.slice_codec import decode_slices, encode_slices
from tests.series import values_to_series
from tests.slices import make_slices

RECORDS, BATCH, UNITS, ONSET = 96, 32, 512, 40
PLANTED = sorted(int(u) for u in np.random.default_rng(7).permutation(UNITS)[:20])

Change = Callable[[np.ndarray, int], np.ndarray]


@lru_cache(maxsize=1)
def healthy_values() -> tuple[np.ndarray, ...]:
    """A ReLU layer whose units are active in 5 % to 80 % of the samples."""
    random = np.random.default_rng(0)
    bias, scale = random.uniform(-1.6, 0.8, UNITS), np.exp(random.normal(0, 0.7, UNITS))
    draws = (random.normal(size=(BATCH, UNITS)) + bias for _ in range(RECORDS))
    return tuple(np.maximum(draw * scale, 0).astype(np.float32) for draw in draws)


def through_storage(series: SliceSeries) -> SliceSeries:
    parts = [series.take(slice(at, at + 32)) for at in range(0, len(series), 32)]
    from tb_activation_hist.core.slice_series import concatenate_slices

    blocks = [decode_slices(encode_slices(part, 1, 0), "relu", -1).series for part in parts]
    return concatenate_slices(blocks)


def make_layer(change: Change, records: int = RECORDS) -> dict[str, tuple[LayerInfo, Any]]:
    values = [change(each.copy(), step) for step, each in enumerate(healthy_values()[:records], 1)]
    slices = through_storage(make_slices(values))
    series = values_to_series([each[:, :8].ravel() for each in values])
    tallies = replace(series.tallies, steps=np.arange(1, len(values) + 1))
    info = LayerInfo("relu", type="ReLU", split=-1)
    return {"relu": (info, replace(series, tallies=tallies, slices=slices))}


def findings_of(change: Change, **options: Any) -> dict[str, Finding]:
    found = find_run_findings("run", make_layer(change), FindingOptions(**options))
    return {finding.kind: finding for finding in found if finding.kind.endswith("_units")}


def units(finding: Finding) -> list[int]:
    return list(finding.figures["units"])


def test_a_healthy_layer_has_none() -> None:
    assert findings_of(lambda values, _: values) == {}


def kill(values: np.ndarray, step: int) -> np.ndarray:
    if step >= ONSET:
        values[:, PLANTED] = 0
    return values


def test_20_dead_units_of_512_are_named_and_no_other() -> None:
    (finding,) = findings_of(kill).values()
    assert finding.kind == "dead_units"
    assert units(finding) == PLANTED
    assert finding.first_step == ONSET
    assert finding.last_step == RECORDS
    assert finding.title.startswith(f"relu: 20 of 512 units dead since step {ONSET} (")
    assert finding.title.endswith(f"({name_units(PLANTED)})")
    figures: Mapping[str, Any] = finding.figures
    assert (figures["found_units"], figures["all_units"]) == (20, 512)
    assert figures["unit_share"] == 20 / 512
    assert figures["first_steps"] == [ONSET] * 20


def test_each_dead_unit_has_the_step_since_when() -> None:
    def kill_one_by_one(values: np.ndarray, step: int) -> np.ndarray:
        for place, unit in enumerate(PLANTED):
            if step >= ONSET + place:
                values[:, unit] = 0
        return values

    (finding,) = findings_of(kill_one_by_one).values()
    assert units(finding) == PLANTED
    steps = finding.figures["first_steps"]
    # A unit that is seldom active may have been silent shortly before.
    late = [ONSET + place - step for place, step in enumerate(steps)]
    assert min(late) >= 0 and sorted(late)[15] == 0 and max(late) <= 4


def test_units_that_never_lived_are_dead_and_those_that_came_back_are_not() -> None:
    def at_first(values: np.ndarray, step: int) -> np.ndarray:
        values[:, 5] = 0
        if ONSET <= step < RECORDS - 4:
            values[:, 9] = 0
        return values

    assert units(findings_of(at_first)["dead_units"]) == [5]


def dead(born: int, dying: int) -> list[tuple[str, int]]:
    """Severity and number of units of each finding about dead ones, of the start and later."""

    def kill_some(values: np.ndarray, step: int) -> np.ndarray:
        # The first ones make the layer's own histogram.
        values[:, UNITS - born :] = 0
        values[:, 100 : 100 + dying * (step >= ONSET)] = 0
        return values

    found = find_run_findings("run", make_layer(kill_some), FindingOptions())
    own = [each for each in found if each.kind == "dead_units"]
    return [(each.severity, each.figures["found_units"]) for each in own]


@pytest.mark.parametrize(
    ("born", "dying", "told"),
    [
        (3, 0, [("info", 3)]),
        (0, 2, [("info", 2)]),
        (0, 3, [("warning", 3)]),
        (200, 0, [("info", 200)]),
        (256, 0, [("warning", 256)]),
        (3, 4, [("warning", 4), ("info", 3)]),
    ],
)
def test_few_units_that_healthy_networks_lose_too_are_an_info(born, dying, told) -> None:
    """Five of 20 healthy trainings were warned of units that had always been 0."""
    assert dead(born, dying) == told


def test_units_that_ran_away_are_named() -> None:
    def grow(values: np.ndarray, step: int) -> np.ndarray:
        values[:, [3, 77]] *= 100_000 if step >= ONSET else 1
        return values

    (finding,) = findings_of(grow).values()
    assert (finding.kind, units(finding), finding.first_step) == ("runaway_units", [3, 77], ONSET)
    assert "ran away" in finding.title


def test_a_channel_that_was_always_large_did_not_run_away() -> None:
    def large(values: np.ndarray, _: int) -> np.ndarray:
        values[:, 3] *= 300
        return values

    assert findings_of(large) == {}


def test_faint_units_are_unused() -> None:
    def shrink(values: np.ndarray, step: int) -> np.ndarray:
        values[:, [10, 11, 12]] *= 1e-5 if step >= ONSET else 1
        return values

    (finding,) = findings_of(shrink).values()
    assert (finding.kind, units(finding)) == ("unused_units", [10, 11, 12])
    assert "(10-12)" in finding.title


def test_experts_that_a_router_never_chooses_are_unused() -> None:
    def route(values: np.ndarray, step: int) -> np.ndarray:
        logits = np.random.default_rng(step).normal(size=(BATCH, 16))
        logits[:, [2, 13]] -= 6 if step >= ONSET else 0
        chances = np.exp(logits)
        return (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)

    (finding,) = findings_of(route).values()
    assert (finding.kind, units(finding)) == ("unused_units", [2, 13])
    assert finding.first_step == ONSET
    assert finding.figures["all_units"] == 16


def findings_of_load(kind: str) -> list[Finding]:
    """Of 8 units with a number each, of which two are 0 from ONSET on: a load, or a layer's."""
    random = np.random.default_rng(0)
    loads = [random.uniform(0.5, 1.5, (1, 8)) for _ in range(RECORDS)]
    for load in loads[ONSET - 1 :]:
        load[:, [2, 6]] = 0
    slices = through_storage(make_slices(loads))
    series = values_to_series([load.ravel() for load in loads])
    tallies = replace(series.tallies, steps=np.arange(1, RECORDS + 1))
    info = LayerInfo("moe/load", type=kind, split=0, shape=(8,))
    layers = {"moe/load": (info, replace(series, tallies=tallies, slices=slices))}
    return find_run_findings("run", layers, FindingOptions())


def test_experts_without_load_are_named_after_few_records() -> None:
    (finding,) = [each for each in findings_of_load("") if each.kind == "dead_units"]
    assert (units(finding), finding.first_step) == ([2, 6], ONSET)
    assert finding.severity == "warning"


@pytest.mark.parametrize(("kind", "severity"), [("", "warning"), ("ReLU", "info")])
def test_experts_without_weight_are_a_warning_where_units_are_an_info(kind, severity) -> None:
    """The weights of the two experts with the largest logits, of which one is never chosen."""

    def route(step: int) -> np.ndarray:
        logits = np.random.default_rng(step).normal(size=(BATCH, 16))
        logits[:, 5] -= 100 if step >= ONSET else 0
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return np.where(chances >= np.sort(chances)[:, [-2]], chances, 0.0)

    table = [route(step) for step in range(1, RECORDS + 1)]
    series = values_to_series([weights.ravel() for weights in table])
    tallies = replace(series.tallies, steps=np.arange(1, RECORDS + 1))
    info = LayerInfo("moe/weights", type=kind, split=-1, shape=(BATCH, 16))
    own = replace(series, tallies=tallies, slices=through_storage(make_slices(table)))
    (finding,) = find_run_findings("run", {"moe/weights": (info, own)}, FindingOptions())
    assert (finding.kind, units(finding), finding.severity) == ("dead_units", [5], severity)


def test_a_layer_with_one_value_for_each_unit_needs_as_many_values_as_others() -> None:
    assert "dead_units" not in {each.kind for each in findings_of_load("ReLU")}


def test_constant_units_are_named() -> None:
    def hold(values: np.ndarray, step: int) -> np.ndarray:
        if step >= ONSET:
            values[:, [0, 511]] = 0.3, 7.0
        return values

    (finding,) = findings_of(hold).values()
    assert (finding.kind, units(finding)) == ("redundant_units", [0, 511])
    assert "constant" in finding.title


def test_copies_are_named_with_what_they_copy() -> None:
    def copy(values: np.ndarray, _: int) -> np.ndarray:
        values[:, 100] = values[:, 4]
        values[:, [200, 300]] = values[:, [9]]
        return values

    (finding,) = findings_of(copy).values()
    assert (finding.kind, units(finding)) == ("redundant_units", [4, 9, 100, 200, 300])
    assert finding.figures["same"] == "4, 100; 9, 200, 300"


@pytest.mark.parametrize("batch", [256, 4096])
def test_channels_of_one_distribution_are_no_copies(batch: int) -> None:
    """As after a batch norm: equal mean and std, and extremes that vary little."""
    random = np.random.default_rng(0)
    table = [random.normal(size=(batch, 64)).astype(np.float32) for _ in range(RECORDS)]
    assert findings_of(lambda _, step: table[step - 1]) == {}


def test_a_short_last_batch_changes_nothing() -> None:
    def cut(values: np.ndarray, step: int) -> np.ndarray:
        values = kill(values, step)
        return values[:3] * 0 + 1 if step == RECORDS else values

    assert units(findings_of(cut)["dead_units"]) == PLANTED


def test_they_are_reported_while_the_training_runs() -> None:
    (info, series), found = make_layer(kill)["relu"], []
    rules = LiveRules(["dead_units"])
    for record in range(RECORDS):
        rules.add(info, series.take([record]))
        rules.end_record(record + 1)
        found += rules.look(NO_FACTS, NO_SIZES)
    assert [units(finding) for finding in found] == [PLANTED]


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([4], "4"), ([1, 2, 3, 7, 9, 10], "1-3, 7, 9-10")]
)
def test_neighbouring_units_are_named_together(numbers: list[int], text: str) -> None:
    assert name_units(numbers) == text


def test_a_long_list_of_units_is_cut() -> None:
    assert name_units(range(0, 100, 2)).endswith(", 46 and 26 more")

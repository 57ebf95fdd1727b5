"""The findings that need a run's history are reported while it grows, from bounded memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.parameter_sizes import NO_SIZES
from tb_activation_hist.findings import Finding, LiveRules, find_run_findings
from tb_activation_hist.findings.periodic import (
    BETWEEN,
    FIRST_LOOKS,
    KEPT_RECORDS,
    LATE_GROWTH,
    LONG_PART,
    History,
    RunSoFar,
)
from tb_activation_hist.findings.registry import DEFAULT_OPTIONS
from tb_activation_hist.findings.run_facts import NO_FACTS, RunFacts
from tests.unit.findings.trainings import (
    RECORDS,
    Change,
    Layers,
    after,
    make_layer,
    make_run,
    unchanged,
)

ONSET = 60
DRIFTS = {"linear0": 0.0, "relu0": 0.0}


def spiky(values: np.ndarray, index: int) -> np.ndarray:
    return values * (30 if index >= ONSET and index % 8 == 0 else 1)


def large_unit(values: np.ndarray) -> np.ndarray:
    return np.where(np.arange(values.size) < 2, values + 5e4, values)


def look_periodically(
    layers: Layers, kinds: tuple[str, ...], facts: RunFacts = NO_FACTS
) -> list[tuple[int, Finding]]:
    """(record at which it is told, finding)."""
    own = LiveRules(kinds, "run", share=None)
    told = []
    records = len(next(iter(layers.values()))[1])
    for index in range(records):
        for info, series in layers.values():
            own.add(info, series.take(slice(index, index + 1)))
        own.end_record(index + 1)
        told += [(index + 1, finding) for finding in own.look(facts, NO_SIZES)]
    return told


@pytest.mark.parametrize(
    ("kind", "name", "change", "latest"),
    [
        ("mostly_zero", "relu1", after(ONSET, lambda v: v * (np.arange(v.size) < 60)), 20),
        ("vanishing", "relu1", after(ONSET, lambda v: v / 100), 20),
        ("spike_and_crash", "relu1", spiky, 28),
        ("sudden_change", "linear1", after(ONSET, lambda v: v + 5), 25),
        ("outlier_features", "linear1", after(ONSET, large_unit), 25),
    ],
)
def test_it_is_reported_soon_after_it_began(
    kind: str, name: str, change: Change, latest: int
) -> None:
    told = look_periodically(make_run({name: change}), (kind,))
    assert [finding.kind for _, finding in told] == [kind]
    record, finding = told[0]
    assert record <= ONSET + latest
    assert finding.layers[0] == name
    assert finding.first_step > ONSET


@pytest.mark.parametrize(
    ("after_it", "hard_batch", "told"),
    [(0.5, 0.5, []), (0.5, 17.0, []), (2.0, 2.0, ["collapsed"])],
)
def test_a_branch_that_dies_is_told_where_the_loss_suffers(
    after_it: float, hard_batch: float, told: list[str]
) -> None:
    """For longer than one look shows, which a single batch may decide."""
    means = np.concatenate([np.linspace(2, 1, ONSET), np.full(RECORDS - ONSET, after_it)])
    means[79] = hard_batch
    layers = {
        **make_run({"relu1": after(ONSET, lambda v: v * 0)}),
        **{f"far{at}": make_layer(f"far{at}", "Linear", 9 + at) for at in range(4)},
    }
    assert look_at_losses(layers, "collapsed", means) == told


@pytest.mark.parametrize(("end", "told"), [(0.02, []), (2.0, ["exploding"])])
def test_a_layer_that_grows_is_told_unless_the_loss_falls_far(end: float, told: list[str]) -> None:
    """Its own records show it at once: the run so far says what it is worth."""
    means = np.concatenate([np.linspace(2, end, ONSET), np.full(RECORDS - ONSET, end)])
    grows = {"linear1": lambda v, index: v * 0.06 * 700 ** (index / RECORDS)}
    assert look_at_losses(make_run(grows, head=0.0), "exploding", means) == told


def look_at_losses(layers: Layers, kind: str, means: np.ndarray) -> list[str]:
    """Kinds that are told, where each record has one of these losses."""
    own = LiveRules((kind,), "run", share=None)
    found = []
    for index in range(RECORDS):
        for info, series in layers.values():
            found += own.add(info, series.take(slice(index, index + 1)))
        own.end_record(index + 1)
        steps = tuple(range(1, index + 2))
        loss = LossHistory("loss", steps, tuple(means[: index + 1].tolist()), 1, 0)
        found += own.look(RunFacts(losses=(loss,)), NO_SIZES)
    return [finding.kind for finding in found]


@pytest.mark.parametrize("trained", [True, False])
def test_weights_that_stand_still_are_reported_unless_frozen_on_purpose(trained: bool) -> None:
    layers = make_run(**DRIFTS)
    for order, name in enumerate(("linear0", "linear1", "linear2")):
        change = (lambda v, _: v * 0 + 1) if name == "linear0" else unchanged
        layers[f"weights/{name}"] = make_layer(name, "Linear", 2 * order, change, stream="weights")
    names = frozenset({"linear0"} if trained else ()), frozenset(() if trained else {"linear0"})
    facts = RunFacts(trainable=names[0] | {"linear1", "linear2"}, frozen=names[1])
    told = look_periodically(layers, ("not_learning",), facts)
    assert [(f.kind, f.layers) for _, f in told] == [("not_learning", ("linear0",))] * trained


def test_layers_in_eval_mode_are_noted_although_that_may_be_meant() -> None:
    """Their parameters are trained; once it has lasted for some steps."""
    layers = make_run(**DRIFTS)
    facts = RunFacts(eval_layers=("norm",), trainable=frozenset({"norm.weight"}))
    found = find_run_findings("run", layers, facts=facts)
    assert [(f.kind, f.severity) for f in found] == [("eval_mode", "info")]
    told = look_periodically(layers, ("eval_mode",), facts)
    assert [(record, f.severity) for record, f in told] == [(9, "info")]


def test_one_batch_at_every_step_is_noted_although_it_may_be_meant() -> None:
    layers = make_run(**DRIFTS)
    image = make_layer("Net", "Net", 0, lambda v, _: v * 0 + 3, stream="inputs")
    batch = InputFacts(1, RECORDS, RECORDS - 1, RECORDS - 1, 1, 0, 0, 0, 0, image[0].tag)
    told = look_periodically(
        {**layers, "inputs/Net": image}, ("constant_input",), RunFacts(inputs=(batch,))
    )
    assert [(f.kind, f.severity) for _, f in told] == [("constant_input", "info")]


@pytest.mark.parametrize("onset", [0, 8])
def test_a_state_is_reported_when_it_has_lasted_for_some_records(onset: int) -> None:
    shut = make_run({"relu1": after(onset, lambda v: v * (np.arange(v.size) < 60))})
    ((record, finding),) = look_periodically(shut, ("mostly_zero",))
    assert (record, finding.layers, finding.first_step) == (onset + 10, ("relu1",), onset + 1)


def test_growth_over_depth_is_reported_at_the_first_record() -> None:
    layers = make_run({"linear2": lambda v, _: v * 1e4})
    ((record, finding),) = look_periodically(layers, ("exploding",))
    assert (record, finding.first_step, finding.layers[0]) == (1, 1, "linear2")


def look_records(records: int, share: float | None) -> list[int]:
    """After how many records a run of one layer is looked at."""
    info, series = make_layer("a", "ReLU", 0, records=1)
    run, looks = RunSoFar(share), []
    for record in range(1, records + 1):
        run.add(info, series)
        run.end_record(record)
        if run.is_due:
            looks.append(record)
            run.look("", DEFAULT_OPTIONS, NO_FACTS, NO_SIZES)
    return looks


def test_looks_are_never_far_apart() -> None:
    looks = look_records(1000, None)
    apart = np.diff(looks)
    assert looks[:FIRST_LOOKS] == list(range(1, FIRST_LOOKS + 1))
    assert (apart <= np.maximum(BETWEEN, np.array(looks[:-1]) // LONG_PART)).all()
    assert len(looks) <= 120


def test_looks_that_take_long_wait_until_the_run_has_grown() -> None:
    looks = look_records(100, 1e-9)
    assert 4 <= len(looks) <= 12
    assert all(b >= LATE_GROWTH * a for a, b in pairwise(looks))


def test_healthy_runs_are_left_in_peace() -> None:
    assert look_periodically(make_run(), ("not_learning", "mostly_zero", "sudden_change")) == []


def test_what_is_kept_is_bounded_and_adds_up() -> None:
    records = 2048
    _, series = make_layer("a", "ReLU", 0, records=records)
    history = History()
    for index in range(records):
        history.add(series.take(slice(index, index + 1)))
    kept = history.series
    assert kept is not None
    assert KEPT_RECORDS / 2 <= len(kept) <= KEPT_RECORDS
    assert set(kept.n) == {series.n.sum() // len(kept)}
    assert np.array_equal(kept.bin_counts.sum(axis=0), series.bin_counts.sum(axis=0))
    assert kept.steps[-1] == records

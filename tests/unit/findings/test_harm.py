"""Trouble that does no harm, by the logged loss: it is worth knowing, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.loss_form_names import CROSS_ENTROPY
from tb_activation_hist.core.setup_facts import (
    GRADIENT_NORM,
    GRADIENTS_USED,
    OUTPUT_SIZE,
    LossGradients,
)
from tb_activation_hist.findings import RunFacts, find_run_findings
from tb_activation_hist.findings.live import is_too_early
from tests.unit.findings.setup_trainings import classifier, find, loss, walk, with_parameters
from tests.unit.findings.trainings import (
    ONSET,
    RECORDS,
    Change,
    Values,
    after,
    make_layer,
    make_run,
)

FALLS_LATER = [*[2.0] * ONSET, *np.linspace(2, 0.2, RECORDS - ONSET)]
"""Nothing is learnt before the trouble, and all of it meanwhile."""

FALLS = list(np.linspace(2, 0.2, RECORDS))
RESTS = [2.0] * RECORDS


def find_severity(kind: str, means: list[float], **changes: Change) -> str:
    found = find(losses=(loss(*means),), layers=make_run(changes, head=0.0))
    (finding,) = (f for f in found if f.kind == kind)
    assert ("the loss falls on" in finding.title) == (finding.severity == "info")
    return finding.severity


def sparse(values: Values, index: int) -> Values:
    return np.where(np.arange(values.size) % 32 == 0, values, 0) if index >= ONSET else values


def sparse_for_a_while(values: Values, index: int) -> Values:
    return sparse(values, index) if index < ONSET + 20 else values


def test_zeros_that_pass() -> None:
    found = find(losses=(loss(*RESTS),), layers=make_run({"relu1": sparse_for_a_while}))
    (finding,) = (f for f in found if f.kind == "mostly_zero")
    assert finding.severity == "info"
    assert finding.title.endswith("; it passes")


def sparse_code(values: Values, index: int) -> Values:
    return sparse(values, ONSET)


@pytest.mark.parametrize(("means", "severity"), [(FALLS_LATER, "info"), (RESTS, "warning")])
def test_zeros_while_the_network_learns(means: list[float], severity: str) -> None:
    assert find_severity("mostly_zero", means, relu1=sparse) == severity


@pytest.mark.parametrize(("means", "severity"), [(FALLS, "info"), (RESTS, "warning")])
def test_zeros_of_a_sparse_code(means: list[float], severity: str) -> None:
    assert find_severity("mostly_zero", means, relu1=sparse_code) == severity


def grows_to(records: int) -> Change:
    """By so many records, to 26 times its size at most, from a small start."""
    return lambda values, index: values * 0.06 * 220 ** min(index / records, 1)


@pytest.mark.parametrize("records", [40, 120])
@pytest.mark.parametrize(("means", "severity"), [(FALLS, "info"), (RESTS, "error")])
def test_growth_while_the_network_learns(records: int, means: list[float], severity: str) -> None:
    layers = {"linear1": grows_to(records)}
    assert find_severity("exploding", means, **layers) == severity


SHOOTS_UP = [2.0, *np.geomspace(50, 2, RECORDS - 1)]
"""Nothing is learnt: the loss comes back to where it was."""


@pytest.mark.parametrize("following", ["BatchNorm1d", "ReLU"])
@pytest.mark.parametrize("means", [list(np.linspace(2, 1.2, RECORDS)), SHOOTS_UP])
def test_growth_that_a_batch_norm_takes_away(following: str, means: list[float]) -> None:
    layers = make_run({"linear1": grows_to(RECORDS)}, head=0.0)
    info, series = layers["relu1"]
    layers["relu1"] = (replace(info, type=following), series)
    found = find(losses=(loss(*means),), layers=layers)
    harmless = following == "BatchNorm1d" and means is not SHOOTS_UP
    assert {f.severity for f in found if f.kind == "exploding"} == {"info" if harmless else "error"}


@pytest.mark.parametrize("name", ["lstm/1/1", "lstm/1/0"])
def test_growth_of_a_cell_state_that_a_tanh_takes_away(name: str) -> None:
    layers = make_run({"linear1": grows_to(RECORDS)}, head=0.0)
    info, series = layers.pop("linear1")
    grown = {name: (replace(info, layer=name, type="LSTM"), series)}
    found = find(losses=(loss(*np.linspace(2, 1.2, RECORDS)),), layers={**grown, **layers})
    expected = "info" if name == "lstm/1/1" else "error"
    assert {f.severity for f in found if f.kind == "exploding"} == {expected}


def swings_until(last: int) -> Change:
    """Eightfold and back, again and again, up to this record."""
    return lambda values, index: values * (8 if index % 8 > 3 and index <= last else 1)


@pytest.mark.parametrize(
    ("last", "means", "severity"),
    [
        (RECORDS // 4, FALLS, "info"),
        (RECORDS // 4, RESTS, "warning"),
        (RECORDS - 8, FALLS, "warning"),
    ],
)
def test_swings_at_the_beginning(last: int, means: list[float], severity: str) -> None:
    assert find_severity("spike_and_crash", means, linear1=swings_until(last)) == severity


@pytest.mark.parametrize(("means", "severity"), [(FALLS, "info"), (RESTS, "warning")])
def test_late_swings_of_all_layers(means: list[float], severity: str) -> None:
    swings = lambda values, index: values * (8 if index > 60 and index % 8 > 3 else 1)  # noqa: E731
    layers = {"linear1": swings, "relu1": swings}
    assert find_severity("spike_and_crash", means, **layers) == severity


@pytest.mark.parametrize(("means", "severity"), [(FALLS, "info"), (RESTS, "warning")])
def test_weights_that_grow_while_the_loss_falls(means: list[float], severity: str) -> None:
    layers = {**make_run(), **with_parameters("weights", walk(12.0))}
    found = find(losses=(loss(*means),), layers=layers)
    assert {f.severity for f in found if "weights" in f.threshold} == {severity}


@pytest.mark.parametrize(("means", "severity"), [(FALLS, "info"), (RESTS, "warning")])
def test_a_sudden_change_while_the_loss_falls(means: list[float], severity: str) -> None:
    change = after(ONSET, lambda values: 3 - values)
    layers = make_run({"linear1": change, "relu1": change})
    found = [f for f in find(losses=(loss(*means),), layers=layers) if f.kind == "sudden_change"]
    assert {f.severity for f in found} == {severity}


def test_positions_that_are_computed_may_be_zero() -> None:
    layers = make_run({"linear1": lambda values, _: values * 0})
    info, series = layers["linear1"]
    layers["linear1"] = (replace(info, type="SinusoidalPositionalEmbedding"), series)
    kinds = {f.kind for f in find_run_findings("run", layers) if "linear1" in f.layers}
    assert "collapsed" not in kinds


@pytest.mark.parametrize(("means", "found"), [(16, 0), (30, 1)])
def test_zeros_of_the_first_record_wait_for_the_loss(means: int, found: int) -> None:
    """While a training runs: a sparse code learns, which a few losses do not show."""
    known = loss(*RESTS[:means])
    layers = make_run({"relu1": sparse_code})
    told = find(losses=(known,), layers=layers)
    facts = RunFacts(losses=(known,))
    early = [is_too_early(f, facts) for f in told if f.kind == "mostly_zero"]
    assert early == [not found]


def test_swings_of_a_layer_that_begins_at_zero() -> None:
    swings = swings_until(RECORDS)
    layers = make_run({"linear1": lambda values, index: swings(values, index) * (index > 0)})
    found = [f for f in find_run_findings("run", layers) if f.kind == "spike_and_crash"]
    assert found
    assert all(np.isfinite(f.figures["height"]) for f in found)


@pytest.mark.parametrize(("end", "severity"), [(2.0, "info"), (3.0, "error")])
def test_growth_before_a_batch_norm_in_a_run_that_has_just_begun(end: float, severity: str) -> None:
    """Too little is known of its loss, unless that rises."""
    layers = make_run({"linear1": grows_to(RECORDS)}, head=0.0)
    info, series = layers["relu1"]
    layers["relu1"] = (replace(info, type="BatchNorm1d"), series)
    facts = RunFacts(losses=(loss(*np.linspace(2, end, 16)),), last_step=16)
    found = find_run_findings("run", layers, facts=facts)
    assert [f.severity for f in found if f.kind == "exploding"] == [severity]


@pytest.mark.parametrize(("first", "severity"), [(np.log(10), "info"), (50.0, "warning")])
def test_saturation_of_a_network_that_fits_all_it_is_given(first: float, severity: str) -> None:
    """first: loss at the beginning: that of guessing among ten classes, or one of large targets."""
    squash = lambda v, index: np.tanh(v * (100 if index >= ONSET else 0.3))  # noqa: E731
    layers = {"relu1": make_layer("relu1", "Tanh", 3, squash), **classifier()}
    found = find(losses=(loss(*first * np.geomspace(1, 1e-4, RECORDS)),), layers=layers)
    assert {f.severity for f in found if f.kind == "saturated"} == {severity}


def test_zeros_so_far_of_a_network_whose_loss_falls_so_far() -> None:
    """Of a run under way: whether it learns enough is yet to be seen."""
    means = list(np.linspace(2, 1.5, RECORDS))
    layers = make_run({"relu1": lambda values, index: sparse(values, ONSET) if index else values})
    for last_step, expected in ((RECORDS, "info"), (0, "warning")):
        facts = RunFacts(losses=(loss(*means),), last_step=last_step)
        found = find_run_findings("run", layers, facts=facts)
        assert [f.severity for f in found if f.kind == "mostly_zero"] == [expected]


@pytest.mark.parametrize(("now", "severity"), [(0.5, "info"), (10.0, "warning")])
def test_large_logits_whose_loss_has_come_down_in_the_last_steps(now: float, severity: str) -> None:
    start = {GRADIENT_NORM: 0.05, GRADIENTS_USED: 320.0, OUTPUT_SIZE: 1e4}
    fact = LossGradients(
        "Net", looks=6, calls=1, first=1, seen=17, form=CROSS_ENTROPY, formed=6, classes=10,
        start=start,
    )  # fmt: skip
    facts = RunFacts(
        setup=(fact,), losses=(loss(*[50.0] * 17, *[now] * 3, first=50.0),), last_step=20
    )
    layers = {**make_run(), **with_parameters("weights", walk(1.0)), **classifier()}
    found = find_run_findings("run", layers, facts=facts)
    assert [f.severity for f in found if "far_logits" in f.threshold] == [severity]

"""Layers that do not learn: by their weights, their gradients, or outputs that stand still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tb_activation_hist.findings import (
    RunFacts,
    find_run_findings,
)
from tests.unit.findings.trainings import (
    RECORDS,
    VALUES,
    Layers,
    make_layer,
    make_run,
    only,
)


def test_outputs_that_stand_still_while_others_move_are_worth_knowing() -> None:
    layers = make_run(linear0=0.0, relu0=0.0, linear1=0.0, relu1=0.0)
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.severity) == ("not_learning", "info")
    assert finding.layers == ("linear0", "linear1")
    assert finding.figures["moving_layer"] == "linear2"
    assert "outputs' distribution has not changed" in finding.title


LEARNERS = ("linear0", "linear1", "linear2", "head")


TRAINABLE = RunFacts(trainable=frozenset(f"{name}.weight" for name in LEARNERS))


def same(values: np.ndarray, _index: int) -> np.ndarray:
    return np.linspace(-1, 1, values.size).astype(np.float32)


def with_weights(still: Sequence[str], kind: str = "weights", factor: float = 1.0) -> Layers:
    """Weights (or another kind) of all learners; those of `still` are the same in all records."""
    layers = {}
    for order, name in enumerate(LEARNERS):
        change = same if name in still else partial(scale_by, factor=factor)
        info, series = make_layer(f"{name}.weight", "Linear", 2 * order, change, stream=kind)
        layers[f"{kind}/{name}"] = (replace(info, shape=(VALUES // 2, 2)), series)
    return layers


def scale_by(values: np.ndarray, _index: int, factor: float) -> np.ndarray:
    return values * np.float32(factor)


def test_weights_that_never_change_are_reported() -> None:
    layers = {**make_run(), **with_weights(["linear1"])}
    finding = only(find_run_findings("run", layers, facts=TRAINABLE))
    assert (finding.kind, finding.severity) == ("not_learning", "warning")
    assert finding.layers == ("linear1",)
    assert (finding.first_step, finding.last_step) == (1, RECORDS)
    assert finding.figures["cause"] == "unknown"


@pytest.mark.parametrize(("arrives", "cause"), [(True, "no update"), (False, "no gradient")])
def test_gradients_tell_why_a_layer_is_not_updated(arrives: bool, cause: str) -> None:
    layers = {**make_run(), **with_weights(["linear0", "linear1"])}
    for order, name in enumerate(LEARNERS):
        if arrives or name not in ("linear0", "linear1"):
            layers[f"gradients/{name}"] = make_layer(name, "Linear", 2 * order, stream="gradients")
    finding = only(find_run_findings("run", layers, facts=TRAINABLE))
    assert (finding.severity, finding.figures["cause"]) == ("warning", cause)
    assert finding.layers == ("linear0", "linear1")


def test_weights_of_which_it_is_not_known_whether_they_are_trained_may_be_frozen() -> None:
    layers = {**make_run(), **with_weights(["linear1"])}
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.severity) == ("not_learning", "info")


def test_where_no_weight_changes_nothing_learns() -> None:
    layers = {**make_run(), **with_weights(LEARNERS)}
    assert find_run_findings("run", layers, facts=TRAINABLE) == []
    layers |= with_weights([], "weight_gradients")
    finding = only(find_run_findings("run", layers, facts=TRAINABLE))
    assert (finding.kind, finding.severity) == ("not_learning", "error")
    assert finding.title.startswith("no layer learns: all 4 parameters")


@pytest.mark.parametrize(("size", "found"), [(1e-3, 0), (1e-8, 1)])
def test_updates_below_the_rounding_of_the_weights_teach_nothing(size: float, found: int) -> None:
    layers = {**make_run(), **with_weights([]), **with_weights([], "updates", size)}
    findings = find_run_findings("run", layers, facts=TRAINABLE)
    assert [f.severity for f in findings if f.kind == "not_learning"] == ["error"] * found


def test_of_a_short_run_it_is_only_noted_that_no_weights_change_yet() -> None:
    """Its gradients may be added up over more steps."""
    layers = {
        key: (info, series.take(slice(40)))
        for key, (info, series) in {
            **make_run(),
            **with_weights(LEARNERS),
            **with_weights([], "weight_gradients"),
        }.items()
    }
    (finding,) = find_run_findings("run", layers, facts=TRAINABLE)
    assert (finding.kind, finding.severity) == ("not_learning", "info")
    assert "yet" in finding.title


@pytest.mark.parametrize(("records", "found"), [(8, 0), (9, 1)])
def test_where_an_optimizer_steps_weights_need_not_be_followed_for_long(
    records: int, found: int
) -> None:
    whole = {**make_run(), **with_weights(["linear1"]), **with_weights([], "updates", 1e-3)}
    layers = {key: (info, series.take(slice(records))) for key, (info, series) in whole.items()}
    findings = find_run_findings("run", layers, facts=TRAINABLE)
    assert [f.layers for f in findings if f.kind == "not_learning"] == [("linear1",)] * found


def test_layers_frozen_on_purpose_are_named_as_such() -> None:
    layers = {**make_run(linear0=0.0, relu0=0.0), **with_weights(["linear0"])}
    frozen = frozenset({"linear0.weight"})
    facts = RunFacts(frozen=frozen, trainable=TRAINABLE.trainable - frozen)
    for known in (layers, make_run(linear0=0.0, relu0=0.0)):
        finding = only(find_run_findings("run", known, facts=facts))
        assert (finding.kind, finding.severity) == ("frozen", "info")
        assert finding.layers == ("linear0",)


def test_layers_whose_weights_change_do_learn() -> None:
    layers = make_run(linear0=0.0, relu0=0.0)
    layers["weights"] = make_layer("linear0", "Linear", 0, stream="weights", drift=0.2)
    assert find_run_findings("run", layers) == []


def test_where_nothing_moves_nothing_is_said() -> None:
    layers = make_run(**dict.fromkeys(make_run(), 0.0))
    assert find_run_findings("run", layers) == []


def test_a_still_norm_after_moving_layers_is_normal() -> None:
    layers = make_run()
    layers["norm"] = make_layer("norm", "BatchNorm1d", 8, drift=0.0)
    layers["second_head"] = make_layer("second_head", "Linear", 9, drift=0.0)
    assert find_run_findings("run", layers) == []

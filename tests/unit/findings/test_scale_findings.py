"""Scales that explode, vanish or spike, over the steps and over the depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.findings import (
    find_run_findings,
)
from tests.unit.findings.trainings import (
    ONSET,
    VALUES,
    after,
    make_layer,
    make_run,
    only,
)


def test_exploding_names_the_step_at_which_it_began() -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 1.5 ** max(index - ONSET, 0)

    finding = find_run_findings("run", make_run({"linear1": grow}))[0]
    assert (finding.kind, finding.layers) == ("exploding", ("linear1",))
    assert ONSET <= finding.first_step <= ONSET + 6
    assert finding.figures["growth"] > 50


def test_a_number_is_named_as_a_layer() -> None:
    """ "3 and 1 more layer" would read as four of them."""

    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 1.5 ** max(index - ONSET, 0)

    named = make_run({"linear1": grow, "relu1": grow}).values()
    numbered = [(replace(info, layer=str(at)), series) for at, (info, series) in enumerate(named)]
    finding = find_run_findings("run", {info.tag: (info, series) for info, series in numbered})[0]
    assert len(finding.layers) == 2
    assert finding.title.startswith(f"layer {finding.layers[0]} and 1 more layer: ")


def test_logits_that_grow_are_healthy() -> None:
    assert find_run_findings("run", make_run(head=30.0)) == []


def test_too_large_weights_explode_over_the_depth() -> None:
    planted = {
        f"{kind}{block}": lambda v, _, block=block: v * 20.0**block
        for kind in ("linear", "relu")
        for block in range(3)
    }
    planted["head"] = lambda v, _: v * 8000
    finding = find_run_findings("run", make_run(planted))[0]
    assert finding.kind == "exploding"
    assert finding.layers == ("linear1", "linear2", "head")
    assert finding.first_step == 1


def test_vanishing_scale() -> None:
    def shrink(values: np.ndarray, index: int) -> np.ndarray:
        return values * 0.8 ** min(max(index - ONSET, 0), 30)

    finding = find_run_findings("run", make_run({"linear1": shrink}))[0]
    assert (finding.kind, finding.layers) == ("vanishing", ("linear1",))
    assert ONSET <= finding.first_step <= ONSET + 6


def test_a_signal_that_fades_over_the_depth() -> None:
    bias = np.random.default_rng(0).normal(size=VALUES).astype(np.float32)

    def fade(values: np.ndarray, _index: int) -> np.ndarray:
        return bias + 1e-5 * values

    layers = make_run({"linear2": fade, "head": fade})
    told = [f for f in find_run_findings("run", layers) if f.kind == "vanishing"]
    assert only(told).layers == ("linear2", "head")
    # Embeddings of positions depend on no input.
    info, series = layers["linear2"]
    layers["linear2"] = replace(info, type="Embedding"), series
    told = [f for f in find_run_findings("run", layers) if f.kind == "vanishing"]
    assert only(told).layers == ("head",)


def test_vanishing_gradients_name_the_first_layers() -> None:
    layers = {
        f"l{order}": make_layer(
            f"l{order}",
            "Linear",
            order,
            lambda v, _, order=order: v * 10.0 ** (2 * order - 8),
            stream="gradients",
        )
        for order in range(5)
    }
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.layers) == ("vanishing", ("l0", "l1"))


def test_spikes_and_crashes_are_counted() -> None:
    def spike(values: np.ndarray, index: int) -> np.ndarray:
        return values * (20 if index >= ONSET and (index - ONSET) % 16 == 0 else 1)

    finding = only(find_run_findings("run", make_run({"linear1": spike})))
    assert finding.kind == "spike_and_crash"
    assert finding.figures["cycles"] == 5
    assert finding.first_step == ONSET + 1


@pytest.mark.parametrize(("layer", "kinds"), [("linear1", ["exploding"]), ("head", [])])
def test_outputs_of_the_last_layer_may_be_as_large_as_targets_are(
    layer: str, kinds: list[str]
) -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 1.08 ** min(index, 56)

    findings = find_run_findings("run", make_run({layer: grow}, **{layer: 0.0}))
    assert [each.kind for each in findings if each.kind == "exploding"] == kinds
    if findings:
        assert findings[0].layers == (layer,)
        assert findings[0].threshold["level"] == 20


@pytest.mark.parametrize(("kind", "found"), [("Tanh", True), ("Identity", False)])
def test_outputs_of_the_last_layer_that_a_tanh_bounds(kind: str, found: bool) -> None:
    """They are no larger for large targets."""

    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 1.08 ** min(index, 56)

    layers = make_run({"head": grow}, head=0.0)
    order = layers["head"][0].order + 1
    end = make_layer("end", kind, order, lambda v, i: np.tanh(grow(v, i)))
    findings = find_run_findings("run", {**layers, "end": end})
    assert [each.layers for each in findings if each.kind == "exploding"] == [("head",)] * found


def test_slow_growth_before_a_crash_is_not_where_the_trouble_begins() -> None:
    def crash(values: np.ndarray, index: int) -> np.ndarray:
        bad = index >= ONSET and (index - ONSET) % 16 == 0
        return values * (2 ** (4 * min(index / 40, 1))) / (16 if bad else 1)

    finding = only(find_run_findings("run", make_run({"head": crash}, head=0.0)))
    assert finding.kind == "spike_and_crash"
    assert abs(finding.first_step - (ONSET + 1)) <= 1


def test_a_scale_that_crashes_and_only_comes_back_is_an_info() -> None:
    def crash(values: np.ndarray, index: int) -> np.ndarray:
        return values * (0.05 if index >= 40 and index % 8 < 4 else 1.0)

    found = find_run_findings("run", make_run({"linear1": crash}, linear1=0.0))
    assert [f.severity for f in found if f.kind == "spike_and_crash"] == ["info"]


def test_a_scale_that_jumps_once_and_swings_below_the_start_later_is_an_info() -> None:
    """As that of a critic's values, whose first updates are large."""

    def swing(values: np.ndarray, index: int) -> np.ndarray:
        return values * (6.0 if index == 2 else 0.1 if index % 8 > 4 else 0.9)

    found = find_run_findings("run", make_run({"head": swing}, head=0.0))
    assert [f.severity for f in found if f.kind == "spike_and_crash"] == ["info"]


def test_two_spikes_are_not_yet_cycles() -> None:
    def spike(values: np.ndarray, index: int) -> np.ndarray:
        return values * (20 if index in (ONSET, ONSET + 30) else 1)

    assert find_run_findings("run", make_run({"linear1": spike})) == []


def test_a_climb_that_takes_many_records_is_distinguished_from_its_begin() -> None:
    def climb(values: np.ndarray, index: int) -> np.ndarray:
        return values * np.float32(60 if 5 <= index < 100 else 270 if index >= 100 else 0.5)

    finding = only(
        [f for f in find_run_findings("run", make_run({"linear1": climb})) if f.severity == "error"]
    )
    assert (finding.kind, finding.first_step) == ("exploding", 6)


def test_gradients_that_explode() -> None:
    layers = {
        name: make_layer(
            name, "Linear", order, after(ONSET, lambda v: v * 1e5), stream="gradients", drift=0.0
        )
        for order, name in enumerate(("first", "second"))
    }
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.severity) == ("exploding", "warning")
    assert finding.layers == ("second", "first")
    assert finding.first_step == ONSET + 1


def test_an_embedding_that_starts_far_too_large() -> None:
    layers = {"emb": make_layer("emb", "Embedding", 0, lambda v, _: v * 200)}
    finding = only([f for f in find_run_findings("run", layers) if f.severity == "error"])
    assert (finding.kind, finding.first_step) == ("exploding", 1)

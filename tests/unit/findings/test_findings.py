"""Each kind of finding: told where it is planted, with layer, step and figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.findings import (
    FINDING_KINDS,
    SEVERITIES,
    Finding,
    FindingOptions,
    RunFacts,
    find_difference_findings,
    find_run_findings,
)
from tests.unit.findings.trainings import (
    RECORDS,
    VALUES,
    Change,
    Layers,
    after,
    make_layer,
    make_run,
)

ONSET = 60


def only(findings: Sequence[Finding]) -> Finding:
    assert len(findings) == 1, [finding.title for finding in findings]
    return findings[0]


def test_a_healthy_run_has_no_findings() -> None:
    assert find_run_findings("run", make_run()) == []


def test_an_empty_run_has_no_findings() -> None:
    assert find_run_findings("run", {}) == []


def test_nan_is_reported_with_its_first_layer_and_step() -> None:
    def spoil(values: np.ndarray) -> np.ndarray:
        return np.where(np.arange(values.size) < 7, np.nan, values)

    planted = {"relu1": after(ONSET, spoil), "linear2": after(ONSET, spoil)}
    planted["head"] = after(ONSET - 10, lambda v: v)
    finding = only(find_run_findings("run", make_run(planted)))
    assert (finding.kind, finding.severity) == ("non_finite", "error")
    assert finding.layers == ("relu1", "linear2")
    assert (finding.first_step, finding.last_step) == (ONSET + 1, RECORDS)
    assert finding.figures["nans"] == 7
    assert "NaN from step 61" in finding.title


def test_of_gradients_the_last_layer_is_the_first() -> None:
    def spoil(values: np.ndarray) -> np.ndarray:
        return values * np.nan

    layers = {
        name: make_layer(name, "Linear", order, after(ONSET, spoil), stream="gradients")
        for order, name in enumerate(("first", "second"))
    }
    assert only(find_run_findings("run", layers)).layers == ("second", "first")


def test_layers_that_are_never_finite_are_reported_and_break_nothing() -> None:
    never = {f"linear{i}": lambda v, _: v * np.nan for i in range(3)}
    never |= {f"relu{i}": lambda v, _: v * np.nan for i in range(3)}
    findings = find_run_findings("run", make_run(never))
    assert "non_finite" in {finding.kind for finding in findings}


def test_an_attention_mask_is_no_error() -> None:
    layer = make_layer("mask", "Mask", 0, lambda v, _: np.where(v > 0.5, -np.inf, v))
    finding = only(find_run_findings("run", {"mask": layer}))
    assert (finding.kind, finding.severity) == ("non_finite", "info")


def test_a_gradient_that_overflows_once_is_only_a_warning() -> None:
    def overflow(values: np.ndarray, index: int) -> np.ndarray:
        return values * np.inf if index == 3 else values

    layer = make_layer("a", "Linear", 0, overflow, stream="gradients")
    assert only(find_run_findings("run", {"a": layer})).severity == "warning"


@pytest.mark.parametrize("remainder", [0.0, 1e-9])
def test_collapsed_layers_are_one_finding(remainder: float) -> None:
    planted = {name: after(ONSET, lambda v: v * remainder) for name in ("relu1", "relu2")}
    finding = only(find_run_findings("run", make_run(planted)))
    assert (finding.kind, finding.severity) == ("collapsed", "error")
    assert finding.layers == ("relu1", "relu2")
    assert finding.first_step == ONSET + 1
    assert finding.figures["idle_share"] > 0.99
    assert finding.figures["idle_share_before"] < 0.6


@pytest.mark.parametrize(("back", "last"), [((90, 100), RECORDS), (range(90, RECORDS), 90)])
def test_a_collapse_lasts_over_twitches_but_not_over_a_recovery(
    back: Sequence[int], last: int
) -> None:
    def collapse(values: np.ndarray, index: int) -> np.ndarray:
        return values if index < ONSET or index in back else values * 0

    findings = find_run_findings("run", make_run({"relu1": collapse}))
    finding = only([f for f in findings if f.kind == "collapsed"])
    assert (finding.first_step, finding.last_step) == (ONSET + 1, last)


def test_a_residual_branch_that_starts_at_zero_has_not_collapsed() -> None:
    layers = make_run({"linear1": lambda values, index: values * (index >= 2)})
    assert [f for f in find_run_findings("run", layers) if f.severity == "error"] == []


def test_mostly_zero_is_reported_of_relus_only() -> None:
    def thin(values: np.ndarray) -> np.ndarray:
        return np.where(np.arange(values.size) % 20 == 0, np.abs(values), 0)

    layers = make_run({"relu1": after(ONSET, thin)})
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.layers) == ("mostly_zero", ("relu1",))
    assert finding.first_step == ONSET + 1
    assert finding.figures["zero_share"] == pytest.approx(0.975, abs=0.01)
    for kind, told in (("Dropout", False), ("Linear", False), ("BasicBlock", True)):
        layer = make_layer("other", kind, 3, after(ONSET, thin))
        kinds = {f.kind for f in find_run_findings("run", {"other": layer})}
        assert ("mostly_zero" in kinds) is told, kind


def test_few_spikes_are_usual() -> None:
    """Where all values are 0 or 1, as a spiking neuron's."""
    spikes = make_run({"relu1": after(ONSET, lambda v: (np.arange(v.size) % 20 == 0) + 0 * v)})
    both = make_run({"relu1": lambda v, _: (np.arange(v.size) % 20 == 0) + 0 * v})
    assert "mostly_zero" in {f.kind for f in find_run_findings("run", spikes)}
    assert "mostly_zero" not in {f.kind for f in find_run_findings("run", both)}


def test_half_zeros_and_more_are_normal() -> None:
    layers = make_run({"relu1": lambda v, _: np.where(v > 1.2, v, 0)})
    assert find_run_findings("run", layers) == []


@pytest.mark.parametrize("kind", ["Tanh", "Sigmoid"])
def test_saturated(kind: str) -> None:
    def squash(gain: float, values: np.ndarray) -> np.ndarray:
        tanh = np.tanh(gain * values)
        return tanh if kind == "Tanh" else (tanh + 1) / 2

    layers = make_run()
    layers["relu1"] = make_layer(
        "relu1", kind, 3, lambda v, i: squash(100 if i >= ONSET else 0.3, v)
    )
    told = [f for f in find_run_findings("run", layers) if f.kind == "saturated"]
    assert only(told).first_step == ONSET + 1
    assert only(told).figures["end_share"] > 0.9


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        ("ReLU6", lambda v, _: np.clip(v + 9, 0, 6), True),
        ("ReLU6", lambda v, _: np.clip(v, 0, 6), False),
        ("GRU", lambda v, _: np.tanh(100 * v), True),
        ("GRU", lambda v, _: np.tanh(v), False),
        ("RNN", lambda v, _: np.maximum(100 * v, 0), False),
        ("Sigmoid", lambda v, _: 1 / (1 + np.exp(-12 - v)), True),
    ],
)
def test_ends_of_ranges_from_the_start(kind: str, change: Change, told: bool) -> None:
    layers = make_run()
    layers["relu1"] = make_layer("relu1", kind, 3, change)
    found = [f.first_step for f in find_run_findings("run", layers) if f.kind == "saturated"]
    assert found == [1] * told


@pytest.mark.parametrize(
    ("names", "gain", "told"),
    [
        (("attn.qkv",), 4, True),
        (("attn.qkv",), 1, False),
        (("a.q_proj", "a.k_proj"), 4, True),
        (("a.q_proj", "b.k_proj"), 4, False),
        (("a.q_norm", "a.k_norm", "a.q", "a.k"), 1, False),
    ],
)
def test_scores_of_attention_at_the_start(names: tuple[str, ...], gain: int, told: bool) -> None:
    layers = make_run()
    for order, name in enumerate(names):
        layers[name] = make_layer(name, "Linear", order, lambda v, _: gain * v)
    found = [f for f in find_run_findings("run", layers) if "saturated_scores" in f.threshold]
    assert [f.layers for f in found] == [(names[0],)] * told


def test_the_sigmoid_of_an_output_may_saturate() -> None:
    layers = make_run()
    layers["out"] = make_layer("out", "Sigmoid", 7, lambda v, _: (np.tanh(25 * v) + 1) / 2)
    assert find_run_findings("run", layers) == []


def test_exploding_names_the_step_at_which_it_began() -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 1.5 ** max(index - ONSET, 0)

    finding = find_run_findings("run", make_run({"linear1": grow}))[0]
    assert (finding.kind, finding.layers) == ("exploding", ("linear1",))
    assert ONSET <= finding.first_step <= ONSET + 6
    assert finding.figures["growth"] > 50


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


def test_a_short_run_is_not_judged_by_its_weights() -> None:
    layers = {
        key: (info, series.take(slice(40)))
        for key, (info, series) in {
            **make_run(),
            **with_weights(LEARNERS),
            **with_weights([], "weight_gradients"),
        }.items()
    }
    assert find_run_findings("run", layers, facts=TRAINABLE) == []


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


def test_a_climb_that_takes_many_records_is_distinguished_from_its_begin() -> None:
    def climb(values: np.ndarray, index: int) -> np.ndarray:
        return values * np.float32(60 if 5 <= index < 100 else 270 if index >= 100 else 0.5)

    finding = only(
        [f for f in find_run_findings("run", make_run({"linear1": climb})) if f.severity == "error"]
    )
    assert (finding.kind, finding.first_step) == ("exploding", 6)


def test_records_that_become_rarer_are_no_sudden_change() -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * np.float32(2 ** (index / 8))

    kept = [*range(48), *range(48, RECORDS, 16)]
    layers = {
        key: (info, series.take(np.array(kept)))
        for key, (info, series) in make_run({"linear1": grow}).items()
    }
    assert "sudden_change" not in [f.kind for f in find_run_findings("run", layers)]


def test_dropout_has_not_collapsed() -> None:
    layers = make_run()
    layers["drop"] = make_layer("drop", "Dropout", 9, lambda v, _: v * (np.arange(v.size) < 7))
    assert only(find_run_findings("run", layers)).kind == "strong_dropout"


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


def test_where_nothing_moves_nothing_is_said() -> None:
    layers = make_run(**dict.fromkeys(make_run(), 0.0))
    assert find_run_findings("run", layers) == []


def test_a_still_norm_after_moving_layers_is_normal() -> None:
    layers = make_run()
    layers["norm"] = make_layer("norm", "BatchNorm1d", 8, drift=0.0)
    layers["second_head"] = make_layer("second_head", "Linear", 9, drift=0.0)
    assert find_run_findings("run", layers) == []


def test_a_sudden_change() -> None:
    layers = make_run({"linear1": after(ONSET, lambda v: v * 4 + 5)})
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.layers) == ("sudden_change", ("linear1",))
    assert finding.first_step == ONSET + 1


def test_low_precision() -> None:
    layers = {"a": make_layer("a", "Linear", 0, lambda v, _: np.float16(v * 2e-5), dtype="float16")}
    finding = only(find_run_findings("run", layers))
    assert (finding.kind, finding.first_step) == ("low_precision", 1)
    assert finding.figures["share_at_limit"] > 0.9


def test_values_near_the_largest_number_of_a_dtype() -> None:
    layers = {
        "a": make_layer(
            "a",
            "Linear",
            0,
            lambda v, _: np.float16(np.clip(v * 2e4, -65504, 65504)),
            dtype="float16",
        )
    }
    assert "low_precision" in {f.kind for f in find_run_findings("run", layers)}


def test_the_same_values_are_fine_in_wider_dtypes() -> None:
    for dtype in ("float32", "bfloat16"):
        layer = make_layer("a", "Linear", 0, lambda v, _: v * np.float32(2e-5), dtype=dtype)
        assert find_run_findings("run", {"a": layer}) == []


def test_gradients_divided_by_a_loss_scale_say_nothing_of_their_dtype() -> None:
    layer = make_layer(
        "a", "Linear", 0, lambda v, _: v * np.float32(1e-7), dtype="float16", stream="gradients"
    )
    assert find_run_findings("run", {"a": layer}) == []


def test_outlier_features() -> None:
    def one_large(values: np.ndarray) -> np.ndarray:
        large = values.copy()
        large[0] = 5000
        return large

    finding = only(find_run_findings("run", make_run({"linear1": after(ONSET, one_large)})))
    assert (finding.kind, finding.severity) == ("outlier_features", "info")
    assert finding.first_step == ONSET + 1


def test_run_difference_names_where_runs_part() -> None:
    one, other = make_run(), make_run({"linear1": after(64, lambda v: v * 5)})
    finding = only(find_difference_findings({"a": one, "b": other}))
    assert (finding.kind, finding.run, finding.layers) == ("run_difference", "b", ("linear1",))
    assert finding.figures["baseline"] == "a"
    assert abs(finding.first_step - 65) <= 4


def test_a_relu_that_falls_silent_parts_from_one_that_does_not() -> None:
    one, other = make_run(), make_run({"relu1": after(64, lambda v: v * 0)})
    for runs in ({"a": one, "b": other}, {"b": other, "a": one}):
        finding = only(find_difference_findings(runs))
        assert finding.layers == ("relu1",)
        assert abs(finding.first_step - 65) <= 4
        assert finding.figures["zeros_apart"] > 0.4


def add_gradients(run: Layers, change: Callable[[np.ndarray], np.ndarray]) -> Layers:
    names = [info.layer for info, _ in run.values()]
    gradients = [
        make_layer(name, "Linear", order, after(64, change), stream="gradients", drift=0.5)
        for order, name in enumerate(names)
    ]
    return run | {info.tag: (info, series) for info, series in gradients}


def test_of_gradients_that_part_together_the_last_layer_is_the_first() -> None:
    one, other = (add_gradients(make_run(), lambda v, by=by: v * by) for by in (1, 6))
    finding = only(find_difference_findings({"a": one, "b": other}))
    assert finding.layers[0] == "head"
    assert finding.layers[-1] == "linear0"
    assert finding.title.startswith("head (gradients) and 6 more layers: ")


def test_the_forward_pass_comes_before_the_backward_pass() -> None:
    one = add_gradients(make_run(), lambda v: v)
    planted = {"relu1": after(64, lambda v: v * 5), "linear2": after(64, lambda v: v * 5)}
    other = add_gradients(make_run(planted), lambda v: v * 6)
    finding = only(find_difference_findings({"a": one, "b": other}))
    assert finding.tags[:3] == ("activations/relu1", "activations/linear2", "gradients/head")


def test_equal_runs_do_not_differ() -> None:
    assert find_difference_findings({"a": make_run(), "b": make_run()}) == []


def test_a_short_last_batch_neither_hides_nor_makes_a_finding() -> None:
    def batch(values: np.ndarray, index: int) -> np.ndarray:
        changed = values * (0 if index >= ONSET else 1)
        return changed[:20] * 0 + 9 if index % 16 == 15 else changed

    finding = only(find_run_findings("run", make_run({"relu1": batch})))
    assert (finding.kind, finding.first_step) == ("collapsed", ONSET + 1)
    assert finding.last_step == RECORDS - 1


def test_findings_are_plain_json_and_say_what_they_rest_on() -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 3.0 ** max(index - ONSET, 0)

    findings = find_run_findings("run", make_run({"linear1": grow}))
    for finding in findings:
        fields = json.loads(json.dumps(finding.to_dict(), allow_nan=False))
        assert fields["kind"] in FINDING_KINDS
        assert fields["severity"] in SEVERITIES
        assert fields["figures"]
        assert fields["threshold"]
        assert fields["source"]
        assert fields["advice"].endswith(".")
        assert len(fields["layers"]) == len(fields["tags"])
    assert findings


def test_findings_are_sorted_by_severity() -> None:
    planted = {
        "linear0": after(100, lambda v: v * np.nan),
        "relu2": after(20, lambda v: np.where(np.arange(v.size) % 20 == 0, np.abs(v), 0)),
    }
    kinds = [f.kind for f in find_run_findings("run", make_run(planted))]
    assert kinds == ["non_finite", "mostly_zero"]


def test_thresholds_are_options() -> None:
    layers: Layers = make_run()
    strict = FindingOptions(mostly_zero_share=0.3)
    assert {f.kind for f in find_run_findings("run", layers, strict)} == {"mostly_zero"}


def test_a_wrong_threshold_is_refused() -> None:
    with pytest.raises(OptionError, match="collapsed_share must be a number above 0, but got 0"):
        FindingOptions(collapsed_share=0)

"""Each kind of finding: told where it is planted, with layer, step and figures."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.findings import (
    FINDING_KINDS,
    SEVERITIES,
    FindingOptions,
    find_run_findings,
)
from tests.unit.findings.trainings import (
    ONSET,
    RECORDS,
    Change,
    Layers,
    after,
    make_layer,
    make_run,
    only,
)


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


def test_a_finding_begins_with_its_earliest_layer_whichever_layer_names_it() -> None:
    starts = {"relu1": ONSET + 3, "relu2": ONSET}
    planted = {name: after(start, lambda v: v * 0) for name, start in starts.items()}
    finding = only(find_run_findings("run", make_run(planted)))
    assert finding.layers == ("relu1", "relu2")
    assert [first for first, _ in finding.layer_steps] == [ONSET + 4, ONSET + 1]
    assert finding.first_step == ONSET + 1
    assert f"collapsed to zero at step {ONSET + 1}" in finding.title


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

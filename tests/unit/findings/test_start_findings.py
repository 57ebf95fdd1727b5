"""Findings about how a training is set up: inputs, dropout, modes, the last layer, schedules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.loss_form_names import CROSS_ENTROPY
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings import Finding, RunFacts, find_run_findings
from tests.unit.findings.trainings import RECORDS, VALUES, Layers, after, make_layer, make_run


def of_kind(layers: Layers, kind: str, facts: RunFacts | None = None) -> list[Finding]:
    findings = find_run_findings("run", layers, facts=facts or RunFacts())
    return [finding for finding in findings if finding.kind == kind]


@pytest.mark.parametrize(("normed", "severity"), [(False, "warning"), (True, "info")])
def test_inputs_that_are_not_normalised(normed: bool, severity: str) -> None:
    layers = make_run({"linear0": lambda v, _: v * 70})
    if normed:
        info, series = layers["relu0"]
        layers["relu0"] = (replace(info, type="BatchNorm1d"), series)
    (finding,) = of_kind(layers, "unscaled_inputs")
    assert (finding.severity, finding.layers, finding.first_step) == (severity, ("linear0",), 1)
    assert finding.figures["rms"] == pytest.approx(70, rel=0.2)


def test_inputs_of_usual_scale_are_normal() -> None:
    assert of_kind(make_run({"linear0": lambda v, _: v * 10}), "unscaled_inputs") == []


@pytest.mark.parametrize(("kept", "found"), [(0.02, 1), (0.2, 0)])
def test_dropout_that_leaves_next_to_nothing(kept: float, found: int) -> None:
    layers = make_run()
    place = np.arange(VALUES)
    layers["drop"] = make_layer("drop", "Dropout", 7, lambda v, _: v * (place < kept * VALUES))
    findings = of_kind(layers, "strong_dropout")
    # The zeros of a ReLU further ahead, whose outputs are as many, may be among what was dropped.
    zeros = float(layers["relu1"][1].zeros.max()) / VALUES
    least = 1 - kept / (1 - zeros)
    assert [least <= f.figures["dropped_share"] <= 1 - kept for f in findings] == [True] * found


def test_dropout_of_zeros_drops_nothing() -> None:
    """A norm that the model makes before the dropout may well run after it."""
    layers = make_run()
    nothing = lambda v, _: v * 0  # noqa: E731
    layers["dense"] = make_layer("dense", "Linear", 7, nothing)
    layers["norm"] = make_layer("norm", "LayerNorm", 8)
    layers["drop"] = make_layer("drop", "Dropout", 9, nothing)
    assert of_kind(layers, "strong_dropout") == []


@pytest.mark.parametrize(("kind", "found"), [("ReLU", 1), ("Linear", 0)])
def test_a_relu_on_the_logits(kind: str, found: int) -> None:
    layers = make_run()
    info, series = make_layer("last", kind, 7, lambda v, _: v * (np.arange(v.size) % 2 == 0))
    layers["last"] = (replace(info, shape=(VALUES // 10, 10)), series)
    assert [f.severity for f in of_kind(layers, "relu_logits")] == ["warning"] * found


@pytest.mark.parametrize(("kind", "found"), [("Softmax", 1), ("Sigmoid", 1), ("Dropout", 0)])
def test_a_relu_before_the_last_softmax(kind: str, found: int) -> None:
    layers = make_run()
    half = lambda v, _: v * (np.arange(v.size) % 2 == 0)  # noqa: E731
    for order, (name, own, change) in enumerate(
        [("relu", "ReLU", half), ("last", kind, lambda v, _: abs(v))], start=7
    ):
        info, series = make_layer(name, own, order, change)
        layers[name] = (replace(info, shape=(VALUES // 10, 10)), series)
    assert [f.layers for f in of_kind(layers, "relu_logits")] == [("relu",)] * found


def test_a_relu_on_the_logits_is_there_from_the_start() -> None:
    layers = make_run()
    most = after(40, lambda v: v * (np.arange(v.size) % 4 == 0))
    info, series = make_layer("last", "ReLU", 7, lambda v, i: most(abs(v), i))
    layers["last"] = (replace(info, shape=(VALUES // 10, 10)), series)
    (finding,) = of_kind(layers, "relu_logits")
    assert finding.first_step == 1
    assert "from step 41" in finding.title


@pytest.mark.parametrize(("form", "found"), [(CROSS_ENTROPY, 1), ("", 0)])
def test_a_relu_between_logits_and_a_softmax_need_not_cut_off_most(form: str, found: int) -> None:
    layers = make_run()
    info, series = make_layer("last", "ReLU", 7)
    layers["last"] = (replace(info, shape=(VALUES // 10, 10)), series)
    fact = LossGradients("Net", looks=9, first=1, seen=90, form=form, formed=9, classes=10)
    assert len(of_kind(layers, "relu_logits", RunFacts(setup=(fact,)))) == found


@pytest.mark.parametrize(("end", "found"), [(50, 1), (10, 1), (120, 0)])
def test_updates_that_end_long_before_the_run(end: int, found: int) -> None:
    layers = make_run()
    for order, name in enumerate(("linear0", "linear1")):
        change = after(end, lambda v: v * 1e-6)
        info, series = make_layer(f"{name}.weight", "Linear", order, change, stream="updates")
        layers[f"updates/{name}"] = (replace(info, shape=(VALUES // 20, 20)), series)
    findings = of_kind(layers, "stopped_learning")
    assert [f.first_step for f in findings] == [end + 1] * found


@pytest.mark.parametrize(("shape", "found"), [((100, 8), 1), ((VALUES,), 0)])
def test_a_softmax_that_chooses_from_the_first_record_on(
    shape: tuple[int, ...], found: int
) -> None:
    one_hot = (np.arange(VALUES) % 8 == 0).astype(np.float32)
    info, series = make_layer("attn", "Softmax", 1, lambda _, __: one_hot)
    layers = {**make_run(), "attn": (replace(info, shape=shape), series)}
    findings = [f for f in of_kind(layers, "saturated") if f.layers == ("attn",)]
    assert [f.figures["one_share"] for f in findings] == [1.0] * found
    assert all("square root of the heads' width" in f.causes[0] for f in findings)


def test_a_model_in_eval_mode_is_reported() -> None:
    facts = RunFacts(silent=("0", "1"), eval_layers=("0", "1"))
    (finding,) = find_run_findings("run", {}, facts=facts)
    assert (finding.kind, finding.severity, finding.layers) == ("eval_mode", "warning", ("0", "1"))
    assert "all are in eval mode" in finding.title
    (other,) = find_run_findings("run", {}, facts=replace(facts, eval_layers=()))
    assert "another model is trained" in other.title
    (alike,) = find_run_findings("run", {}, facts=replace(facts, same_in_eval=True))
    assert alike.severity == "info"


@pytest.mark.parametrize(("scale", "told"), [(40.0, True), (0.02, True), (1.5, False)])
def test_other_outputs_in_eval_mode_are_reported(scale: float, told: bool) -> None:
    layers = make_run()
    info, series = make_layer("linear1", "Linear", 2, lambda v, _: scale * v)
    layers["eval/linear1"] = (replace(info, phase="eval"), series.take(slice(9, None, 10)))
    found = of_kind(layers, "eval_mode")
    assert [(f.layers, f.severity) for f in found] == [(("linear1",), "warning")] * told


def test_norms_in_eval_mode_while_the_rest_trains_are_worth_knowing() -> None:
    facts = RunFacts(silent=("bn",), eval_layers=("bn",), trainable=frozenset({"bn.weight"}))
    (finding,) = of_kind(make_run(), "eval_mode", facts)
    assert (finding.severity, finding.layers) == ("info", ("bn",))
    frozen = replace(facts, trainable=frozenset(), frozen=frozenset({"bn.weight"}))
    assert of_kind(make_run(), "eval_mode", frozen) == []


def updates_of(name: str, records: int = RECORDS) -> Layers:
    return {"updates": make_layer(f"{name}.weight", "Linear", 0, records=records, stream="updates")}


@pytest.mark.parametrize(("trained", "found"), [(RECORDS, 1), (40, 0)])
def test_a_model_that_stays_in_eval_mode_while_it_is_trained(trained: int, found: int) -> None:
    layers = {key: (info, own.take(slice(40))) for key, (info, own) in make_run().items()}
    names = tuple(info.layer for info, _ in layers.values())
    facts = RunFacts(eval_layers=names, last_step=RECORDS)
    findings = of_kind({**layers, **updates_of("linear0", trained)}, "eval_mode", facts)
    assert [(f.severity, f.first_step, f.last_step) for f in findings] == [
        ("warning", 41, RECORDS)
    ] * found


def test_layers_that_stay_in_eval_mode_while_the_rest_trains() -> None:
    layers = make_run()
    info, series = layers["linear1"]
    layers["linear1"] = (info, series.take(slice(40)))
    facts = RunFacts(eval_layers=("linear1",), trainable=frozenset({"linear1.weight"}))
    (finding,) = of_kind(layers, "eval_mode", facts)
    assert (finding.severity, finding.layers, finding.first_step) == ("info", ("linear1",), 41)
    assert of_kind(make_run(), "eval_mode", facts) == []


def test_a_network_that_starts_tiny() -> None:
    names = make_run()
    layers = make_run({name: lambda v, _: v * np.float32(1e-4) for name in names})
    (finding,) = of_kind(layers, "vanishing")
    assert finding.first_step == finding.last_step == 1
    assert len(finding.layers) == 4


def test_a_latent_that_shrinks_while_its_neighbours_do_not() -> None:
    layers = make_run({"linear1": lambda v, index: v / np.float32(1 + index / 12)})
    (finding,) = of_kind(layers, "vanishing")
    assert finding.layers == ("linear1",)
    assert finding.figures["decay"] > 4
    both = dict.fromkeys(("linear0", "linear1"), lambda v, index: v / np.float32(1 + index / 12))
    assert of_kind(make_run(both), "vanishing") == []


@pytest.mark.parametrize(("names", "found"), [("1 2", 2), ("1 2 3", 0), ("3 4", 0), ("0 1", 0)])
def test_means_and_variances_of_a_latent_shrink_together(names: str, found: int) -> None:
    """Side by side, between layers that do not: nowhere else do two of them."""
    layers = make_run()
    for place in range(5):
        falls = str(place) in names
        layers[f"linear{place}"] = make_layer(
            f"linear{place}", "Linear", 10 + place,
            (lambda v, index: v / np.float32(1 + index / 12)) if falls else (lambda v, _: v),
        )  # fmt: skip
    own = {f"linear{place}": layers[f"linear{place}"] for place in range(5)}
    assert len(of_kind(own, "vanishing")) == found


@pytest.mark.parametrize(
    ("names", "severity"),
    [
        (("enter", "blocks.0.out", "blocks.1.out"), "info"),
        (("enter", "coder.0.out", "coder.1.in"), "warning"),
        (("0", "2", "4"), "warning"),
    ],
)
def test_a_block_of_a_stack_that_is_not_needed_fades(names: tuple[str, ...], severity: str) -> None:
    """So does attention where the last token says all, after norms that keep the scale."""
    own = {
        name: make_layer(
            name, "Linear", place, lambda v, index, by=int(place == 1): v / (1 + by * index / 12)
        )
        for place, name in enumerate(names)
    }
    (finding,) = of_kind(own, "vanishing")
    assert (finding.layers, finding.severity) == ((names[1],), severity)

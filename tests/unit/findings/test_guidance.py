"""What is said of a finding: causes by pattern, code that is Python, figures by their meaning."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.loss_history import LossHistory
from tb_activation_hist.core.names import LayerInfo
from tb_activation_hist.core.parameter_sizes import NO_SIZES
from tb_activation_hist.core.setup_facts import LossGradients, OptimizerGroup
from tb_activation_hist.findings import FINDING_KINDS, Finding, find_run_findings, rules
from tb_activation_hist.findings.evidence import FIGURES, figures_to_evidence
from tb_activation_hist.findings.guidance.choose import PATTERNS, guide
from tb_activation_hist.findings.guidance.guidance import Case, Guidance
from tb_activation_hist.findings.guidance.network import (
    UNKNOWN_NETWORK,
    Network,
    describe_network,
)
from tb_activation_hist.findings.run_facts import RunFacts
from tb_activation_hist.findings.run_signals import to_run_signals
from tests.unit.findings.trainings import (
    Change,
    Layers,
    after,
    make_layer,
    make_run,
    records_to_series,
)

ALL = [(kind, own) for kind, patterns in PATTERNS.items() for _, own in patterns]


def first_of(layers: Layers, kind: str) -> Finding:
    return next(f for f in find_run_findings("run", layers) if f.kind == kind)


def nan(values: np.ndarray) -> np.ndarray:
    return values * np.nan


@pytest.mark.parametrize(("kind", "guidance"), ALL)
def test_texts_are_sentences_and_code_is_python(kind: str, guidance: Guidance) -> None:
    assert kind in FINDING_KINDS
    told = guidance.fill("conv1", 7)
    assert len(told.causes) in (0, 2, 3)
    for cause in told.causes:
        assert not cause.endswith(".")
    for text in (told.remedy, told.check, told.advice):
        assert text[0].isupper()
        assert text.endswith(".")
    assert "<layer>" not in repr(told)
    ast.parse(told.code)
    # A report's margin and the code fit into a terminal of 80 characters.
    assert all(len(line) <= 69 for line in told.code.splitlines())


@pytest.mark.parametrize("kind", PATTERNS)
def test_the_last_pattern_of_a_kind_always_holds(kind: str) -> None:
    last = PATTERNS[kind][-1][0]
    assert last.__name__ == "always"


@pytest.mark.parametrize(
    ("name", "cause"),
    [("linear0", "in the batch"), ("linear2", "logarithm, square root or division")],
)
def test_nan_in_the_first_layer_comes_from_the_batch(name: str, cause: str) -> None:
    finding = first_of(make_run({name: after(60, nan)}), "non_finite")
    assert cause in finding.causes[0]
    assert finding.causes[0] in finding.advice
    assert "step 61" in finding.check


@pytest.mark.parametrize(
    ("stream", "dtype", "cause"),
    [
        ("updates", "float16", "epsilon of 1e-8, which becomes 0 in float16"),
        ("updates", "float32", "gradients of this step"),
        ("gradients", "float32", "derivative"),
        ("activations", "float16", "in the batch"),
    ],
)
def test_nan_has_other_causes_in_other_series(stream: str, dtype: str, cause: str) -> None:
    layer = make_layer("a", "Linear", 0, after(3, nan), stream=stream, dtype=dtype)
    assert cause in first_of({"a": layer}, "non_finite").causes[0]


@pytest.mark.parametrize(("step", "cause"), [(60, "a loss that was NaN"), (61, "in the batch")])
def test_nan_after_a_loss_that_was_not_finite_comes_from_it(step: int, cause: str) -> None:
    """Of the step of the layer's first NaN both are: there the loss follows from the layer."""
    loss = LossHistory("loss", tuple(range(1, 81)), (1.0,) * 80, 1, step)
    run = make_run({"linear0": after(60, nan)})
    findings = find_run_findings("run", run, facts=RunFacts(losses=(loss,)))
    assert findings[0].kind == "non_finite" and "linear0" in findings[0].layers
    assert cause in findings[0].causes[0]


def test_nan_after_an_explosion_is_its_end() -> None:
    def grow(values: np.ndarray, index: int) -> np.ndarray:
        return values * 1.5 ** max(index - 60, 0) * (np.nan if index > 110 else 1)

    findings = find_run_findings("run", make_run({"linear1": grow}))
    assert [f.kind for f in findings][:2] == ["exploding", "non_finite"]
    assert {f.incident for f in findings} == {1}
    assert "values that grew" in findings[1].causes[0]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda v, _: v * 0, "biases far below zero"),
        (after(60, lambda v: v * 0), "learning rate that was too high at this step"),
    ],
)
def test_zeros_from_the_start_have_other_causes(
    change: Callable[[np.ndarray, int], np.ndarray], cause: str
) -> None:
    assert cause in first_of(make_run({"relu1": change}), "collapsed").causes[0]


@pytest.mark.parametrize(
    ("kind", "limit", "network", "cause"),
    [
        ("exploding", "growth", Network(first_loss=4e4), "targets or rewards"),
        ("exploding", "growth", Network(first_loss=2.3), "a learning rate"),
        ("exploding", "growth", UNKNOWN_NETWORK, "a learning rate"),
        (
            "collapsed",
            "equal_outputs",
            Network(layers=14, has_norms=False),
            "without norms or skip",
        ),
        ("collapsed", "equal_outputs", Network(layers=14), "inputs far outside"),
        ("vanishing", "vanishing_decay", Network(layers=5), "as the KL term of a VAE does"),
        ("vanishing", "vanishing_decay", Network(layers=2), "weight decay"),
        ("vanishing", "vanishing_decay", Network(layers=2, decays=False), "weights that are clip"),
        ("vanishing", "vanishing_beside", Network(layers=5, classifies=True), "weight decay"),
        (
            "vanishing",
            "vanishing_beside",
            Network(layers=5, classifies=True, decays=False),
            "a penalty of the weights",
        ),
        ("collapsed", "equal_outputs", Network(7, 6, has_norms=False), "a chain of sigmoids"),
    ],
)
def test_causes_depend_on_the_network(kind: str, limit: str, network: Network, cause: str) -> None:
    known = first_of(make_run({"linear0": after(60, nan)}), "non_finite")
    finding = replace(known, kind=kind, threshold={limit: 1.0}, first_step=1)
    case = Case(finding, LayerInfo("a"), in_front=False, from_start=True, network=network)
    assert cause in guide(case).causes[0]


@pytest.mark.parametrize(("formed", "decay"), [(9, 0.0), (0, 0.1)])
def test_what_a_network_is_trained_for_and_with(formed: int, decay: float) -> None:
    loss = LossGradients("Net", looks=10, formed=formed, form="cross_entropy")
    group = OptimizerGroup("SGD", 1, 1, 6, {"lr": 0.1, "weight_decay": decay})
    network = describe_network(to_run_signals([], RunFacts(setup=(loss, group)), NO_SIZES))
    assert (network.classifies, network.decays) == (formed > 0, decay > 0)


def test_a_model_in_float16_breaks_in_its_first_updates() -> None:
    finding = first_of(make_run({"linear0": after(1, nan)}), "non_finite")
    network = Network(weights_dtype="float16")
    case = Case(finding, LayerInfo("linear0"), in_front=True, from_start=False, network=network)
    assert "epsilon of 1e-8" in guide(case).causes[0]
    assert "in the batch" in finding.causes[0]


def test_evidence_names_figures_by_their_meaning() -> None:
    finding = first_of(make_run({"relu1": after(60, lambda v: v * 0)}), "collapsed")
    shown = {each.label: (each.value, each.limit) for each in finding.evidence}
    assert shown["values that are zero or tiny"] == ("100 %", "99 %")
    assert shown["records that show it"] == ("68", "")
    assert finding.to_dict()["evidence"][0]["limit"] == "99 %"


def test_figures_of_any_kind_are_shown() -> None:
    figures = {"growth": 450.0, "rms": float("inf"), "new_figure": 3, "steps": [1, 2]}
    growth, rms, new = figures_to_evidence(figures, {"growth": 50.0, "new_figure": 2})
    assert growth == ("growth of the size", "450 times", "50 times")
    assert rms.value == "not finite"
    assert new == ("new figure", "3", "2")
    assert not any(name in figure.label for name, figure in FIGURES.items() if "_" in name)


@pytest.mark.parametrize(
    ("optimized", "gradient", "cause"),
    [
        (False, 0.1, "optimizer.step() that is never called"),
        (True, None, "a loss that was detached"),
        (True, 0.0, "round(), argmax()"),
        (True, 0.1, "a learning rate that is far too low"),
    ],
)
def test_what_is_known_of_gradients_and_optimizer_tells_why_nothing_learns(
    optimized: bool, gradient: float | None, cause: str
) -> None:
    def still(size: float, kind: str, dtype: str = "float32") -> tuple[LayerInfo, HistogramSeries]:
        steps = range(0 if kind == "weights" else 1, 60)
        info = LayerInfo(
            "linear1.weight", kind, order=2, type="Linear", shape=(20, 25), dtype=dtype
        )
        matrix = np.random.default_rng(0).normal(size=500).astype(np.float32)
        return info, records_to_series([np.float32(size) * matrix] * len(steps))

    for dtype in ("float32", "bfloat16"):
        layers = {**make_run(), "weights": still(0.2, "weights", dtype)}
        if gradient is not None:
            layers["gradients"] = still(gradient, "weight_gradients", dtype)
        if optimized:
            layers["updates"] = still(0.0, "updates", dtype)
        finding = first_of(layers, "not_learning")
        assert finding.severity == "error"
        rounded = dtype == "bfloat16" and gradient
        assert finding.causes[0].startswith("weights kept in bfloat16" if rounded else cause)


def figures_in_code() -> set[str]:
    """Names in the dictionaries of figures that the rules write."""
    names: set[str] = set()
    for file in Path(rules.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                given = [each.value for each in node.keywords if each.arg == "figures"]
                given += node.args[1:] if getattr(node.func, "id", "").endswith("_hit") else []
                keys = [key for each in given if isinstance(each, ast.Dict) for key in each.keys]
                names |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    return names


def test_every_figure_of_a_rule_has_a_meaning() -> None:
    names = figures_in_code()
    assert {"one_share", "update_share", "frozen_layers", "dropped_share"} <= names
    lists = {"distances", "first_steps"}  # parallel to the layers, and no evidence
    assert names - lists <= set(FIGURES)


@pytest.mark.parametrize(
    ("changes", "kind", "cause"),
    [
        ({"linear0": lambda v, _: v * 500}, "exploding", "embedding"),
        (dict.fromkeys(make_run(), lambda v, _: v * np.float32(1e-4)), "vanishing", "too small"),
        ({"linear1": lambda v, at: v / np.float32(1 + at / 12)}, "vanishing", "KL term"),
    ],
)
def test_scales_at_the_start_and_latents_have_causes_of_their_own(
    changes: Mapping[str, Change], kind: str, cause: str
) -> None:
    layers = make_run(changes)
    if kind == "exploding":
        info, series = layers["linear0"]
        layers["linear0"] = (replace(info, type="Embedding"), series)
    assert cause in first_of(layers, kind).causes[0]


def test_every_kind_has_guidance() -> None:
    assert set(PATTERNS) == set(FINDING_KINDS)


def test_an_embedding_that_is_large_over_the_depth_is_not_measured_by_its_width() -> None:
    run = make_run({"linear2": lambda values, _: values * np.float32(1e3)})
    info, series = run["linear2"]
    run["linear2"] = (replace(info, type="Embedding"), series)
    finding = first_of(run, "exploding")
    assert "embedding" in finding.causes[0]
    assert "embedding.weight" in finding.code


@pytest.mark.parametrize(
    ("shift", "gain", "cause"), [(-20, 1, "biases far from zero"), (0, 90, "not normalised")]
)
def test_a_gate_that_begins_shut_has_other_causes_than_one_that_inputs_drive(
    shift: float, gain: float, cause: str
) -> None:
    layers = make_run()
    layers["relu1"] = make_layer("relu1", "Sigmoid", 3, lambda v, _: sigmoid(gain * v + shift))
    assert cause in first_of(layers, "saturated").causes[0]


def sigmoid(values: np.ndarray) -> np.ndarray:
    return (np.tanh(values / 2) + 1) / 2


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("ReLU", "biases far below zero"),
        ("LayerNorm", "norms' weights"),
        ("Linear", "weights initialised at 0"),
    ],
)
def test_zeros_from_the_start_have_causes_by_the_type_of_the_layer(kind: str, cause: str) -> None:
    layers = make_run()
    layers["relu1"] = make_layer("relu1", kind, 3, lambda v, _: v * 0)
    assert cause in first_of(layers, "collapsed").causes[0]


@pytest.mark.parametrize(("records", "cause"), [(1, "rate that is too high"), (30, "weight decay")])
def test_what_falls_at_once_was_thrown_back(records: int, cause: str) -> None:
    falls = lambda v, index: v / 100 ** min(max(index - 60, 0) / records, 1)  # noqa: E731
    finding = first_of(make_run({"linear1": falls, "relu1": falls}, head=0.0), "vanishing")
    assert cause in finding.causes[0]

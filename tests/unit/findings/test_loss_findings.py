"""What the logged loss and the gradients that it gives the outputs say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tb_activation_hist.core.input_facts import InputFacts
from tb_activation_hist.core.loss_form_names import BINARY, CROSS_ENTROPY
from tb_activation_hist.core.setup_facts import LossGradients, OptimizerGroup
from tb_activation_hist.findings import RunFacts, find_run_findings
from tests.unit.findings.setup_trainings import (
    CHANCE,
    adam,
    classifier,
    find,
    loss,
)
from tests.unit.findings.trainings import make_layer, make_run


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        ({"judged": 9, "shared": 9, "levels": 9}, "loss_mismatch"),
        ({"judged": 9, "shared": 8, "levels": 8}, ""),
        ({"judged": 9, "shared": 9, "levels": 2}, ""),
        ({"judged": 3, "shared": 3, "levels": 3}, ""),
        ({"form": "cross_entropy", "formed": 9, "normalised": 9}, "loss_mismatch"),
        ({"form": "cross_entropy", "formed": 9, "normalised": 2}, ""),
        ({"form": "cross_entropy", "formed": 4, "normalised": 4}, ""),
        ({"form": "nll_loss", "formed": 9}, "loss_mismatch"),
        ({"form": "nll_loss", "formed": 9, "normalised": 9}, ""),
        ({"below_zero": 7, "since": 1, "after": 9}, "loss_mismatch"),
        ({"beyond_range": 5, "since": 1, "after": 9}, ""),
        ({"labels": 9, "likeness": {"within": 0.9, "across": 0.1}}, "unshuffled_input"),
        ({"labels": 9, "likeness": {"within": 0.9, "across": 0.88}}, ""),
    ],
)
def test_gradients_of_outputs_that_do_not_fit_the_loss(fact: dict[str, Any], kind: str) -> None:
    found = find(adam(), LossGradients("Net", looks=9, first=1, seen=90, **fact))
    assert [(f.kind, f.severity) for f in found] == [(kind, "warning")] * bool(kind)


@pytest.mark.parametrize(("same", "found"), [(89, ["constant_input"]), (50, ["unshuffled_input"])])
def test_the_classes_of_a_full_batch_are_in_no_order(same: int, found: list[str]) -> None:
    """Which of its samples have a gradient still changes, as with a graph that is one batch."""
    info, series = make_layer("Net", "Linear", 0, drift=0.0, stream="inputs")
    told = LossGradients(
        "Net", looks=9, first=1, seen=90, labels=9, likeness={"within": 0.9, "across": 0.1}
    )
    inputs = InputFacts(1, 90, 89, same, 1 if same == 89 else 0, 9, 0, 0, 0, info.tag)
    facts = RunFacts(setup=(adam(), told), inputs=(inputs,))
    layers = {**make_run(), "inputs": (info, series)}
    assert [f.kind for f in find_run_findings("run", layers, facts=facts)] == found


@pytest.mark.parametrize(
    ("looks", "others", "found"), [(2, 0, 1), (1, 0, 0), (2, 1, 0)], ids=["two", "one", "others"]
)
def test_two_looks_that_tell_of_the_one_model(looks: int, others: int, found: int) -> None:
    """The rest show outputs that are nearly alike; another model may give the targets."""
    told = LossGradients("Net", 14, 1, 1, 90, judged=looks, shared=looks, levels=looks)
    group = OptimizerGroup("SGD", 1, 1, 6, {"lr": 0.1}, others)
    assert [f.kind for f in find(group, told)] == ["loss_mismatch"] * found


@pytest.mark.parametrize(
    ("form", "formed", "found"), [("", 0, 1), (CROSS_ENTROPY, 14, 0)], ids=["none", "of classes"]
)
def test_a_softmax_over_the_batch_in_half_of_the_looks(form: str, formed: int, found: int) -> None:
    """Of outputs near 0, gradients add up to 0 in either direction, so that nothing is told."""
    told = LossGradients("Net", 14, 1, 1, 90, over_batch=8, form=form, formed=formed, classes=10)
    assert [f.kind for f in find(adam(), told)] == ["loss_mismatch"] * found


@pytest.mark.parametrize(
    ("means", "found"),
    [
        ([math.log(2)] * 40, ["not_learning"]),
        ([math.log(2) + 1e-5 * (at % 3) for at in range(40)], []),
        ([0.0] * 40, []),
        ([math.log(2)] * 16, ["not_learning"]),
        ([math.log(2)] * 15, []),
    ],
)
def test_a_loss_that_is_one_number(means: list[float], found: list[str]) -> None:
    """As that of a policy beside a reference that is the policy itself."""
    own = [f for f in find(adam(), losses=(loss(*means),)) if "constant_loss" in f.threshold]
    assert [f.kind for f in own] == found


@pytest.mark.parametrize(("form", "found"), [("", 1), (BINARY, 1), (CROSS_ENTROPY, 0)])
def test_a_cross_entropy_asks_for_no_output_below_0(form: str, found: int) -> None:
    """Only for others that are larger; a network that ends in a ReLU, as SqueezeNet, can do so."""
    below = LossGradients(
        "Net", looks=9, first=1, seen=90, below_zero=9, since=1, after=9, form=form, formed=9
    )
    assert [f.kind for f in find(adam(), below)] == ["loss_mismatch"] * found


@pytest.mark.parametrize("groups", [[OptimizerGroup("SGD", 1, 1, 6, {"lr": 0.1}, 2)], []])
def test_targets_out_of_range_are_none_where_another_network_may_follow(
    groups: list[OptimizerGroup],
) -> None:
    beyond = LossGradients("Net", looks=9, first=1, seen=90, below_zero=9, since=1, after=9)
    assert find(*groups, beyond) == []


@pytest.mark.parametrize(
    ("end", "kinds"),
    [(CHANCE, ["not_learning"]), (2 * CHANCE, ["loss_rises"]), (0.8 * CHANCE, []), (0.1, [])],
)
def test_a_loss_at_chance_and_one_that_rises(end: float, kinds: list[str]) -> None:
    means = np.linspace(CHANCE, end, 80)
    findings = find(losses=(loss(*means),), layers=classifier())
    assert [f.kind for f in findings] == kinds
    assert all((f.severity == "info") == (f.kind == "not_learning") for f in findings)
    # A recording of an earlier version has the loss's form, but not its number of classes.
    older = LossGradients("Net", looks=9, first=1, seen=90, form=CROSS_ENTROPY, formed=9)
    assert find(older, losses=(loss(*means),), layers=classifier()) == findings
    # A loss of another size says nothing, nor does one of several.
    assert find(losses=(loss(*(means * 3)),), layers=classifier()) == []
    assert find(losses=(loss(*means), loss(*means)), layers=classifier()) == []


@pytest.mark.parametrize(
    ("lowest", "end", "found"),
    [
        (0.2, CHANCE, 1),
        (0.2, 0.9 * CHANCE, 0),
        (0.6 * CHANCE, CHANCE, 0),
        (0.2, 0.2, 0),
    ],
)
def test_a_loss_that_climbs_back_above_that_of_guessing(
    lowest: float, end: float, found: int
) -> None:
    means = loss(*np.linspace(CHANCE, lowest, 30), *[lowest] * 9, *[end] * 21)
    findings = [f for f in find(losses=(means,), layers=classifier()) if f.kind == "loss_rises"]
    assert [f.first_step for f in findings] == [40] * found
    assert all("is lost from step 40" in f.title for f in findings)


def test_a_spell_above_guessing_that_passes_is_not_reported() -> None:
    means = [CHANCE, *[0.2] * 29, *[4.0] * 20, *[0.2] * 10]
    assert find(losses=(loss(*means),), layers=classifier()) == []


@pytest.mark.parametrize(
    ("means", "severity"),
    [((1.0,) * 40 + (math.nan,) * 20, "error"), ((1.0,) * 60, "warning")],
)
def test_a_loss_that_is_not_finite(means: tuple[float, ...], severity: str) -> None:
    (finding,) = find(losses=(loss(*means, non_finite=41),))
    assert (finding.kind, finding.severity, finding.first_step) == ("non_finite", severity, 41)
    assert "targets" in finding.causes[0]
    head = make_layer("head", "Linear", 6, lambda v, i: v * (np.nan if i >= 41 else 1.0))
    (finding,) = find(losses=(loss(*means, non_finite=41),), layers={"head": head})
    assert "loss" not in finding.title

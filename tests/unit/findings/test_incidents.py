"""Findings of one cause are one incident: the cause first, then what followed."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import groupby

import pytest

from tb_activation_hist.findings.consequences import LEADS_TO, drop_consequences
from tb_activation_hist.findings.finding import SEVERITIES, Finding
from tb_activation_hist.findings.incidents import SPREAD, LiveIncidents, to_incidents
from tb_activation_hist.findings.registry import FINDING_KINDS, RUN_RULE_OF, WATCHED_KINDS

STEPS = 400


def make_finding(
    kind: str,
    first: int,
    last: int = STEPS,
    layer: str = "conv1",
    stream: str = "activations",
    severity: str = "",
) -> Finding:
    return Finding(
        kind=kind,
        run="run",
        layers=(layer,),
        tags=(f"{stream}/{layer}",),
        first_step=first,
        last_step=last,
        severity=severity or RUN_RULE_OF[kind].severity,
        title=f"{layer}: {kind}",
        advice="",
    )


def incidents_of(*findings: Finding) -> list[list[tuple[str, str]]]:
    """Kind and layer of each finding, by incident."""
    numbered = to_incidents(findings, 1, STEPS)
    groups = groupby(numbered, key=lambda finding: finding.incident)
    return [[(f.kind, f.layers[0]) for f in group] for _, group in groups]


def kinds_of(*findings: Finding) -> list[list[str]]:
    return [[kind for kind, _ in group] for group in incidents_of(*findings)]


def test_nan_spreads_from_updates_to_weights_to_activations() -> None:
    assert incidents_of(
        make_finding("non_finite", 2),
        make_finding("non_finite", 1, stream="weights", layer="conv1.weight"),
        make_finding("non_finite", 1, stream="updates", layer="conv1.bias"),
    ) == [[("non_finite", "conv1.bias"), ("non_finite", "conv1.weight"), ("non_finite", "conv1")]]


def test_a_judge_that_does_not_learn_lets_its_generator_run_away() -> None:
    judge = make_finding("not_learning", 1, layer="judge.0")
    for step in (8, 60):
        away = make_finding("exploding", step, layer="generator.2", severity="error")
        slow = replace(judge, threshold={"slow_rate": 1000.0})
        assert kinds_of(away, slow) == [["not_learning", "exploding"]]


def test_in_one_step_the_forward_pass_comes_before_the_backward_pass() -> None:
    streams = ("weights", "gradients", "eval/activations", "updates", "activations")
    found = [make_finding("non_finite", 61, stream=stream) for stream in streams]
    order = [finding.tags[0].rpartition("/")[0] for finding in to_incidents(found, 1, STEPS)]
    assert order == ["activations", "gradients", "updates", "weights", "eval/activations"]


def test_one_event_reported_five_times_is_one_incident() -> None:
    told = [make_finding("sudden_change", 200 + at, layer=f"l{at}") for at in range(5)]
    assert len(incidents_of(*told)) == 1


def test_what_an_explosion_brings_about_is_not_reported_as_its_equal() -> None:
    assert kinds_of(
        make_finding("outlier_features", 120, layer="a"),
        make_finding("spike_and_crash", 60, layer="b"),
        make_finding("exploding", 65),
        make_finding("non_finite", 300),
    ) == [["exploding", "spike_and_crash", "outlier_features", "non_finite"]]


def test_events_apart_are_incidents_of_their_own() -> None:
    assert kinds_of(
        make_finding("sudden_change", 300, layer="head"),
        make_finding("sudden_change", 100),
    ) == [["sudden_change"], ["sudden_change"]]


def test_states_from_the_start_on_need_not_have_one_cause() -> None:
    assert kinds_of(
        make_finding("low_precision", 1, layer="head"),
        make_finding("mostly_zero", 1),
    ) == [["mostly_zero"], ["low_precision"]]


def test_what_is_only_worth_knowing_causes_nothing() -> None:
    mask = make_finding("non_finite", 1, severity="info", layer="mask")
    assert incidents_of(mask, make_finding("non_finite", 50)) == [
        [("non_finite", "conv1")],
        [("non_finite", "mask")],
    ]


def test_an_explosion_that_is_over_long_since_explains_nothing() -> None:
    assert kinds_of(make_finding("exploding", 20, 40), make_finding("saturated", 200)) == [
        ["exploding"],
        ["saturated"],
    ]


def test_the_gravest_incident_comes_first_and_then_the_earliest() -> None:
    assert kinds_of(
        make_finding("outlier_features", 1),
        make_finding("mostly_zero", 1),
        make_finding("collapsed", 300),
        make_finding("non_finite", 200, 210),
    ) == [["non_finite"], ["collapsed"], ["mostly_zero"], ["outlier_features"]]


@pytest.mark.parametrize("seed", range(30))
def test_any_findings_in_any_order_make_the_same_incidents(seed: int) -> None:
    draw = random.Random(seed)
    found = []
    for at in range(draw.randint(1, 12)):
        first = draw.randint(1, STEPS)
        last = draw.randint(first, STEPS)
        severity = draw.choice(SEVERITIES)
        stream = draw.choice(SPREAD)
        found.append(
            make_finding(draw.choice(WATCHED_KINDS), first, last, f"l{at}", stream, severity)
        )
    numbered = to_incidents(found, 1, STEPS)
    assert sorted(f.layers for f in numbered) == sorted(f.layers for f in found)
    numbers = [finding.incident for finding in numbered]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, max(numbers) + 1))
    for _, group in groupby(numbered, key=lambda finding: finding.incident):
        cause, *effects = group
        graver = [f for f in effects if f.severity != "info"]
        assert cause.severity != "info" or not graver
        assert [f.first_step for f in effects] == sorted(f.first_step for f in effects)
    draw.shuffle(found)
    assert to_incidents(found, 1, STEPS) == numbered


def test_what_leads_to_what_are_known_kinds() -> None:
    assert set(LEADS_TO) <= set(FINDING_KINDS)
    assert set().union(*LEADS_TO.values()) <= set(FINDING_KINDS)


def test_while_a_run_grows_what_follows_joins_the_incident() -> None:
    live = LiveIncidents()
    told = [
        live.add(make_finding("exploding", 60, 63), 1, 63),
        live.add(make_finding("non_finite", 66, 66, layer="head"), 1, 66),
        live.add(make_finding("mostly_zero", 380, 390), 1, 390),
    ]
    assert [(finding.incident, is_new) for finding, is_new in told] == [
        (1, True),
        (1, False),
        (2, True),
    ]


def test_what_follows_is_news_if_it_is_graver_than_all_that_was_told() -> None:
    live = LiveIncidents()
    told = [
        live.add(make_finding("unscaled_inputs", 1, 9, severity="warning"), 1, 9),
        live.add(make_finding("saturated", 12, 20, severity="warning"), 1, 20),
        live.add(make_finding("exploding", 30, 40), 1, 40),
        live.add(make_finding("non_finite", 44, 44), 1, 44),
    ]
    assert [(f.incident, is_news) for f, is_news in told] == [
        (1, True),
        (1, False),
        (1, True),
        (1, False),
    ]


def test_inputs_that_are_not_normalised_explain_what_comes_much_later() -> None:
    inputs = make_finding("unscaled_inputs", 1, 1)
    assert kinds_of(make_finding("non_finite", 130), inputs) == [["unscaled_inputs", "non_finite"]]


@pytest.mark.parametrize(("severity", "kept"), [("warning", 1), ("info", 2)])
def test_what_swings_with_the_one_sample_of_a_batch_only_repeats(severity: str, kept: int) -> None:
    found = [
        make_finding("constant_input", 1, severity=severity),
        make_finding("spike_and_crash", 6),
    ]
    assert len(drop_consequences(found, STEPS)) == kept


@pytest.mark.parametrize(
    ("cause", "effect", "severity"),
    [
        ("unshuffled_input", "vanishing", "info"),
        ("kept_gradients", "mostly_zero", "info"),
        ("kept_gradients", "exploding", "error"),
        ("unscaled_inputs", "non_finite", "error"),
        ("exploding", "mostly_zero", "warning"),
        ("unshuffled_input", "relu_logits", "warning"),
    ],
)
def test_what_only_shows_a_cause_in_single_layers_is_an_info(
    cause: str, effect: str, severity: str
) -> None:
    """How a training ends that diverges stays as grave as it is."""
    given = make_finding(cause, 1, severity="warning")
    found = to_incidents([given, make_finding(effect, 60)], 1, STEPS)
    assert [f.severity for f in found if f.kind == effect] == [severity]
    said = [f for f in found if f.title.endswith("this follows from the cause")]
    assert [f.kind for f in said] == [effect] * (severity == "info")


@pytest.mark.parametrize(("limit", "severity"), [("stray", "info"), ("still_steps", "warning")])
def test_a_layer_that_is_made_anew_makes_those_behind_it_swing(limit: str, severity: str) -> None:
    made = replace(make_finding("not_learning", 1), threshold={limit: 1})
    found = to_incidents([made, make_finding("spike_and_crash", 16)], 1, STEPS)
    assert [f.severity for f in found if f.kind == "spike_and_crash"] == [severity]

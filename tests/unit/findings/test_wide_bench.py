"""The wide set of bench.findings: how it is split, and how a training is judged."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

pytest.importorskip("torch")

import torch

from bench.findings.fresh_d.pictures import triplet_loss
from bench.findings.wide.architecture import HALVES, HELD_OUT, WORKED
from bench.findings.wide.architectures import ARCHITECTURES
from bench.findings.wide.conditions import CONDITIONS
from bench.findings.wide.faults import FAULTS, PLANTED
from bench.findings.wide.jobs import (
    CHOSEN_WAYS,
    FROZEN_EMBEDDINGS,
    FROZEN_TRUNKS,
    Job,
    half_jobs,
)
from bench.findings.wide.judge import Verdict, did_harm, is_true, note_caught, tells
from bench.findings.wide.live import facts_until
from bench.findings.wide.record import MODES, Outcome, run_job
from bench.findings.wide.score import by_confidence, score_all
from tb_activation_hist.core.setup_facts import (
    ForwardDropout,
    LossGradients,
    SetupFact,
    StrayParameters,
)
from tb_activation_hist.findings import Finding, RunFacts
from tb_activation_hist.storage.run_histograms import read_run


def an_outcome(condition="middle_missing", truth=("blocks.2",), onset=0, losses=((1.0,) * 20,)):
    job = Job("vit", condition)
    return Outcome(job, None, 100, onset, set(truth) if truth else None, list(losses), {})


def a_finding(kind="not_learning", layers=("blocks.2.norm1",), severity="warning", step=1):
    tags = tuple(f"activations/{layer}" for layer in layers)
    return Finding(kind, "", layers, tags, step, step, severity, "", "", confidence=0.9)


def test_halves_share_neither_architectures_nor_faults():
    for one, other in itertools.combinations([half_jobs(half) for half in HALVES], 2):
        for shared in ("architecture", "name"):
            assert not {getattr(j, shared) for j in one} & {getattr(j, shared) for j in other}
        assert not {j.condition for j in one if not j.healthy} & {
            j.condition for j in other if not j.healthy
        }


def test_no_two_faults_have_one_name():
    assert sorted(FAULTS) == sorted(each.name for each in PLANTED)


def test_each_fault_is_planted_in_architectures_of_its_half():
    for fault in FAULTS.values():
        assert {ARCHITECTURES[name].half for name in fault.on} == {fault.half}, fault.name


def test_each_half_of_the_wide_set_has_every_kin_of_faults():
    kins = [{f.kin for f in FAULTS.values() if f.half == half} for half in (WORKED, HELD_OUT)]
    assert kins[0] == kins[1]


def test_names_of_trainings_are_unique_and_frozen_parts_are_known():
    names = [job.name for half in HALVES for job in half_jobs(half)]
    assert len(names) == len(set(names))
    assert set(FROZEN_TRUNKS + FROZEN_EMBEDDINGS) <= set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (a_finding(), True),
        (a_finding(layers=("blocks.2",)), True),
        (a_finding(layers=("blocks.20.norm1",)), False),
        (a_finding(layers=("blocks.1", "blocks.2")), False),
        (a_finding(severity="info"), False),
        (a_finding(kind="exploding"), False),
    ],
)
def test_a_finding_tells_a_fault_by_kind_gravity_and_place(finding, told):
    fault = FAULTS["middle_missing"]
    assert tells(finding, fault, an_outcome()) is told
    assert is_true(finding, fault, an_outcome()) is told


def test_steps_of_a_logger_count_from_one():
    outcome = an_outcome("nan_sample", truth=None, onset=40)
    verdict = Verdict(outcome.job, effective=True)
    note_caught(
        verdict, [a_finding("non_finite", step=47), a_finding("non_finite", step=43)], outcome
    )
    assert verdict.caught
    assert verdict.step_error == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("end", "harm"), [(0.5, False), (0.59, False), (0.7, True), (float("nan"), True)]
)
def test_harm_is_what_is_lost_of_the_healthy_twins_progress(end, harm):
    twin = an_outcome("plain", losses=([1.0, *[0.5] * 30],))
    outcome = an_outcome("rate_100", losses=([1.0, *[end] * 30],))
    assert did_harm(outcome, twin, FAULTS["rate_100"]) is harm


def test_scores_keep_frozen_and_hidden_trainings_apart():
    verdicts = [
        Verdict(Job("vit", "plain"), wrong=[a_finding()]),
        Verdict(Job("vit", "frozen_trunk"), wrong=[a_finding()], frozen_told=True),
        Verdict(Job("vit", "shuffled_labels"), wrong=[a_finding()]),
        Verdict(Job("vit", "middle_missing"), True, True, [a_finding()], step_error=0.0),
        Verdict(Job("vit", "stale_optimizer"), True),
    ]
    score = score_all(verdicts)
    assert (score.right, score.wrong) == (1, 3)
    assert (score.faulty, score.caught, score.near) == (2, 1, 1)
    assert (score.healthy, score.alarmed) == (1, 1)
    assert (score.frozen, score.frozen_alarmed, score.frozen_told) == (1, 1, 1)
    assert (score.hidden, score.hidden_alarmed) == (1, 1)
    assert by_confidence(verdicts) == [(0.85, 0.95, pytest.approx(0.9), 1, 4)]


def shorten(monkeypatch, name):
    """Let an architecture's trainings have 30 steps."""
    own = ARCHITECTURES[name]
    shortened = replace(own, recipe=lambda: replace(own.recipe(), steps=30))
    monkeypatch.setitem(ARCHITECTURES, name, shortened)


def test_a_training_is_recorded_in_both_modes(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    shorten(monkeypatch, "table_mlp")
    outcome = run_job(Job("table_mlp", "plain"), tmp_path)
    assert len(outcome.losses[0]) == outcome.steps == 30
    assert outcome.losses[0][-1] < outcome.losses[0][0]
    for mode, key in itertools.product(MODES, ("0", "5")):
        assert read_run(str(outcome.run_dir(mode)))[key].steps.tolist() == list(range(1, 31))
    assert "updates/0.weight" in set(read_run(str(outcome.run_dir("all"))))
    assert run_job(Job("table_mlp", "plain"), tmp_path) == outcome


@pytest.mark.parametrize(
    ("architecture", "condition", "weight", "moves"),
    [
        ("table_resnet", "clear_before_step", "6.weight", False),
        ("table_resnet", "rates_by_layer", "6.weight", True),
        ("two_tower", "embedding_not_given", "things.weight", False),
        ("two_tower", "embedding_not_given", "users.weight", True),
        ("many_experts", "zero_grad_lost", "heads.0.weight", True),
        ("weighed_tasks", "loss_overwritten", "buys.weight", False),
        ("weighed_tasks", "loss_overwritten", "spends.weight", True),
        ("mmoe", "task_loss_added_as_number", "stays.0.weight", False),
        ("mmoe", "task_loss_added_as_number", "buys.0.weight", True),
        ("siamese", "labels_of_pairs_turned", "0.weight", True),
        ("maml", "inner_graph_forgotten", "2.weight", False),
        ("neu_mf", "both_factors_start_at_zero", "users.weight", False),
        ("neu_mf", "both_factors_start_at_zero", "deep_users.weight", True),
        ("wgan_clipped", "optimizers_exchanged", "generator.2.weight", False),
        ("ordinal_wine", "accumulation_longer_than_an_epoch", "3.weight", False),
        ("bike_demand", "restored_by_assignment", "head.weight", False),
        ("char_cnn", "groups_by_type_of_layer", "2.weight", False),
        ("char_cnn", "groups_by_type_of_layer", "15.weight", True),
        ("bpr", "sparse_adam", "songs.weight", True),
        ("fashion_mlp", "first_layer_in_an_old_checkpoint", "1.weight", False),
        ("fashion_mlp", "first_layer_in_an_old_checkpoint", "4.weight", True),
        ("cover_type", "weights_drawn_after_the_optimizer", "4.weight", False),
        ("taxi_fares", "split_that_loses_a_layer", "layers.2.weight", False),
        ("adult_income", "rows_taken_from_data", "tables.1.weight", False),
    ],
)
def test_a_training_of_the_fresh_sets_is_recorded(
    tmp_path, monkeypatch, architecture, condition, weight, moves
):
    pytest.importorskip("sklearn")
    shorten(monkeypatch, architecture)
    outcome = run_job(Job(architecture, condition), tmp_path)
    weights = read_run(str(outcome.run_dir("all")))[f"weights/{weight}"]
    assert weights.steps.tolist() == list(range(1, 31))
    assert (weights.mean[0] != weights.mean[-1]) == moves


def test_ways_that_an_examiner_chose_are_healthy_ways_of_its_own_architectures():
    for half, pairs in CHOSEN_WAYS.items():
        assert {ARCHITECTURES[name].half for name, _ in pairs} == {half}
        assert {way for _, way in pairs} <= set(CONDITIONS)


def test_margins_of_triplets_hold_what_is_near_against_what_is_far():
    kinds = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    assert triplet_loss(apart, kinds) == 0
    mixed = torch.tensor([0, 1, 0, 1])
    assert triplet_loss(apart, mixed).item() == pytest.approx(2.3, abs=2e-3)


def test_a_replay_knows_the_looks_at_a_loss_up_to_a_step() -> None:
    fact = LossGradients("Net", looks=8, calls=1, first=1, seen=57, form="nll_loss", formed=8)
    known = [facts_until(RunFacts(setup=(fact,)), step).of(LossGradients) for step in (4, 5, 60)]
    assert [(own.looks, own.formed) for (own,) in known] == [(3, 3), (4, 4), (8, 8)]


@pytest.mark.parametrize(
    "fact",
    [
        ForwardDropout(("0",), percent=50, first=9),
        StrayParameters(count=2, layers=("0",), looks=3, first=9, seen=40, made=0),
    ],
)
def test_a_replay_knows_what_is_looked_for_from_its_first_look_on(fact: SetupFact) -> None:
    known = [facts_until(RunFacts(setup=(fact,)), step).setup for step in (8, 9)]
    assert known == [(), (fact,)]

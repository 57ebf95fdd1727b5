"""What is noted of a training's set-up: settings, restored weights, kept gradients, equal rows."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from tb_activation_hist import ActivationHistLogger, MemoryWriter
from tb_activation_hist.capture.optimizer_settings import list_groups
from tb_activation_hist.capture.rate_watch import RateWatch
from tb_activation_hist.core.setup_facts import (
    DroppedGradients,
    EqualRows,
    KeptGradients,
    LossGradients,
    ModuleSettings,
    OptimizerGroup,
    RateHistory,
    fact_to_text,
    texts_to_setup,
)
from tb_activation_hist.findings import info_to_run_facts
from tests.unit.capture.watched_script import Script, make_model, only


def test_settings_of_optimizers_and_modules_are_noted() -> None:
    facts = Script().run(3)
    group = only(facts, OptimizerGroup)
    assert (group.optimizer, group.place, group.since, group.parameters) == ("Adam", 1, 1, 6)
    wanted = {"lr": 1e-2, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.1}
    assert {name: group.settings[name] for name in wanted} == wanted
    modules = {own.type: own for own in facts.of(ModuleSettings)}
    assert modules["Dropout"].settings == {"p": 0.3}
    assert modules["Dropout"].layers == ("2",)
    assert modules["BatchNorm1d"].settings["momentum"] == 0.2


def test_a_setting_that_changes_is_noted_with_its_step() -> None:
    script = Script()
    script.backward = lambda: raise_momentum(script)  # type: ignore[method-assign]
    group = only(script.run(20), OptimizerGroup)
    assert (group.settings["beta1"], group.since) == (0.95, 17)


def test_a_momentum_that_a_schedule_lowers_leaves_the_other_settings_their_step() -> None:
    script = Script()

    def cycle(step: int) -> None:
        script.optimizer.param_groups[0]["betas"] = (0.85 if 4 < step < 12 else 0.9, 0.999)

    script.before = cycle  # type: ignore[method-assign]
    group = only(script.run(20), OptimizerGroup)
    assert (group.settings["beta1"], group.since) == (0.9, 1)


def test_names_of_settings_in_fastai_are_those_of_torch() -> None:
    parameter = nn.Parameter(torch.ones(1))
    own = {"params": [parameter], "lr": 0.1, "wd": 0.5, "mom": 0.9}
    adam, averaged = {"sqr_mom": 0.99}, {"sqr_mom": 0.999, "nu_1": 0.7}
    groups = [own, {**own, **adam}, {**own, **averaged}]
    found = list_groups(SimpleNamespace(param_groups=groups), 1, {id(parameter)}, 1)
    assert [group.settings for _, group in found] == [
        {"lr": 0.1, "weight_decay": 0.5, "momentum": 0.9},
        {"lr": 0.1, "weight_decay": 0.5, "beta1": 0.9, "beta2": 0.99},
        {"lr": 0.1, "wd": 0.5, "mom": 0.9, **averaged},
    ]


def raise_momentum(script: Script) -> float:
    group = script.optimizer.param_groups[0]
    group["lr"] *= 0.9
    group["betas"] = (0.9 if len(script.optimizer.state) < 1 else group["betas"][0], 0.999)
    step = next((float(s["step"]) for s in script.optimizer.state.values()), 0.0)
    if step >= 10:
        group["betas"] = (0.95, 0.999)
    return Script.backward(script)


@pytest.mark.parametrize(
    ("does", "kept"),
    [
        ({"clear": "never"}, 12),
        ({"clear": "never", "parts": 2, "clip": True}, 12),
        ({}, 0),
        ({"clear": "zeros"}, 0),
        ({"parts": 2}, 0),
        ({"clip": True, "clear": "zeros"}, 0),
    ],
)
def test_gradients_that_nobody_clears(does: dict[str, Any], kept: int) -> None:
    for fact in Script(**does).run().of(KeptGradients):
        assert (fact.steps, fact.kept, fact.seen) == (12, kept, 13)


@pytest.mark.parametrize(
    ("does", "later"),
    [
        ({}, 12),
        ({"clip": True}, 12),
        ({"parts": 2}, 12),
        ({"clear": "zeros"}, 0),
    ],
)
def test_gradients_that_are_no_longer_cleared(does: dict[str, Any], later: int) -> None:
    script = Script(**does)

    def stop_clearing(step: int) -> None:
        script.does |= {"clear": "never"} if step == 30 else {}
        Script.before(script, step)

    script.before = stop_clearing  # type: ignore[method-assign]
    facts = script.run(60).of(KeptGradients)
    since = 31 if later else 0
    assert [(own.kept, own.later, own.since) for own in facts] == [(0, later, since)] * 2


@pytest.mark.parametrize(("clear", "times"), [("none", 12), ("zeros", 0), ("never", 0)])
def test_gradients_that_are_dropped_before_any_step(clear: str, times: int) -> None:
    """Gradients that are zeroed in place may have been scaled or clipped and then added up."""
    script = Script(clear=clear)
    script.optimizer.step = lambda: None  # type: ignore[method-assign,assignment]
    facts = script.run()
    assert [fact.times for fact in facts.of(DroppedGradients)] == [times] * 2 * bool(times)
    assert facts.of(KeptGradients) == []


def test_a_first_step_after_several_passes_drops_nothing() -> None:
    assert Script(parts=20).run(1).of(DroppedGradients) == []


def test_a_judge_that_gets_gradients_from_its_opponent_is_cleared() -> None:
    """The generator's loss adds to the judge's gradients, which are cleared before its own."""
    torch.manual_seed(0)
    make, judge = nn.Linear(2, 4), nn.Linear(4, 1)
    optimizers = [torch.optim.SGD(own.parameters(), 0.01) for own in (judge, make)]
    memory = MemoryWriter()
    with ActivationHistLogger({"make": make, "judge": judge}, memory) as logger:
        for _ in range(20):
            for optimizer in optimizers:
                optimizer.zero_grad()
                judge(make(torch.randn(8, 2))).mean().backward()
                optimizer.step()
            logger.step()
    facts = info_to_run_facts(memory.run_info).of(KeptGradients)
    assert [(fact.steps, fact.kept) for fact in facts] == [(12, 0)] * 2


@pytest.mark.parametrize(
    ("schedule", "begins", "rates"),
    [
        (lambda step: 0.01, (1,), (0.01,)),
        (lambda step: 0.01 if step < 7 else 0.0, (1, 8), (0.01, 0.0)),
        (lambda step: 0.01 * 0.95**step, (1, 5, 9, 13, 17), None),
    ],
)
def test_rates_are_followed_step_by_step(
    schedule: Callable[[int], float], begins: tuple[int, ...], rates: tuple[float, ...] | None
) -> None:
    script = Script()

    def set_rate(step: int) -> None:
        script.optimizer.param_groups[0]["lr"] = schedule(step)

    script.before = set_rate  # type: ignore[method-assign]
    (found,) = script.run().of(RateHistory)
    expected = rates or tuple(schedule(step - 1) for step in begins)
    assert (found.optimizer, found.place, found.begins) == ("Adam", 1, begins)
    assert found.rates == expected


def test_rates_that_change_often_are_kept_more_coarsely() -> None:
    parameter = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], 1.0)
    watch = RateWatch(optimizer, 1)
    for step in range(1, 400):
        optimizer.param_groups[0]["lr"] = 0.8**step
        watch.before_step(optimizer, step)
    assert 32 <= len(watch.fact.rates) <= 64
    assert watch.fact.begins[0] == 1
    assert watch.fact.rates[-1] < 2 * 0.8**399


def test_a_dropout_that_is_raised_is_seen_at_once() -> None:
    script = Script()

    def change(step: int) -> None:
        if step == 12:
            script.model[2].p = 0.9

    script.before = change  # type: ignore[method-assign]
    found = {
        fact.settings["p"]: fact.since
        for fact in script.run(14).of(ModuleSettings)
        if "p" in fact.settings
    }
    assert found == {0.9: 13}


def test_facts_of_older_versions_lack_fields() -> None:
    text = '{"fact":"optimizer","optimizer":"SGD","place":1,"since":1,"parameters":2,"settings":{}}'
    assert texts_to_setup([text]) == (OptimizerGroup("SGD", 1, 1, 2),)


def copy_rows(model: nn.Sequential, *, out: bool) -> None:
    with torch.no_grad():
        for layer in (model[0], model[3]) if out else (model[0],):
            assert isinstance(layer, nn.Linear)
            first = layer.weight[:1] if layer is model[0] else layer.weight[:, :1]
            layer.weight.copy_(first.expand_as(layer.weight).clone())
        model[2].p = 0.0  # type: ignore[assignment]


@pytest.mark.parametrize(("out", "later"), [(True, 1), (False, 8)])
def test_units_that_start_as_copies(out: bool, later: int) -> None:
    facts = Script(prepare=partial(copy_rows, out=out)).run().of(EqualRows)
    (own,) = [fact for fact in facts if fact.parameter == "0.weight"]
    assert (own.rows, own.distinct, own.later, own.seen) == (8, 1, later, 8)
    assert Script().run(3).of(EqualRows) == []


def test_the_logged_loss_is_followed() -> None:
    memory = MemoryWriter()
    model = nn.Linear(2, 2)
    with ActivationHistLogger(model, memory) as logger:
        for step in range(200):
            model(torch.ones(1, 2))
            logger.step(loss=float("nan") if step == 99 else float(step), val_loss=1.0, lr=0.1)
    (loss,) = info_to_run_facts(memory.run_info).losses
    assert (loss.tag, loss.window, loss.non_finite) == ("loss", 4, 100)
    assert loss.steps == tuple(range(4, 201, 4))
    assert loss.means[0] == 1.5


def test_what_is_no_fact_is_left_out() -> None:
    fact = EqualRows("a.weight", 8, 1, 1, 8)
    text = fact_to_text(fact)
    wrong = ["", "[]", "{}", '{"fact":"rows"}', text.replace("8", '"8"'), '{"fact":[]}']
    assert texts_to_setup([*wrong, text]) == (fact,)


def test_a_watched_model_can_be_copied_and_saved() -> None:
    model = make_model()
    with ActivationHistLogger(model, MemoryWriter()) as logger:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.randn(8, 4)).sum().backward()
            optimizer.step()
            copied = copy.deepcopy(model)
            torch.save(model.state_dict(), io.BytesIO())
            logger.step()
    assert torch.equal(copied[0].weight, copied[0].weight)
    assert not model[0].weight._post_accumulate_grad_hooks


def test_what_an_older_version_knew_of_a_loss_is_read() -> None:
    """Its facts lack the fields that came later, of whatever type."""
    text = '{"fact":"loss","output":"Net","looks":9,"form":"cross_entropy"}'
    (fact,) = texts_to_setup([text])
    assert isinstance(fact, LossGradients)
    assert (fact.looks, fact.form, fact.start) == (9, "cross_entropy", {})

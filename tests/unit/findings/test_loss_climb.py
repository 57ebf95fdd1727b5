"""Losses that climb above where they began, and losses that jump up and stay there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_activation_hist.core.loss_history import LossFollower
from tb_activation_hist.core.parameter_sizes import NO_SIZES
from tb_activation_hist.core.setup_facts import LossGradients
from tb_activation_hist.findings import Finding, LiveRules, RunFacts
from tests.unit.findings.setup_trainings import find, loss
from tests.unit.findings.trainings import make_run

MSE = LossGradients("Net", looks=9, first=1, seen=90)
CHOSEN = LossGradients("Net", looks=9, first=1, seen=90, chosen=9)
FALLEN = [*np.linspace(4, 1, 40), *[1.0] * 24]


def find_rises(means: list[float], fact: LossGradients = MSE, **options: object) -> list[Finding]:
    found = find(fact, losses=(loss(*means, **options),))
    return [f for f in found if f.kind == "loss_rises"]


@pytest.mark.parametrize(
    ("means", "step"),
    [
        ([2.0, 2.1, 1.9, *[3.0] * 8], 4),
        ([2.0, 2.1, 1.9, *[1.8] * 9, *[3.0] * 8], 13),
        ([2.0, 2.1, 1.9, *[3.0] * 7], None),
        ([2.0, 2.1, 1.9, *[2.4] * 20], None),
        ([2.0, 2.1, 1.9, *[3.0, 3.0, 1.0] * 8], None),
        ([2.0, 2.1, 1.9, *[3.0] * 20, *[1.0] * 8], None),
        ([0.0, 0.0, 0.0, *[3.0] * 20], None),
        ([2.0, -2.1, 1.9, *[3.0] * 20], None),
    ],
)
def test_a_loss_that_ends_above_where_it_began(means: list[float], step: int | None) -> None:
    found = find_rises(means)
    assert [f.first_step for f in found] == ([] if step is None else [step])
    assert all("loss_growth" in f.threshold and f.severity == "warning" for f in found)


@pytest.mark.parametrize(
    ("end", "found"), [([3.0] * 8, 1), ([3.0] * 7, 0), ([1.4] * 20, 0), ([3.0] * 8 + [1.0] * 8, 0)]
)
def test_a_loss_that_jumps_and_stays(end: list[float], found: int) -> None:
    jumps = find_rises([*FALLEN, *end])
    assert [(f.first_step, *f.threshold) for f in jumps] == [(len(FALLEN) + 1, "loss_jump")] * found


def test_a_jump_is_dated_where_the_way_up_begins() -> None:
    (found,) = find_rises([*FALLEN, *np.linspace(1.3, 3, 10), *[3.0] * 8])
    assert found.first_step == len(FALLEN) + 1


def test_a_jump_that_leaves_most_of_what_was_learnt() -> None:
    """From 1 % of the first loss to 4 %, as where a schedule begins anew."""
    assert find_rises([4.0, *np.linspace(1, 0.04, 40), *[0.04] * 24, *[0.16] * 20]) == []


def test_a_loss_of_targets_that_the_network_makes_itself_may_rise() -> None:
    """As that of Q-learning does in health."""
    means = [2.0, 2.1, 1.9, *[3.0] * 20]
    assert find_rises(means, CHOSEN) == []
    assert len(find_rises(means)) == 1


def test_a_loss_of_a_policy_and_a_value_may_rise() -> None:
    """With the rewards, as that of an actor and a critic in one network does in health."""
    both = replace(MSE, output="Net/0"), replace(MSE, output="Net/1")
    rising = loss(2.0, 2.1, 1.9, *[3.0] * 20)
    assert [f for f in find(*both, losses=(rising,)) if f.kind == "loss_rises"] == []


def test_of_a_rise_and_a_jump_the_earlier_is_reported() -> None:
    steadily = list(np.geomspace(1, 100, 90))
    (found,) = find_rises(steadily)
    assert "loss_growth" in found.threshold
    (found,) = find_rises([*FALLEN, *[9.0] * 20])
    assert "loss_jump" in found.threshold


def test_means_of_a_long_run_must_climb_further() -> None:
    """They vary less, so that some are above the first ones sooner; and the last is not full."""
    assert len(find_rises([2.0, 2.0, *[5.0] * 2], window=8)) == 1
    assert find_rises([2.0, 2.0, 5.0], window=8) == []
    assert find_rises([2.0, 2.0, *[4.0] * 9], window=8) == []
    assert len(find_rises([4.0, 4.0, *[1.0] * 4, *[3.0] * 2], window=8)) == 1
    assert find_rises([4.0, 4.0, *[1.0] * 4, 3.0], window=8) == []


def test_a_loss_that_is_maximised_is_reported_within_a_dozen_records() -> None:
    own, follower, told = LiveRules(("loss_rises",), share=None), LossFollower("loss"), []
    for index in range(20):
        for info, series in make_run().values():
            own.add(info, series.take(slice(index, index + 1)))
        own.end_record(index + 1)
        follower.add(index + 1, 1.1**index)
        facts = RunFacts(setup=(MSE,), losses=(follower.history,))
        told += [(index + 1, f.kind) for f in own.look(facts, NO_SIZES)]
    assert told == [(11, "loss_rises")]

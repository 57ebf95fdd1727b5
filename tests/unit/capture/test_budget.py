"""What recording costs a step, and how far it must be thinned."""

from __future__ import annotations

import itertools
import random

import pytest

from tb_activation_hist.capture.budget import (
    FREE_TRAINING_S,
    RECORDS_JUDGED,
    Budget,
    StepCost,
)
from tb_activation_hist.capture.cadence import Cadence
from tb_activation_hist.capture.options import CaptureOptions


def spend(budget, cost_s, rest_s, records=100):
    for _ in range(records):
        budget.add_host(cost_s, rest_s, recorded=True)


@pytest.mark.parametrize(
    ("share", "thinning"), [(0.01, 1), (0.05, 1), (0.06, 2), (0.2, 4), (0.21, 8), (3.0, 64)]
)
def test_records_are_thinned_by_the_least_power_of_two_that_keeps_the_limit(share, thinning):
    budget = Budget(0.05)
    spend(budget, share, 1.0)
    assert budget.needed_thinning(distance=1) == thinning
    assert budget.last_cost.share(thinning) <= 0.05 + 1e-9


def test_records_that_are_far_apart_anyway_cost_so_much_less():
    budget = Budget(0.05)
    spend(budget, 0.2, 1.0)
    assert budget.needed_thinning(distance=10) == 1
    assert budget.needed_thinning(distance=2) == 2


def test_the_first_seconds_are_not_judged():
    budget = Budget(0.05)
    allowed = int(FREE_TRAINING_S * 0.05 / 0.002)
    spend(budget, 0.002, 0.004, allowed - 1)
    assert budget.needed_thinning(1) is None
    spend(budget, 0.002, 0.004, 3)
    assert budget.needed_thinning(1) == 16


def test_a_few_records_are_not_judged_however_dear():
    budget = Budget(0.05)
    spend(budget, 1.0, 1.0, RECORDS_JUDGED - 1)
    assert budget.needed_thinning(1) is None


def test_a_busy_machine_does_not_thin_what_is_cheap():
    """A quarter of the steps and of the counts are interrupted for up to 50 ms."""
    noise = random.Random(0)
    budget = Budget(0.05)
    for _ in range(2000):
        pauses = [noise.random() * 0.05 * (noise.random() < 0.25) for _ in range(2)]
        budget.add_host(0.0005 + pauses[0], 0.02 + pauses[1], recorded=True)
        assert budget.needed_thinning(1) in (None, 1)


def test_a_device_counts_where_it_costs_more_than_the_host():
    budget = Budget(0.05)
    spend(budget, 0.02, 0.01)  # the host runs ahead of the device, which computes for 100 ms
    assert budget.needed_thinning(1) == 64
    for _ in range(5):
        budget.add_device("cuda:0", StepCost(0.002, 0.0, 0.1))
    spend(budget, 0.002, 0.01)
    assert budget.last_cost == StepCost(0.002, 0.0, 0.1)
    assert budget.needed_thinning(1) == 1
    spend(budget, 0.005, 0.01)
    assert budget.needed_thinning(1) == 1
    for _ in range(5):
        budget.add_device("cuda:1", StepCost(0.03, 0.0, 0.1))
    spend(budget, 0.001, 0.002, 1)
    assert budget.needed_thinning(1) == 8


def test_what_every_step_costs_is_not_saved_by_thinning():
    """accumulate=True counts at every step; a record adds the copy to the host."""
    budget = Budget(0.05)
    for _ in range(200):
        budget.add_host(0.011, 0.1, recorded=True)
        budget.add_host(0.010, 0.1, recorded=False)
    assert budget.needed_thinning(1) == 1
    assert budget.last_cost.share(1) == pytest.approx(0.11)


def test_thinned_steps_are_among_those_without_thinning():
    cadence = Cadence(CaptureOptions(every=3, thin_after=8), start=0)
    steps = []
    for thinning in (1, 2, 4, 8):
        cadence.thin(thinning)
        steps.append({step for step in range(1, 2000) if cadence.records(step)})
    for dense, sparse in itertools.pairwise(steps):
        assert sparse < dense


def test_a_schedule_is_kept_exactly_and_not_judged():
    options = CaptureOptions(schedule=lambda step: step % 2 == 1)
    cadence = Cadence(options, start=0)
    assert cadence.budget is None
    assert not cadence.spend(1e9, recorded=True)

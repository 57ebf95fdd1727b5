"""Which steps are recorded."""

from __future__ import annotations

import pytest

from tb_activation_hist.capture.cadence import Cadence
from tb_activation_hist.capture.schedule import Between, Every, LogSpaced
from tb_activation_hist.recording.options import CaptureOptions


def recorded(schedule, last):
    return [step for step in range(1, last + 1) if schedule(step)]


def test_every_kth_step():
    assert recorded(Every(1), 5) == [1, 2, 3, 4, 5]
    assert recorded(Every(3), 10) == [3, 6, 9]


def test_long_runs_are_thinned_by_halves():
    steps = recorded(Every(1, thin_after=8), 64)
    assert steps == [*range(1, 9), *range(10, 17, 2), *range(20, 33, 4), *range(40, 65, 8)]
    assert recorded(Every(2, thin_after=4), 32) == [2, 4, 6, 8, 12, 16, 24, 32]


def test_a_million_steps_stay_near_20_000_records():
    assert 19_000 < len(recorded(Every(), 1_000_000)) <= 20_000
    assert recorded(Every(), 4000) == list(range(1, 4001))
    assert len(recorded(Every(thin_after=None), 10_000)) == 10_000


def test_log_spaced_steps_are_dense_at_the_start():
    steps = recorded(LogSpaced(per_decade=10), 1000)
    assert steps[:6] == [1, 2, 3, 4, 6, 7]
    assert 9 <= sum(100 < step <= 1000 for step in steps) <= 11
    assert recorded(LogSpaced(per_decade=10, start=7, stop=30), 1000)[0] == 7
    assert recorded(LogSpaced(per_decade=10, start=7, stop=30), 1000)[-1] <= 30


def test_between_start_and_stop():
    assert recorded(Between(start=3, stop=9, every=2), 20) == [3, 5, 7, 9]


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Every(), "every step until 4,000 records, then every 2nd step, ..."),
        (Every(thin_after=None), "every step"),
        (Every(11, thin_after=None), "every 11th step"),
        (Every(23, thin_after=None), "every 23rd step"),
        (LogSpaced(50, stop=9), "50 records a decade of steps to step 9"),
        (Between(3, 9), "every step from step 3 to step 9"),
    ],
)
def test_the_cadence_in_words(schedule, text):
    assert str(schedule) == text


def test_the_first_step_of_a_logger_is_always_recorded():
    cadence = Cadence(CaptureOptions(every=10), start=7)
    assert [step for step in range(8, 31) if cadence.records(step)] == [8, 10, 20, 30]


class FakeTime:
    """Steps that take `step_s`, of which recording takes `cost_s`."""

    def __init__(self, monkeypatch, cadence, step_s, cost_s):
        self.now, self.cadence, self.step_s, self.cost_s = 0.0, cadence, step_s, cost_s
        monkeypatch.setattr(
            "tb_activation_hist.capture.cadence.time.perf_counter", lambda: self.now
        )

    def run(self, steps):
        """The share of the time that recording took."""
        spent = 0.0
        for _ in range(steps):
            due = self.cadence.due
            cost = self.cost_s if due else 0.0
            spent += cost
            self.now += self.step_s + cost
            self.cadence.advance()
            self.cadence.spend(cost, due)
        return spent / (steps * self.step_s + spent)


def test_records_are_thinned_to_stay_under_the_budget(monkeypatch):
    cadence = Cadence(CaptureOptions(overhead_budget=0.02), start=0)
    time = FakeTime(monkeypatch, cadence, step_s=0.1, cost_s=0.02)
    time.run(100)
    assert time.run(1000) <= 0.02
    assert str(cadence).endswith("of every 16 steps, to stay under the time budget")
    time.cost_s = 0.001
    time.run(300)
    assert str(cadence) == str(Every())


def test_a_cheap_recording_is_not_thinned(monkeypatch):
    cadence = Cadence(CaptureOptions(overhead_budget=0.02, every=2), start=0)
    FakeTime(monkeypatch, cadence, step_s=0.1, cost_s=0.001).run(100)
    assert str(cadence) == str(Every(2))

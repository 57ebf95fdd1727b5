"""Device time by pairs of events: read later, never waited for, made once."""

from __future__ import annotations

import pytest
import torch

from tb_activation_hist.capture.budget import DEVICE_RECORDS, StepCost
from tb_activation_hist.capture.device_timer import MAX_UNREAD, TIMED_RECORDS, open_timer
from tests.unit.capture.fake_device import FakeDevice, FakeEvent


def run_step(device, timer, layers=3):
    """A recorded step of 100 ms, of which counting takes 1 ms a layer and the copy 2 ms."""
    timer.start_record()
    for _ in range(layers):
        device.work((100 - 2) / layers - 1)
        with timer.counting():
            device.work(1)
    with timer.copying():
        device.work(2)
    return timer.end_step()


def costs(found):
    return [tuple(round(part, 9) for part in each) for each in found]


def test_the_cost_of_a_step_is_its_pairs_and_the_rest():
    device = FakeDevice()
    assert costs(run_step(device, device.timer())) == [StepCost(0.005, 0.0, 0.095)]
    accumulating = device.timer(accumulate=True)
    assert costs(run_step(device, accumulating)) == [StepCost(0.002, 0.003, 0.095)]


def test_a_step_is_read_when_the_device_has_passed_it():
    device = FakeDevice()
    timer = device.timer()
    device.behind_ms = 150
    assert run_step(device, timer) == []
    assert len(run_step(device, timer)) == 0
    device.behind_ms = 60
    assert len(timer.end_step()) == 1
    device.behind_ms = 0
    assert len(timer.end_step()) == 1


def test_a_device_far_behind_is_given_no_more_events():
    device = FakeDevice()
    timer = device.timer()
    device.behind_ms = 1e9
    for _ in range(20):
        assert run_step(device, timer) == []
    assert device.made == MAX_UNREAD * (2 + 2 * 3 + 2)


def test_events_are_used_again_and_rarely():
    device = FakeDevice()
    timer = device.timer()
    found = [cost for _ in range(80) for cost in run_step(device, timer)]
    events = 2 + 2 * 3 + 2
    assert device.made == events
    assert len(found) == DEVICE_RECORDS + (80 - DEVICE_RECORDS) // TIMED_RECORDS + 1
    assert device.marks == events * len(found)


def test_steps_that_are_not_recorded_have_no_events():
    device = FakeDevice()
    timer = device.timer()
    for _ in range(10):
        with timer.counting():  # an evaluation, or the steps that accumulate=True merges
            device.work(1)
        assert timer.end_step() == []
    assert device.made == device.marks == 0


def test_nothing_is_marked_in_a_graph_that_is_captured():
    device = FakeDevice()
    timer = device.timer()
    timer.start_record()
    device.capturing = True
    with timer.counting():
        device.work(5)
    device.capturing = False
    device.work(10)
    assert costs(timer.end_step()) == [StepCost(0.0, 0.0, 0.015)]


def test_counting_in_a_graph_is_distinguished_from_a_sample():
    device = FakeDevice()
    timer = device.timer()
    assert not timer.wants_sample
    timer.note_captured("row 0", 1000)
    timer.note_captured("row 0", 3000)  # captured again
    timer.note_captured("row 1", 1000)
    assert timer.wants_sample
    timer.time_sample(lambda: device.work(2), 2000)
    assert not timer.wants_sample
    assert timer.end_step() == []
    assert not timer.wants_sample
    timer.start_record()
    device.work(100)  # the graph, which counts for 4 ms of it
    with timer.copying():
        device.work(1)
    assert costs(timer.end_step()) == [StepCost(0.005, 0.0, 0.096)]


def test_streams_that_count_side_by_side_leave_something_of_the_step():
    device = FakeDevice()
    timer = device.timer()
    timer.note_captured("row", 1000)
    timer.time_sample(lambda: device.work(1000), 1000)
    timer.end_step()
    timer.start_record()
    device.work(100)
    assert costs(timer.end_step()) == [StepCost(1.0, 0.0, 0.001)]


@pytest.mark.parametrize("broken", ["new_event", "mark"])
def test_a_device_without_timing_events_is_not_timed(broken, monkeypatch):
    device = FakeDevice()

    def fail(*_):
        raise RuntimeError("no timing here")

    monkeypatch.setattr(device, broken, fail)
    timer = device.timer()
    assert [run_step(device, timer) for _ in range(3)] == [[], [], []]


def test_events_that_cannot_be_read_end_the_timing(monkeypatch):
    device = FakeDevice()
    timer = device.timer()
    monkeypatch.setattr(FakeEvent, "elapsed_time", lambda *_: 1 / 0)
    marks = [(run_step(device, timer), device.marks)[1] for _ in range(3)]
    assert marks[0] == marks[2] > 0


def test_an_error_in_the_work_ends_the_pair():
    device = FakeDevice()
    timer = device.timer()
    timer.start_record()
    with pytest.raises(ZeroDivisionError), timer.counting():
        device.fail_after(1)
    device.work(9)
    assert costs(timer.end_step()) == [StepCost(0.001, 0.0, 0.009)]


@pytest.mark.parametrize("device", ["cpu", "mps", "meta"])
def test_devices_whose_events_may_wait_are_not_timed(device):
    assert open_timer(torch.device(device), accumulate=False) is None


@pytest.mark.parametrize("device", ["cuda", "xpu"])
def test_devices_with_events_are_timed_and_made_nothing_yet(device):
    """Making the timer touches no device: this machine may have none."""
    assert open_timer(torch.device(device), accumulate=False).timing is False

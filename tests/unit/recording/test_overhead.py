"""Recording is kept under the budget by itself: on a device, over ranks; told once and noted."""

from __future__ import annotations

import time
import warnings

import pytest
import torch
from torch import nn

from tb_activation_hist.capture.count import count_
from tb_activation_hist.cli import main as run_command
from tb_activation_hist.core.errors import ActivationHistWarning
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.mailbox import Mailbox
from tb_activation_hist.recording.ranks import RankMerger, Ranks, RankSender
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.options import WriterOptions
from tests.unit.capture.fake_device import FakeDevice


class DeviceTraining:
    """A small model on the CPU, whose values and counts take the time of a fake device."""

    def __init__(self, monkeypatch, target, layer_ms, count_ms, **options):
        self.device = FakeDevice()
        self.counted = 0
        monkeypatch.setattr(
            "tb_activation_hist.capture.meter.open_timer",
            lambda device, accumulate: self.device.timer(accumulate=accumulate),
        )
        monkeypatch.setattr("tb_activation_hist.capture.rows.count_", self._count)
        self.count_ms = count_ms
        self.model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
        for layer in self.model:
            layer.register_forward_pre_hook(lambda *_: self.device.work(layer_ms))
        self.hist = ActivationHistLogger(self.model, target, on_error="raise", **options)

    def _count(self, *given):
        count_(*given)
        self.counted += 1
        self.device.work(self.count_ms)

    def run(self, steps):
        for _ in range(steps):
            self.model(torch.ones(1, 2))
            self.hist.step()


def test_a_dear_device_thins_by_default_tells_it_once_and_notes_it(tmp_path, monkeypatch, capsys):
    training = DeviceTraining(monkeypatch, tmp_path / "run", layer_ms=10, count_ms=10)
    with pytest.warns(ActivationHistWarning) as told:
        training.run(300)
    training.hist.close()
    assert len(told) == 1
    text = str(told[0].message)
    assert "added 100.0% (30 ms to 30 ms) to the steps that it recorded" in text
    assert "overhead_budget=0.05 allows at the requested cadence (every step until 4,000" in text
    assert "of every 32 steps, to stay under the time budget" in text
    assert "overhead_budget=None" in text
    info = read_histograms(tmp_path)["run"].info
    assert info["cadence"].endswith("of every 32 steps, to stay under the time budget")
    assert info["overhead"] == "3.1% of the step time (budget 5%)"
    assert info["overhead_share"] == pytest.approx(1 / 32, rel=0.02)
    run_command(["report", str(tmp_path)])
    printed = " ".join(capsys.readouterr().out.split())
    assert f"recorded {info['cadence']}, adding {info['overhead']}" in printed


def test_what_accumulating_costs_at_every_step_is_reported_and_not_thinned(monkeypatch):
    writer = MemoryWriter()
    options = {"accumulate": True, "every": 2}
    training = DeviceTraining(monkeypatch, writer, layer_ms=10, count_ms=10, **options)
    with pytest.warns(ActivationHistWarning) as told:
        training.run(160)
    training.hist.close()
    assert len(told) == 1
    assert "accumulate=True counts every step, which adds 100.0%" in str(told[0].message)
    assert writer.histograms["0"].steps.tolist() == [1, *range(2, 161, 2)]


def test_the_first_second_of_recording_is_kept_whole(monkeypatch):
    writer = MemoryWriter()
    training = DeviceTraining(monkeypatch, writer, layer_ms=10, count_ms=10)
    with pytest.warns(ActivationHistWarning):
        training.run(80)
    training.hist.close()
    steps = writer.histograms["0"].steps.tolist()
    assert steps[:34] == list(range(1, 35))
    assert len(steps) < 45


@pytest.mark.parametrize("options", [{}, {"overhead_budget": None}, {"every": 4}])
def test_what_is_cheap_or_asked_for_at_any_cost_is_not_thinned(monkeypatch, options):
    writer = MemoryWriter()
    count_ms = {None: 10}.get(options.get("overhead_budget", 0), 0.4)
    training = DeviceTraining(monkeypatch, writer, layer_ms=10, count_ms=count_ms, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training.run(120)
    training.hist.close()
    every = options.get("every", 1)
    assert writer.histograms["0"].steps.tolist() == [
        step for step in range(1, 121) if step == 1 or step % every == 0
    ]


def test_a_step_that_is_not_recorded_gives_the_device_nothing_to_do(monkeypatch):
    training = DeviceTraining(monkeypatch, MemoryWriter(), layer_ms=10, count_ms=1, every=10)
    training.run(60)
    device, before = training.device, training.counted
    made, marks = device.made, device.marks
    with monkeypatch.context() as none:
        for name in ("to_host", "reset_"):
            path = f"tb_activation_hist.capture.count.CountBuffer.{name}"
            none.setattr(path, lambda *_: pytest.fail("the device had work"))
        training.run(8)
    assert (training.counted, device.made, device.marks) == (before, made, marks)
    training.hist.close()


def test_a_device_that_is_behind_is_never_waited_for(monkeypatch):
    training = DeviceTraining(monkeypatch, MemoryWriter(), layer_ms=10, count_ms=10)
    training.device.behind_ms = 1e9
    training.run(200)  # FakeEvent would fail where an event is read too early
    assert training.device.made <= 2 * (2 + 2 * 3 + 2)
    training.hist.close()


@pytest.mark.parametrize(("each_s", "thinned"), [(0.05, False), (0.5, True)])
def test_waiting_for_the_writer_counts_once_it_took_long(monkeypatch, each_s, thinned):
    """A busy machine makes a training wait now and then, a slow disk at every record."""
    now = [0.0]
    monkeypatch.setattr("tb_activation_hist.capture.cadence.time.perf_counter", lambda: now[0])

    class SlowWriter(MemoryWriter):
        def put(self, record):
            now[0] += each_s
            self.waited_s += each_s
            return super().put(record)

    writer = SlowWriter()
    training = DeviceTraining(monkeypatch, writer, layer_ms=1, count_ms=0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(60):
            now[0] += 0.02
            training.run(1)
    training.hist.close()
    assert any("overhead_budget" in str(each.message) for each in told) == thinned
    assert (len(writer.histograms["0"]) < 60) == thinned


def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize(("computes", "thinned"), [(False, False), (True, True)])
def test_only_the_time_that_recording_itself_computes_counts(monkeypatch, computes, thinned):
    """Where another program has the processor, or another thread the interpreter, it has not.

    The clock stands still while other programs have it, so that a busy machine changes nothing.
    """
    writer, away = MemoryWriter(), [0.0]
    clock = "tb_activation_hist.capture.cadence.time.perf_counter"
    monkeypatch.setattr(clock, lambda: time.thread_time() + away[0])

    def wait(seconds):
        if computes:
            spin(seconds)
        else:
            away[0] += seconds

    model = nn.Linear(2, 2)
    hist = ActivationHistLogger(model, writer, overhead_budget=0.2, on_error="raise")
    hist._cadence.budget._spent_s = 1e3  # the first seconds are over
    update = hist._hooks.update
    monkeypatch.setattr(hist._hooks, "update", lambda: (wait(0.01), update())[1])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(40):
            model(torch.ones(1, 2))
            spin(0.005)
            hist.step()
    hist.close()
    assert any("overhead_budget" in str(each.message) for each in told) == thinned
    assert (len(writer.histograms["Linear"]) < 40) == thinned


def test_few_records_are_timed_once_enough_were(monkeypatch):
    model, timed = nn.Linear(2, 2), []
    hist = ActivationHistLogger(model, MemoryWriter(), on_error="raise")
    for _ in range(100):
        timed.append(hist._state.clock.on)
        model(torch.ones(1, 2))
        hist.step()
    hist.close()
    assert all(timed[:16])
    assert timed[24:] == [step % 8 == 0 for step in range(24, 100)]


def test_nothing_is_timed_without_a_budget():
    model = nn.Linear(2, 2)
    hist = ActivationHistLogger(model, MemoryWriter(), overhead_budget=None, on_error="raise")
    model(torch.ones(1, 2))
    hist.step()
    assert not hist._state.clock.on
    hist.close()


def test_a_captured_graph_is_distinguished_from_a_sample_counted_once(monkeypatch):
    training = DeviceTraining(monkeypatch, MemoryWriter(), layer_ms=10, count_ms=0.1)
    training.run(5)
    (timer,) = training.hist._state.meter.timers.values()
    before = training.counted
    state = torch.get_rng_state()
    timer.note_captured("row", 1 << 30)
    training.run(60)
    assert training.counted - before == 60 * 3 + 2, "the sample, after one that may compile"
    assert torch.equal(torch.get_rng_state(), state), "the training's random numbers stay"
    assert training.hist._cadence.budget.last_cost.record_s > 0.006
    training.hist.close()


def test_a_sample_that_fails_ends_the_timing_and_not_the_recording(monkeypatch):
    writer = MemoryWriter()
    training = DeviceTraining(monkeypatch, writer, layer_ms=10, count_ms=0.1)
    training.run(2)
    (timer,) = training.hist._state.meter.timers.values()
    monkeypatch.setattr("tb_activation_hist.capture.rows.SAMPLE_VALUES", -1)
    monkeypatch.setattr(training.hist._state, "_on_error", "warn")
    timer.note_captured("row", 1)
    with pytest.warns(ActivationHistWarning, match="the time that counting takes") as told:
        training.run(10)
    training.hist.close()
    assert len(told) == 1
    assert len(writer.histograms["0"]) == 12


@pytest.fixture
def merger_and_sender():
    store, options = torch.distributed.HashStore(), WriterOptions(on_error="raise")
    writer = MemoryWriter()
    merger = RankMerger(
        writer, Mailbox(store, "run"), Ranks(0, 2), options, timeout_s=5.0, owned=True
    )
    sender = RankSender(Mailbox(store, "run"), Ranks(1, 2), options, timeout_s=5.0)
    yield merger, sender, writer
    sender.close()
    merger.close()


def logger_of(sink, monkeypatch, budget):
    """A logger that writes to this sink, as `open_sink` gives it one."""
    path = "tb_activation_hist.recording.logger.open_sink"
    monkeypatch.setattr(path, lambda *_: (sink, 0))
    model = nn.Linear(2, 2)
    place = f"memory:{id(sink)}"
    return model, ActivationHistLogger(model, place, overhead_budget=budget, on_error="raise")


def run_together(ranks, steps):
    for _ in range(steps):
        for model, hist in ranks:
            model(torch.ones(1, 2))
            hist.step()


def test_rank_0_decides_and_the_others_follow_without_a_hole_in_the_sums(
    merger_and_sender, monkeypatch
):
    merger, sender, writer = merger_and_sender
    ranks = [logger_of(sink, monkeypatch, 1e-6) for sink in (merger, sender)]
    with pytest.warns(ActivationHistWarning, match="overhead_budget=1e-06"):
        run_together(ranks, 64)
    merger.flush()
    run_together(ranks, 2)
    sender.flush()  # by its next record it has heard
    run_together(ranks, 2)
    assert ranks[1][1]._cadence.thinning == ranks[0][1]._cadence.thinning > 1024
    for _, hist in reversed(ranks):
        hist.close()
    series = writer.histograms["Linear"]
    assert len(series) > 16
    assert series.n.tolist() == [4] * len(series)


def test_the_thinning_of_ranks_that_are_added_up_never_becomes_less(merger_and_sender, monkeypatch):
    merger, _, _ = merger_and_sender
    _, hist = logger_of(merger, monkeypatch, 0.5)
    hist._cadence.thinning = 64
    monkeypatch.setattr(
        hist._cadence, "spend", lambda *_: setattr(hist._cadence, "thinning", 1) or True
    )
    hist._overhead.end_step(recorded=False)
    assert hist._cadence.thinning == 64
    hist.close()

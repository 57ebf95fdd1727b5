"""What a logger tells of the run that it is recording: on demand, and while it trains."""

from __future__ import annotations

import threading
import warnings

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_activation_hist import probe_module, read_histograms
from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.core.errors import ActivationHistWarning, FormatError, LogdirError
from tb_activation_hist.findings import WATCHED_KINDS, Finding, OnlineRules
from tb_activation_hist.recording import monitor
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.recording.options import WriterOptions
from tb_activation_hist.recording.ranks import Mailbox, RankMerger, Ranks
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.run_index import RunIndex

STEPS, BREAK = 60, 20


def make_model() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def collapse(model: nn.Sequential) -> None:
    """The ReLU's outputs are 0 from now on."""
    nn.init.zeros_(model[0].weight)
    nn.init.constant_(model[0].bias, -1.0)


def spoil(model: nn.Sequential) -> None:
    """The first layer's outputs are NaN from now on."""
    nn.init.constant_(model[0].bias, torch.nan)


def train(hist, model, steps=STEPS, fault=collapse) -> None:
    for number in range(1, steps + 1):
        if number == BREAK and fault is not None:
            with torch.no_grad():
                fault(model)
        model(torch.randn(16, 4))
        hist.step()


def train_and_close(hist, model, steps=STEPS, fault=collapse) -> None:
    train(hist, model, steps, fault)
    hist.close()


def train_until_told(hist, model, fault) -> None:
    for number in range(1, STEPS + 1):
        train(hist, model, 1, None)
        hist.flush()
        if hist.should_stop:
            break
        if number == BREAK - 1:
            with torch.no_grad():
                fault(model)


def summary(findings: list[Finding]) -> set[tuple[str, str, int, str]]:
    return {
        (f.run, f.layers[0], f.first_step, f.severity) for f in findings if f.kind == "collapsed"
    }


@pytest.mark.parametrize("target", ["path", "SummaryWriter", "memory"])
def test_findings_are_those_of_the_run_so_far(target, tmp_path):
    model, path = make_model(), tmp_path / "lr=1"
    logdir = {"path": lambda: path, "SummaryWriter": lambda: SummaryWriter(path)}
    hist = ActivationHistLogger(model, logdir.get(target, MemoryWriter)(), on_error="raise")
    train(hist, model, BREAK - 1)
    assert hist.findings() == []
    collapse(model)
    train(hist, model, STEPS - BREAK + 1, fault=None)
    expected = {("" if target == "memory" else "lr=1", "1", BREAK, "error")}
    assert summary(hist.findings()) == expected
    hist.close()
    assert summary(hist.findings()) == expected


def test_a_clear_word_when_the_run_cannot_be_read(tmp_path):
    hist = ActivationHistLogger(make_model(), tmp_path / "run")
    hist.close()
    for file in (tmp_path / "run").iterdir():
        file.unlink()
    (tmp_path / "run").rmdir()
    with pytest.raises(LogdirError, match="run"):
        hist.findings()


def test_another_tools_histograms_are_no_layers(tmp_path):
    model = make_model()
    with SummaryWriter(tmp_path) as writer, ActivationHistLogger(model, writer) as hist:
        for step in range(STEPS):
            writer.add_histogram("own", torch.randn(100) * (step < BREAK), step)
        train(hist, model)
        findings = hist.findings()
    assert "own" in read_histograms(tmp_path)["."]
    assert summary(findings) == {(tmp_path.name, "1", BREAK, "error")}
    assert all("own" not in finding.layers for finding in findings)


@pytest.mark.parametrize("stored", [True, False])
def test_a_probe_tells_its_findings(stored, tmp_path):
    model = make_model()
    with probe_module(model, logdir=tmp_path / "run" if stored else None) as probe:
        assert probe.findings() == []
        train(probe, model)
        assert summary(probe.findings()) == {("run" if stored else "", "1", BREAK, "error")}
    assert len(summary(probe.findings())) == 1


def test_a_damaged_layer_is_left_out_with_a_warning(tmp_path, monkeypatch):
    def refuse_first(self, tag):
        if tag.key == "0":
            raise FormatError("broken block")
        return read(self, tag)

    read = RunIndex.read
    monkeypatch.setattr(RunIndex, "read", refuse_first)
    model = make_model()
    with ActivationHistLogger(model, tmp_path) as hist:
        train(hist, model)
        with pytest.warns(ActivationHistWarning, match="'0', which cannot be read: broken block"):
            findings = hist.findings()
    assert len(summary(findings)) == 1


# --- warn_on and stop_on ------------------------------------------------------------------------

COLLAPSE = (
    rf"^layer 1: collapsed to zero at step {BREAK} \(100\.0% of the values\)\. .+ \(collapsed, "
)


def told(caught) -> list[str]:
    return [str(each.message) for each in caught if each.category is ActivationHistWarning]


def test_a_warning_names_layer_step_and_advice_once():
    model = make_model()
    hist = ActivationHistLogger(model, MemoryWriter(), warn_on=["collapsed"], on_error="raise")
    with pytest.warns(ActivationHistWarning, match=COLLAPSE + r"warn_on\)$") as caught:
        train_and_close(hist, model)
    assert len(told(caught)) == 1
    assert not hist.should_stop


def test_it_is_watched_on_the_writers_thread_and_reported_on_the_trainings(monkeypatch):
    threads = {}

    def spy(owner, name):
        original = getattr(owner, name)

        def call(*args):
            threads.setdefault(name, set()).add(threading.current_thread().name)
            return original(*args)

        monkeypatch.setattr(owner, name, call)

    spy(OnlineRules, "add")
    spy(CaptureState, "warn_once")
    model = make_model()
    with (
        pytest.warns(ActivationHistWarning),
        ActivationHistLogger(model, MemoryWriter(), warn_on=["non_finite"]) as hist,
    ):
        train(hist, model, fault=spoil)
    assert threads == {"add": {"activation-hist"}, "warn_once": {threading.current_thread().name}}


@pytest.mark.parametrize(("fault", "last"), [(spoil, BREAK), (collapse, BREAK + 19)])
def test_a_plain_loop_asks_whether_to_stop(fault, last, tmp_path):
    model = make_model()
    hist = ActivationHistLogger(
        model, tmp_path, warn_on=["exploding"], stop_on=["collapsed", "non_finite"]
    )
    with pytest.warns(ActivationHistWarning, match="stop_on: the training should stop"):
        train_until_told(hist, model, fault)
    hist.close()
    assert hist.steps == last
    assert read_histograms(tmp_path)["."]["1"].steps.tolist() == list(range(1, last + 1))


def test_who_goes_on_all_the_same_is_told_anew():
    model = make_model()
    hist = ActivationHistLogger(model, MemoryWriter(), stop_on=["non_finite"], on_error="raise")
    with pytest.warns(ActivationHistWarning, match=f"step {BREAK}"):
        train_until_told(hist, model, spoil)
    assert hist.should_stop
    hist.detach()
    hist.attach()
    assert not hist.should_stop
    with pytest.warns(ActivationHistWarning, match=f"step {BREAK + 1}"):
        train_and_close(hist, model, 3, None)
    assert hist.should_stop


def test_nothing_is_watched_unless_asked(monkeypatch):
    monkeypatch.setattr(monitor, "LiveRules", lambda *_: 1 / 0)
    records = []
    writer = MemoryWriter()
    monkeypatch.setattr(writer, "write", lambda record: records.append(record) or True)
    model = make_model()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        train(hist, model, BREAK + 3, spoil)
    assert {record.observe for record in records} == {None}
    assert hist.should_stop is False


def test_a_healthy_training_is_left_in_peace():
    model = make_model()
    hist = ActivationHistLogger(model, MemoryWriter(), stop_on=WATCHED_KINDS, on_error="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train_and_close(hist, model, fault=None)
    assert not hist.should_stop


def test_a_monitor_that_fails_costs_no_record(monkeypatch):
    monkeypatch.setattr(OnlineRules, "add", lambda *_: 1 / 0)
    model, writer = make_model(), MemoryWriter()
    hist = ActivationHistLogger(model, writer, warn_on=["collapsed"])
    with pytest.warns(ActivationHistWarning, match="watch for findings.*ZeroDivision") as caught:
        train_and_close(hist, model)
    assert len(told(caught)) == 1
    assert [len(series) for series in writer.histograms.values()] == [STEPS] * 3


def test_ranks_that_are_added_up_are_watched_on_rank_0():
    model, observed = make_model(), []
    mailbox = Mailbox(dist.HashStore(), "test")
    merger = RankMerger(
        MemoryWriter(), mailbox, Ranks(0, 1), WriterOptions(on_error="raise"), 1.0, owned=True
    )
    hist = ActivationHistLogger(model, MemoryWriter(), stop_on=["non_finite"])
    hist.writer = hist._records._sink = merger
    monitored = hist._records.monitor.add
    hist._records.monitor.add = lambda *record: (observed.append(record[0]), monitored(*record))
    with pytest.warns(ActivationHistWarning, match="NaN or infinite"):
        train_until_told(hist, model, spoil)
    assert "non_finite" in {finding.kind for finding in hist.findings()}
    assert observed == list(range(1, BREAK + 1))
    assert hist.should_stop
    hist.close()
    merger.close()


def train_head_alone(hist, model) -> None:
    for _ in range(200):
        with torch.no_grad():
            model[2].weight.add_(0.05)
        model(torch.randn(64, 4))
        hist.step()
        hist.flush()
        if hist.should_stop:
            break
    hist.close()


def test_what_needs_a_history_is_reported_while_it_trains():
    model = make_model()
    kinds = ("activations", "weights")
    hist = ActivationHistLogger(
        model, MemoryWriter(), kinds=kinds, stop_on=["not_learning"], on_error="raise"
    )
    with pytest.warns(
        ActivationHistWarning, match=r"^layer 0: not learning, nothing updates them\. U"
    ):
        train_head_alone(hist, model)
    assert 49 <= hist.steps <= 75


def test_layers_frozen_on_purpose_are_known_from_their_parameters():
    model = make_model()
    model[0].requires_grad_(False)
    hist = ActivationHistLogger(model, MemoryWriter(), on_error="raise")
    for _ in range(3):
        model(torch.randn(64, 4))
        hist.step()
    (finding,) = hist.findings()
    assert (finding.kind, finding.severity, finding.layers) == ("frozen", "info", ("0",))

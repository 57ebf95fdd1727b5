"""What a logger tells of the run that it is recording: on demand, and while it trains."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_activation_hist import probe_module, read_histograms
from tb_activation_hist.errors import ActivationHistWarning, LogdirError
from tb_activation_hist.findings import Finding
from tb_activation_hist.logger import ActivationHistLogger
from tb_activation_hist.writer import MemoryWriter

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
    from tb_activation_hist import run_index
    from tb_activation_hist.errors import FormatError

    def refuse_first(self, tag):
        if tag.key == "0":
            raise FormatError("broken block")
        return read(self, tag)

    read = run_index.RunIndex.read
    monkeypatch.setattr(run_index.RunIndex, "read", refuse_first)
    model = make_model()
    with ActivationHistLogger(model, tmp_path) as hist:
        train(hist, model)
        with pytest.warns(ActivationHistWarning, match="'0', which cannot be read: broken block"):
            findings = hist.findings()
    assert len(summary(findings)) == 1

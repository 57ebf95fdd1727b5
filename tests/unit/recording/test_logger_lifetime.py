"""What `ActivationHistLogger` refuses, reports and leaves behind when it ends, however it ends."""

from __future__ import annotations

import gc
import weakref

import pytest

from tb_activation_hist.core.errors import (
    ActivationHistWarning,
    LayerSelectionError,
    LogdirError,
    OptionError,
)
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.writer import RunWriter
from tests.unit.recording.logged_training import Training, batch, make_model


def test_wrong_layers_options_and_logdirs_are_refused_at_once(tmp_path):
    model = make_model()
    with pytest.raises(LayerSelectionError, match="'nope' matches no module"):
        ActivationHistLogger(model, tmp_path, layers="nope")
    with pytest.raises(OptionError, match="no option 'evry'"):
        ActivationHistLogger(model, tmp_path, evry=2)
    with pytest.raises(OptionError, match=r"optimizer must be a torch\.optim\.Optimizer"):
        ActivationHistLogger(model, tmp_path, optimizer=3)
    (tmp_path / "file").write_text("")
    with pytest.raises(LogdirError):
        ActivationHistLogger(model, tmp_path / "file" / "run")
    assert not any(module._forward_hooks for module in model.modules())
    with ActivationHistLogger(model, tmp_path / "run") as hist:
        assert hist.attached


def test_a_budget_is_reported_once_and_noted(tmp_path, monkeypatch):
    model = make_model()
    hist = ActivationHistLogger(model, tmp_path, overhead_budget=1e-6)

    def train():
        for _ in range(30):
            model(batch())
            hist.step()

    with pytest.warns(ActivationHistWarning, match=r"overhead_budget=1e-06 .* From step") as told:
        train()
    hist.close()
    assert len(told) == 1
    run = read_histograms(tmp_path)["."]
    assert run["0"].steps.tolist()[-1] < 30
    assert run.info["cadence"].endswith("to stay under the time budget")


def test_errors_inside_never_stop_a_training_and_are_reported_once(monkeypatch):
    training = Training(on_error="warn")
    fail = "tb_activation_hist.capture.rows.Row.count"
    with monkeypatch.context() as broken:
        broken.setattr(fail, lambda *_: 1 / 0)
        with pytest.warns(ActivationHistWarning) as caught:
            training.steps(2)
    texts = [str(each.message) for each in caught if "Recording" in str(each.message)]
    assert [text.split(" failed")[0] for text in texts] == [f"Recording {n}" for n in "012"]
    assert "at step 1 (ZeroDivisionError: division by zero)" in texts[0]


def test_on_error_raise_shows_the_error(monkeypatch):
    training = Training()
    monkeypatch.setattr("tb_activation_hist.capture.rows.Row.count", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        training.model(batch())


def test_hooks_are_gone_after_an_exception():
    model = make_model()
    with pytest.raises(KeyboardInterrupt), ActivationHistLogger(model, MemoryWriter()):
        raise KeyboardInterrupt
    assert not any(module._forward_hooks for module in model.modules())
    assert not any("tb_activation_hist" in key for key in model[0].__dict__)


def test_a_cell_run_again_leaves_one_set_of_hooks(tmp_path):
    model = make_model()
    first = ActivationHistLogger(model, tmp_path / "a")
    model(batch())
    first.step()
    with pytest.warns(ActivationHistWarning, match=r"\(after 1 steps\)\. It was closed"):
        second = ActivationHistLogger(model, tmp_path / "a")
    assert first.closed
    assert [len(module._forward_hooks) for module in model] == [1, 1, 1]
    model(batch())
    with pytest.warns(ActivationHistWarning, match="after the logger was closed"):
        first.step()
    second.step()
    second.close()
    assert read_histograms(tmp_path)["a"]["0"].steps.tolist() == [1, 2]


def test_a_probe_in_memory_and_a_run_go_together(tmp_path):
    model = make_model()
    with ActivationHistLogger(model, tmp_path), ActivationHistLogger(model, MemoryWriter()):
        assert [len(module._forward_hooks) for module in model] == [2, 2, 2]


def test_a_dropped_logger_takes_its_hooks_along(tmp_path):
    model = make_model()
    hist = ActivationHistLogger(model, tmp_path)
    model(batch())
    hist.step()
    gone = weakref.ref(hist)
    del hist
    gc.collect()
    assert gone() is None
    assert not any(module._forward_hooks for module in model.modules())
    assert read_histograms(tmp_path)["."]["0"].steps.tolist() == [1]


def test_closing_twice_does_nothing_and_steps_after_it_warn_once():
    training = Training()
    training.step()
    training.hist.close()
    training.hist.close()
    with pytest.warns(ActivationHistWarning, match="after the logger was closed"):
        training.hist.step()
    training.hist.step()
    training.hist.attach()
    assert training.hist.steps == 1
    assert not training.hist.attached


def test_a_writer_of_ones_own_stays_open(tmp_path):
    model, writer = make_model(), RunWriter(tmp_path)
    for _ in range(2):
        with ActivationHistLogger(model, writer) as hist:
            model(batch())
            hist.step()
    writer.close()
    assert read_histograms(tmp_path)["."]["0"].steps.tolist() == [1, 2]

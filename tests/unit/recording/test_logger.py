"""`ActivationHistLogger` in trainings of all kinds: what is recorded, when, under which name."""

from __future__ import annotations

import gc
import warnings
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.amp import GradScaler

from tb_activation_hist.capture.schedule import Between
from tb_activation_hist.core.errors import (
    ActivationHistWarning,
    LayerSelectionError,
    LogdirError,
    OptionError,
)
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.writer import RunWriter
from tests.models import Recursive, Tap, assert_counted, tensor_to_values


def make_model():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def batch():
    return torch.randn(5, 4)


class Training:
    """A model, a logger on it that raises its errors, and what a tap saw in each step."""

    def __init__(self, model=None, **options):
        self.model = make_model() if model is None else model
        self.tap, self.writer, self.seen = Tap(self.model), MemoryWriter(), {}
        self.hist = ActivationHistLogger(
            self.model, self.writer, **{"on_error": "raise", **options}
        )

    def step(self, x=None, forwards=1, **scalars):
        for _ in range(forwards):
            self.model(batch() if x is None else x).sum().backward()
        self.hist.step(**scalars)
        self.seen[self.hist.steps] = self.tap.take()

    def steps(self, count):
        for _ in range(count):
            self.step()

    @property
    def recorded(self):
        self.hist.close()
        return self.writer.histograms


def test_one_record_per_step_with_scalars():
    training = Training()
    for number in range(3):
        training.step(loss=torch.tensor(float(number)), lr=0.1)
    for key, series in training.recorded.items():
        assert series.steps.tolist() == [1, 2, 3]
        assert_counted(series, [training.seen[step][key] for step in (1, 2, 3)])
    assert training.writer.scalars["loss"] == [(1, 0.0), (2, 1.0), (3, 2.0)]


def test_repr_says_where_and_how_much_is_recorded(tmp_path):
    model = make_model()
    with ActivationHistLogger(model, tmp_path / "a", every=5, start_step=20) as hist:
        place = f"ActivationHistLogger({str(tmp_path / 'a')!r}, 3 layers"
        assert repr(hist) == f"{place}, 0 steps recorded, open)"
        for _ in range(11):
            model(batch())
            hist.step()
        assert repr(hist) == f"{place}, 3 steps recorded, open)"
    assert repr(hist) == f"{place}, 3 steps recorded, closed)"
    training = Training()
    training.step()
    assert repr(training.hist) == "ActivationHistLogger(in memory, 3 layers, 1 step recorded, open)"


def test_a_scalar_tensor_that_changes_later_is_kept_as_it_was():
    training = Training()
    loss = torch.ones(1)
    training.step(loss=loss)
    loss.zero_()
    training.hist.close()
    assert training.writer.scalars["loss"] == [(1, 1.0)]


def test_every_k_is_a_snapshot_and_the_first_step_is_always_there():
    training = Training(every=3)
    training.steps(7)
    for key, series in training.recorded.items():
        assert series.steps.tolist() == [1, 3, 6]
        assert_counted(series, [training.seen[step][key] for step in (1, 3, 6)])


def test_accumulate_merges_the_steps_between():
    training = Training(every=3, accumulate=True)
    training.steps(8)
    groups = [(1,), (2, 3), (4, 5, 6), (7, 8)]
    for key, series in training.recorded.items():
        assert series.steps.tolist() == [1, 3, 6, 8]
        merged = [np.concatenate([training.seen[s][key] for s in group]) for group in groups]
        assert_counted(series, merged)


def test_schedule_decides_alone():
    training = Training(schedule=Between(start=3, stop=5))
    training.steps(7)
    assert training.recorded["0"].steps.tolist() == [1, 3, 4, 5]


def test_thin_after():
    training = Training(thin_after=4)
    training.steps(12)
    assert training.recorded["0"].steps.tolist() == [1, 2, 3, 4, 6, 8, 12]


def test_gradient_accumulation_merges_forwards_since_the_last_step():
    training = Training()
    training.step(forwards=3)
    series = training.recorded["0"]
    assert series.n.tolist() == [3 * 5 * 8]
    assert_counted(series, [training.seen[1]["0"]])


def test_evaluation_is_not_recorded_by_default():
    training = Training()
    training.step()
    training.model.eval()
    with torch.no_grad():
        training.model(batch())
    training.model.train()
    training.step()
    assert training.recorded["0"].n.tolist() == [40, 40]


@pytest.mark.parametrize("every", [1, 2])
def test_evaluation_is_kept_apart_and_belongs_to_the_step_before_it(every):
    training = Training(phases=("train", "eval"), every=every)
    for size in (1, 2, 3):
        training.step()
        training.model.eval()
        training.model(torch.zeros(size, 4))
        training.model.train()
    recorded = training.recorded
    assert recorded["0"].steps.tolist() == [1, 2, 3] if every == 1 else [1, 2]
    assert set(recorded["0"].n.tolist()) == {40}
    assert recorded["eval/0"].steps.tolist() == [1, 2, 3]
    assert recorded["eval/0"].n.tolist() == [8, 16, 24]


def test_steps_merged_after_the_last_record_are_written_at_the_end():
    training = Training(accumulate=True, every=4)
    training.steps(2)
    assert training.recorded["0"].n.tolist() == [40, 40]


def test_a_forward_pass_without_gradient_in_training_mode_counts():
    training = Training()
    with torch.no_grad():
        training.model(batch())
    training.step()
    assert training.recorded["0"].n.tolist() == [80]


def test_an_unfinished_step_is_not_recorded():
    training = Training()
    training.step()
    training.model(batch())
    assert training.recorded["0"].n.tolist() == [40]


def test_what_a_cancelled_fit_left_is_not_in_the_next_record():
    training = Training()
    training.step()
    training.model(batch())
    training.hist.detach()
    training.model(batch())
    training.hist.attach()
    training.step()
    assert training.recorded["0"].n.tolist() == [40, 40]


def test_per_call_tells_the_calls_of_a_module_apart():
    training = Training(Recursive(), per_call=True)
    for _ in range(2):
        training.step(forwards=2)
    recorded = training.recorded
    # Three calls in each of the step's two forward passes.
    assert set(recorded) == {f"linear:{call}" for call in range(6)}
    assert all(series.n.tolist() == [20, 20] for series in recorded.values())


def test_linear_bins():
    training = Training(bins=LinearBins(40, 0, 10))
    training.step()
    series, values = training.recorded["1"], training.seen[1]["1"]
    expected = torch.histc(torch.tensor(values), 40, 0, 10).numpy()
    np.testing.assert_array_equal(series.rebin(np.linspace(0, 10, 41))[0], expected)


def test_an_optimizer_ends_the_steps_by_itself():
    model, writer = make_model(), MemoryWriter()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with ActivationHistLogger(model, writer, optimizer=optimizer, on_error="raise") as hist:
        for _ in range(3):
            model(batch()).sum().backward()
            optimizer.step()
    optimizer.step()
    assert hist.steps == 3
    assert writer.histograms["0"].steps.tolist() == [1, 2, 3]


def test_of_several_optimizers_the_last_ends_the_step():
    model, writer = make_model(), MemoryWriter()
    first = torch.optim.SGD(model[0].parameters(), 0.1)
    last = torch.optim.SGD(model[2].parameters(), 0.1)
    with ActivationHistLogger(model, writer, optimizer=[first, last], on_error="raise") as hist:
        for _ in range(2):
            model(batch()).sum().backward()
            first.step()
            last.step()
    assert hist.steps == 2


def test_steps_can_be_numbered_by_the_caller():
    training = Training()
    for number in (10, 20):
        training.model(batch())
        training.hist.step(number)
    assert training.recorded["0"].steps.tolist() == [10, 20]


def test_a_resumed_run_goes_on_and_the_later_write_wins(tmp_path):
    model = nn.Sequential(nn.Identity(), nn.ReLU())
    for start, sign in ((None, 1), (None, 1), (3, -1)):
        with ActivationHistLogger(model, tmp_path, start_step=start, on_error="raise") as hist:
            for _ in range(3):
                model(sign * torch.ones(2))
                hist.step()
    series = read_histograms(tmp_path)["."]["1"]
    assert series.steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert series.max.tolist() == [1, 1, 1, 0, 0, 0]


class Kinds:
    """A training that records all kinds, with the true values beside it."""

    def __init__(self, make_optimizer, scaler=None, **options):
        self.model, self.writer = make_model(), MemoryWriter()
        self.optimizer = make_optimizer(self.model)
        self.scaler = scaler
        self.options = {"kinds": ("gradients", "weights", "weight_gradients", "updates")} | options

    def run(self, steps):
        truth = []
        with ActivationHistLogger(
            self.model, self.writer, scaler=self.scaler, on_error="raise", **self.options
        ) as hist:
            for _ in range(steps):
                truth.append(self._step())
                hist.step()
        return truth

    def _step(self):
        named = dict(self.model.named_parameters())
        seen = {}
        out = self.model(batch()).square().sum()
        scaler = self.scaler
        (out if scaler is None else scaler.scale(out)).backward()
        factor = 1.0 if scaler is None else float(scaler.get_scale())
        before = {name: p.detach().clone() for name, p in named.items()}
        for name, p in named.items():
            if p.grad is not None:
                seen[f"weight_gradients/{name}"] = tensor_to_values(p.grad / factor)
        if scaler is None:
            self.optimizer.step()
        else:
            scaler.step(self.optimizer)
            scaler.update()
        self.optimizer.zero_grad()
        for name, p in named.items():
            seen[f"weights/{name}"] = tensor_to_values(p)
            rms = torch.maximum(before[name].square().mean(), p.detach().square().mean()).sqrt()
            seen[f"updates/{name}"] = tensor_to_values((p.detach() - before[name]) / rms)
        return seen


def sgd(model):
    return torch.optim.SGD(model.parameters(), 0.01)


@pytest.mark.parametrize("scaler", [None, "scaler"])
def test_parameters_their_gradients_and_updates(scaler):
    scaler = scaler and GradScaler("cpu", init_scale=2.0**10)
    kinds = Kinds(sgd, scaler)
    truth = kinds.run(3)
    recorded = kinds.writer.histograms
    for key in truth[0]:
        assert_counted(recorded[key], [step[key] for step in truth])


def test_activation_gradients_are_unscaled_and_belong_to_the_value_before_an_in_place_successor():
    recorded = []
    for scaler in (None, GradScaler("cpu", init_scale=2.0**10)):
        model, writer = make_model(), MemoryWriter()
        model[1] = nn.ReLU(inplace=True)
        options = {"kinds": ["gradients"], "scaler": scaler, "on_error": "raise"}
        with ActivationHistLogger(model, writer, **options) as hist:
            out = model(torch.ones(3, 4)).square().sum()
            (out if scaler is None else scaler.scale(out)).backward()
            hist.step()
        recorded.append(writer.histograms)
    plain, scaled = recorded
    assert set(plain) == {"gradients/0", "gradients/1", "gradients/2"}
    for key, series in plain.items():
        np.testing.assert_array_equal(series.bin_counts, scaled[key].bin_counts)
        np.testing.assert_allclose(series.std, scaled[key].std, rtol=1e-6)
    blocked = int((make_model()[0](torch.ones(3, 4)) <= 0).sum())
    assert plain["gradients/0"].zeros.tolist() == [blocked]


def test_frozen_and_unused_parameters_have_weights_but_no_gradients():
    kinds = Kinds(sgd)
    kinds.model[0].requires_grad_(False)
    kinds.run(2)
    recorded = kinds.writer.histograms
    assert "weights/0.weight" in recorded
    assert not {"weight_gradients/0.weight", "updates/0.weight"} & set(recorded)
    assert recorded["updates/2.weight"].n.tolist() == [16, 16]


def test_tied_parameters_count_once():
    model, writer = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)), MemoryWriter()
    model[1].weight = model[0].weight
    with ActivationHistLogger(model, writer, kinds=["weights"], on_error="raise") as hist:
        hist.step()
    assert set(writer.histograms) == {"weights/0.weight", "weights/0.bias", "weights/1.bias"}


def test_two_optimizers_in_turn_as_in_a_gan():
    model, writer = nn.ModuleDict({"g": nn.Linear(2, 2), "d": nn.Linear(2, 1)}), MemoryWriter()
    optimizers = [torch.optim.Adam(model[name].parameters(), 0.1) for name in "gd"]
    kinds = ["weight_gradients", "updates"]
    with ActivationHistLogger(model, writer, kinds=kinds, on_error="raise") as hist:
        for _ in range(3):
            for optimizer in optimizers:
                optimizer.zero_grad()
                model["d"](model["g"](torch.ones(4, 2))).sum().backward()
                optimizer.step()
            hist.step()
    recorded = writer.histograms
    for kind in kinds:
        assert recorded[f"{kind}/g.weight"].n.tolist() == [4, 4, 4]
        assert recorded[f"{kind}/d.weight"].n.tolist() == [2, 2, 2]


def test_updates_are_recorded_when_the_optimizer_ends_the_step():
    model, writer = make_model(), MemoryWriter()
    optimizer = sgd(model)
    with ActivationHistLogger(
        model, writer, kinds=["updates"], optimizer=optimizer, on_error="raise"
    ):
        for _ in range(2):
            model(batch()).sum().backward()
            optimizer.step()
    assert writer.histograms["updates/0.weight"].steps.tolist() == [1, 2]


def test_a_stage_brings_the_parameters_below_it():
    model, writer = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU())), MemoryWriter()
    with ActivationHistLogger(model, writer, layers="0", kinds=["weights"]) as hist:
        hist.step()
    assert set(writer.histograms) == {"weights/0.0.weight", "weights/0.0.bias"}


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


def test_close_twice_and_steps_after_it_do_nothing():
    training = Training()
    training.step()
    training.hist.close()
    training.hist.close()
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


def test_a_model_that_changes_its_type_and_back_stays_one_layer():
    training = Training()
    training.step()
    training.model.double()
    training.step(x=batch().double())
    training.model.float()
    series = training.recorded["0"]
    assert_counted(series, [training.seen[step]["0"] for step in (1, 2)])


def test_more_outputs_than_rows_lose_no_counts():
    class Many(nn.Module):
        def forward(self, x):
            return [x + number for number in range(40)]

    model, writer = nn.Sequential(Many()), MemoryWriter()
    with ActivationHistLogger(model, writer, on_error="raise") as hist:
        for _ in range(2):
            model(torch.ones(3))
            hist.step()
    recorded = writer.histograms
    assert [recorded[f"0/{number}"].max.tolist() for number in (0, 39)] == [[1, 1], [40, 40]]
    assert len(recorded) == 40


def test_counts_beyond_an_int32_are_exact(monkeypatch):
    monkeypatch.setattr("tb_activation_hist.capture.rows.DRAIN_AT", 100)
    training = Training(accumulate=True, every=4)
    training.step(forwards=7)
    training.steps(4)
    training.step(x=torch.randn(60, 4))
    series = training.recorded["0"]
    seen = training.seen
    merged = [np.concatenate([seen[s]["0"] for s in group]) for group in ((1,), (2, 3, 4), (5, 6))]
    assert_counted(series, merged)


def test_no_warning_in_a_plain_training():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training = Training()
        training.steps(3)
        assert len(training.recorded) == 3

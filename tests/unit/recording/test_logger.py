"""`ActivationHistLogger` in trainings of all kinds: what is recorded, when, under which name."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from tb_activation_hist.capture.schedule import Between
from tb_activation_hist.core.schemes.linear_bins import LinearBins
from tb_activation_hist.recording.logger import ActivationHistLogger
from tb_activation_hist.storage.logdir_histograms import read_histograms
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tests.models import Recursive, assert_counted
from tests.unit.recording.logged_training import Training, batch, make_model


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

"""The callback in real fastai trainings."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("fastai", reason="fastai is an extra")

from fastai.callback.core import Callback
from fastai.callback.fp16 import MixedPrecision
from fastai.callback.hook import ActivationStats
from fastai.callback.schedule import fine_tune, fit_one_cycle, lr_find  # noqa: F401 - patches Learner
from fastai.callback.tensorboard import TensorBoardCallback
from fastai.callback.training import GradientAccumulation
from fastai.data.core import DataLoaders
from fastai.optimizer import OptimWrapper
from tensorboard.compat.proto.event_pb2 import Event

from tb_activation_hist import ActivationHistCallback, read_histograms
from tb_activation_hist.core.errors import ActivationHistWarning, OptionError
from tb_activation_hist.core.setup_facts import OptimizerGroup, RateHistory
from tb_activation_hist.findings import info_to_run_facts
from tb_activation_hist.recording.run_findings import find_directory_findings
from tb_activation_hist.storage.event_file_reader import find_event_files, scan_events
from tb_activation_hist.storage.run_histograms import read_run
from tests.unit.callbacks.fastai_learner import BATCH, BATCHES, hooks, make_learner


def scalars(logdir):
    found = {}
    for path in find_event_files(str(logdir)):
        with path.open() as file:
            for _, data in scan_events(file):
                event = Event.FromString(data)
                for value in event.summary.value:
                    if value.HasField("simple_value"):
                        found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_each_training_batch_is_one_record(tmp_path):
    learn = make_learner(ActivationHistCallback(tmp_path))
    learn.fit(2, 1e-2)
    run = read_histograms(tmp_path)["."]
    assert list(run) == ["0", "1", "2"]
    for series, width in zip(run.values(), (6, 6, 2), strict=True):
        assert series.steps.tolist() == list(range(1, 2 * BATCHES + 1))
        assert (series.n == BATCH * width).all()


def test_counts_are_those_of_the_outputs(tmp_path):
    callback = ActivationHistCallback(tmp_path, layers="2")
    learn = make_learner(callback)
    outputs = []
    learn.model[2].register_forward_hook(
        lambda m, _i, out: outputs.append(out.detach().clone()) if m.training else None
    )
    learn.fit(1)
    series = callback.histograms["2"]
    np.testing.assert_allclose(series.mean, [out.double().mean() for out in outputs])
    np.testing.assert_array_equal(series.max, [out.max() for out in outputs])


def test_finding_rates_predicting_and_validating_record_nothing(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run")
    learn = make_learner(callback, path=tmp_path)
    learn.lr_find(num_it=5, show_plot=False)
    learn.get_preds()
    learn.validate()
    assert callback.steps == 0
    assert not (tmp_path / "run").exists()
    learn.fit(1)
    learn.get_preds(ds_idx=0)
    learn.validate()
    assert callback.histograms["0"].steps.tolist() == list(range(1, BATCHES + 1))


def test_validation_is_kept_apart_when_asked_for(tmp_path):
    callback = ActivationHistCallback(tmp_path, phases=("train", "eval"))
    learn = make_learner(callback)
    learn.fit(2)
    learn.get_preds()
    callback.close()
    run = read_histograms(tmp_path)["."]
    assert (run["0"].n == BATCH * 6).all()
    assert run["eval/0"].n.sum() == 2 * 32 * 6


def test_steps_go_on_over_fits_and_fine_tune(tmp_path):
    callback = ActivationHistCallback(tmp_path)
    learn = make_learner(callback)
    learn.fit(1)
    learn.fit_one_cycle(1)
    learn.fine_tune(1)
    assert callback.steps == 4 * BATCHES
    assert callback.histograms["0"].steps.tolist() == list(range(1, 4 * BATCHES + 1))
    assert len(find_event_files(str(tmp_path))) == 1


def test_a_callback_shows_where_it_records_to(tmp_path):
    seen = []

    class Look(Callback):
        def after_batch(self):
            seen.append(str(self.learn.cbs))

    make_learner(ActivationHistCallback(tmp_path), Look()).fit(1)
    told = f"{str(tmp_path)!r}, 3 layers, {BATCHES} steps recorded, recording"
    assert f"ActivationHistCallback({told})" in seen[-1]


def test_a_callback_that_records_a_second_model_says_so_once(tmp_path):
    callback = ActivationHistCallback(tmp_path)
    make_learner(callback, model=nn.Sequential(nn.Linear(4, 32), nn.Linear(32, 2))).fit(1)
    second = make_learner(callback, model=nn.Sequential(nn.Linear(4, 32), nn.Linear(32, 2)))
    with pytest.warns(ActivationHistWarning, match=f"weights at step {BATCHES + 1} are not those"):
        second.fit(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ActivationHistWarning)
        second.fit(1)


def test_scalars_stand_on_the_same_axis(tmp_path):
    split = lambda model: [list(model[0].parameters()), list(model[2].parameters())]  # noqa: E731
    learn = make_learner(ActivationHistCallback(tmp_path), splitter=split)
    learn.fit(1, slice(1e-4, 1e-2))
    learn.fit(1, 1e-3)
    found = scalars(tmp_path)
    steps = list(range(1, 2 * BATCHES + 1))
    assert [step for step, _ in found["train/loss"]] == steps
    epochs = [value for _, value in found["train/epoch"]]
    np.testing.assert_allclose(epochs, np.array(steps) / BATCHES, rtol=1e-6)
    rates = [[value for _, value in found[f"train/lr_{group}"]] for group in (0, 1)]
    np.testing.assert_allclose(rates[0], [1e-4] * BATCHES + [1e-3] * BATCHES, rtol=1e-6)
    np.testing.assert_allclose(rates[1], [1e-2] * BATCHES + [1e-3] * BATCHES, rtol=1e-6)
    assert [step for step, _ in found["valid/loss"]] == [BATCHES, 2 * BATCHES]
    assert found["valid/accuracy"][-1][1] == pytest.approx(learn.final_record[2])


def test_epochs_that_a_fit_skips_are_counted_once(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run")
    learn = make_learner(callback)
    learn.fit(1)
    learn.fit(2, start_epoch=1)
    learn.fit(1)
    callback.close()
    epochs = dict(scalars(tmp_path / "run")["train/epoch"])
    assert epochs == pytest.approx({s: s / BATCHES for s in range(1, 3 * BATCHES + 1)})


@pytest.mark.parametrize("folder", ["new", "run"])
def test_a_resumed_fit_goes_on_at_the_learners_own_step_and_epoch(tmp_path, folder):
    first = ActivationHistCallback(tmp_path / "run")
    make_learner(first).fit(3)
    first.close()
    callback = ActivationHistCallback(tmp_path / folder)
    learn = make_learner(callback)
    learn.fit(2, start_epoch=1)
    learn.fit(1)
    callback.close()
    first_step = 1 if folder == "run" else BATCHES + 1
    steps = list(range(first_step, 3 * BATCHES + 1))
    assert callback.histograms["0"].steps.tolist() == steps
    own = dict(scalars(tmp_path / folder)["train/epoch"])
    assert {s: own[s] for s in steps} == pytest.approx({s: s / BATCHES for s in steps})


def test_a_fit_that_broke_off_goes_back_to_the_epoch_that_is_begun_again():
    callback = ActivationHistCallback(None)
    learn = make_learner(callback)
    learn.fit(1)
    learn.add_cb(FailsAtBatch(BATCHES + 2))
    with pytest.raises(ValueError, match="broken"):
        learn.fit(3)
    assert callback.steps == 2 * BATCHES + 3
    learn.remove_cb(FailsAtBatch)
    learn.fit(3, start_epoch=1)
    assert callback.histograms["0"].steps.tolist() == list(range(1, 4 * BATCHES + 1))
    assert (callback._epochs_before, callback._epochs_done) == (1, 4)


def test_two_callbacks_in_turns_on_one_directory_go_on_after_each_other(tmp_path, caplog):
    callbacks = [ActivationHistCallback(tmp_path) for _ in range(2)]
    learners = [make_learner(each) for each in callbacks]
    for turn in (0, 1, 0, 1):
        learners[turn].fit(1)
    for each in callbacks:
        each.close()
    caplog.clear()
    series = read_histograms(tmp_path)["."]["0"]
    assert series.steps.tolist() == list(range(1, 4 * BATCHES + 1))
    assert not [text for text in caplog.messages if "at the same time" in text]


def test_skipped_epochs_with_accumulation_are_steps_of_the_optimizer():
    callback = ActivationHistCallback(None)
    make_learner(callback, GradientAccumulation(2 * BATCH)).fit(4, start_epoch=2)
    assert callback.histograms["0"].steps.tolist() == list(range(BATCHES + 1, 2 * BATCHES + 1))


class FailsAtBatch(Callback):
    """Raises before the batch of this number within a fit, from 0."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def before_batch(self):
        if self.training and self.train_iter > self.number:
            raise ValueError("broken")


def test_the_file_of_fastais_tensorboard_callback_is_shared(tmp_path):
    board = TensorBoardCallback(tmp_path / "run", trace_model=False, log_preds=False)
    callback = ActivationHistCallback(tmp_path / "unused")
    learn = make_learner(callback, board)
    learn.fit(1)
    assert not (tmp_path / "unused").exists()
    assert len(find_event_files(str(tmp_path / "run"))) == 1
    learn.fit(1)
    series = read_histograms(tmp_path)["run"]["0"]
    assert series.steps.tolist() == list(range(1, 2 * BATCHES + 1))
    assert {"train_loss", "train/loss"} <= set(scalars(tmp_path / "run"))
    assert hooks(learn) == 0


@pytest.mark.parametrize("wrapped", [False, True], ids=["fastai", "torch"])
def test_parameters_with_both_kinds_of_optimizer(tmp_path, wrapped):
    kinds = ("activations", "gradients", "weights", "weight_gradients", "updates")
    callback = ActivationHistCallback(tmp_path, kinds=kinds, layers="0")
    options = {}
    if wrapped:
        options["opt_func"] = lambda params, **kw: OptimWrapper(params, torch.optim.SGD, **kw)
    learn = make_learner(callback, **options)
    learn.fit(1)
    run = callback.histograms
    for kind in ("weights", "weight_gradients", "updates"):
        assert (run[f"{kind}/0.weight"].n == 24).all()
        assert len(run[f"{kind}/0.weight"]) == BATCHES
    assert (run["gradients/0"].n == BATCH * 6).all()


def test_mixed_precision_in_bfloat16_on_the_cpu(tmp_path):
    class CpuAutocast(MixedPrecision):
        def before_fit(self):
            self.autocast = torch.autocast("cpu", dtype=torch.bfloat16)
            self.learn.scaler, self.scales = torch.amp.GradScaler("cpu", enabled=False), []

    callback = ActivationHistCallback(tmp_path, layers="0", kinds=("activations", "gradients"))
    learn = make_learner(callback, CpuAutocast(amp_mode="bf16"))
    learn.fit(1)
    assert len(callback.histograms["0"]) == BATCHES
    assert len(callback.histograms["gradients/0"]) == BATCHES


def test_readers_known_from_activation_stats():
    callback = ActivationHistCallback(None)
    learn = make_learner(callback)
    outputs = []
    learn.model[0].register_forward_hook(
        lambda m, _i, out: outputs.append(out.detach().clone()) if m.training else None
    )
    learn.fit(2)
    mean, std, near = callback.layer_stats(0)
    np.testing.assert_allclose(mean, [out.mean() for out in outputs], atol=1e-6)
    np.testing.assert_allclose(std, [out.std(correction=0) for out in outputs], rtol=1e-4)
    legacy = callback.layer_stats("0", legacy_near_zero=True).near_zero
    np.testing.assert_allclose(
        near, [(out.abs() <= 0.05).float().mean() for out in outputs], atol=0.03
    )
    np.testing.assert_allclose(legacy, [(out <= 0.05).float().mean() for out in outputs], atol=0.03)
    assert callback.hist(0).shape == (40, 2 * BATCHES)
    inside = [torch.histc(out, 40, 0, 10).sum().item() for out in outputs]
    np.testing.assert_allclose(np.expm1(callback.hist(0, lo=0, hi=10)).sum(0), inside, atol=1)


def test_statistics_are_those_of_fastais_own_callback():
    ours, learn = ActivationHistCallback(None), make_learner()
    theirs = ActivationStats(with_hist=True, modules=list(learn.model))
    learn.add_cbs([ours, theirs])
    learn.fit(2)
    for place, series in enumerate(ours.histograms.values()):
        mean, std, near_zero = map(np.array, theirs.layer_stats(place))
        own = ours.layer_stats(place, legacy_near_zero=True)
        np.testing.assert_allclose(own.mean, mean, atol=1e-6)
        # Theirs divides by n - 1.
        np.testing.assert_allclose(own.std * np.sqrt(series.n / (series.n - 1)), std, rtol=1e-4)
        np.testing.assert_allclose(own.near_zero, near_zero, atol=0.03)
        theirs_counts = np.expm1(np.array(theirs.hist(place)))
        own_counts = np.expm1(ours.hist(place, lo=0, hi=10))
        assert own_counts.shape == theirs_counts.shape == (40, 2 * BATCHES)
        np.testing.assert_allclose(own_counts.sum(0), theirs_counts.sum(0), atol=1)
        # A value is known to some 6 %, so it may lie in the neighbouring bin of 0.25.
        apart = np.abs(np.cumsum(own_counts - theirs_counts, axis=0))
        assert apart.max() <= 0.1 * theirs_counts.sum(0).max()


def test_options_are_checked_at_once():
    with pytest.raises(OptionError, match="evry"):
        ActivationHistCallback("runs", evry=2)


def test_plain_dataloaders_work_too(tmp_path):
    x = torch.randn(32, 4)
    data = [(row, torch.tensor(0)) for row in x]
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    learn = make_learner(ActivationHistCallback(tmp_path), dls=DataLoaders(loader, loader))
    learn.fit(1)
    assert read_histograms(tmp_path)["."]["0"].steps.tolist() == [1, 2]


def test_settings_and_rates_of_its_optimizers_are_followed(tmp_path):
    """Whose schedules set numpy's numbers."""
    learn = make_learner(ActivationHistCallback(tmp_path))
    learn.fit_one_cycle(4, 1e-2, wd=20.0)
    facts = info_to_run_facts(read_run(str(tmp_path)).info)
    (group,) = facts.of(OptimizerGroup)
    assert (group.since, group.settings["weight_decay"]) == (1, 20)
    (rates,) = facts.of(RateHistory)
    assert rates.begins[0] == 1
    assert max(rates.rates) == pytest.approx(1e-2, rel=0.3)
    kinds = {own.kind for own in find_directory_findings(str(tmp_path))}
    assert "optimizer_settings" in kinds


def test_another_librarys_event_names_that_librarys_callback(tmp_path):
    callback = ActivationHistCallback(tmp_path)
    with pytest.raises(AttributeError, match=r"from tb_activation_hist\.lightning"):
        callback.on_exception  # noqa: B018
    assert not hasattr(callback, "on_init_end")

"""How fastai fits end, and learners that are copied, exported or changed meanwhile."""

import copy
import pickle

import pytest
import torch
from torch import nn

pytest.importorskip("fastai", reason="fastai is an extra")

from fastai.callback.core import (
    Callback,
    CancelBatchException,
    CancelFitException,
    CancelStepException,
)
from fastai.callback.training import GradientAccumulation
from fastai.learner import load_learner

from tb_activation_hist import ActivationHistCallback, read_histograms
from tb_activation_hist.core.errors import ActivationHistWarning, LogdirError
from tb_activation_hist.recording import ranks as distributed
from tests.unit.callbacks.fastai_learner import BATCH, BATCHES, hooks, make_dls, make_learner


class Fail(Callback):
    """Raises in an event of the first epoch, in the third training batch at the earliest."""

    order = 60

    def __init__(self, error, event):
        super().__init__()
        self.error = error
        setattr(self, event, self._fail)

    def _fail(self):
        if self.train_iter >= 3:
            raise self.error


@pytest.mark.parametrize(
    ("error", "event", "steps"),
    [
        (ValueError("broken"), "after_batch", 3),
        (KeyboardInterrupt("stop"), "after_batch", 3),
        (ValueError("broken"), "before_validate", BATCHES),
        (ValueError("broken"), "after_epoch", BATCHES),
        (CancelFitException("enough"), "after_batch", 3),
        (CancelStepException("stray"), "after_batch", 3),
        (CancelBatchException("stray"), "before_validate", BATCHES),
    ],
)
def test_hooks_are_gone_however_the_fit_ends(tmp_path, error, event, steps):
    callback = ActivationHistCallback(tmp_path)
    learn = make_learner(callback, Fail(error, event))
    if isinstance(error, CancelFitException):
        learn.fit(1)
    else:
        with pytest.raises(type(error)):
            learn.fit(1)
    assert hooks(learn) == 0
    assert "_with_events" not in vars(learn)
    assert read_histograms(tmp_path)["."]["0"].steps.tolist() == list(range(1, steps + 1))
    learn.remove_cb(Fail)
    learn.fit(1)
    assert callback.histograms["0"].steps.tolist() == list(range(1, steps + BATCHES + 1))


@pytest.mark.parametrize("order", [-100, 100])
@pytest.mark.parametrize("event", ["after_fit", "after_cancel_fit", "before_fit"])
def test_another_callback_that_raises_around_a_fit_leaves_no_hook(event, order):
    class Raises(Callback):
        def after_batch(self):
            if event == "after_cancel_fit":
                raise CancelFitException

    def fail(_self):
        raise ValueError("broken")

    Raises.order = order
    setattr(Raises, event, fail)
    callback = ActivationHistCallback(None)
    learn = make_learner(callback, Raises())
    with pytest.raises(ValueError, match="broken"):
        learn.fit(1)
    assert hooks(learn) == 0
    assert not callback._session.active
    assert callback.steps == {"after_fit": BATCHES, "after_cancel_fit": 1, "before_fit": 0}[event]
    learn.remove_cb(Raises)
    done = callback.steps
    learn.fit(1)
    assert "_with_events" not in vars(learn)
    assert callback.histograms["0"].steps.tolist() == list(range(1, done + BATCHES + 1))


def test_a_cancelled_batch_does_not_end_the_recording(tmp_path):
    callback = ActivationHistCallback(tmp_path)
    learn = make_learner(callback, GradientAccumulation(2 * BATCH))
    learn.fit(2)
    series = callback.histograms["0"]
    # Two forward passes make a step, also over the end of an epoch.
    assert series.n.tolist() == [2 * BATCH * 6] * BATCHES


@pytest.mark.filterwarnings("ignore:.*insecure pickle module")
def test_learn_can_be_exported_pickled_and_copied(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run")
    learn = make_learner(callback, path=tmp_path)
    learn.fit(1)
    assert pickle.loads(pickle.dumps(callback._session)).steps == BATCHES
    learn.export("learner.pkl")
    loaded = load_learner(tmp_path / "learner.pkl")
    assert hooks(loaded) == 0
    twin = copy.deepcopy(callback)
    assert twin.steps == BATCHES
    assert learn.activation_hist is callback
    learn.fit(1)
    assert callback.steps == 2 * BATCHES


class ExportInFit(Callback):
    """Exports in the middle of an epoch."""

    order = 60

    def after_batch(self):
        if self.training and self.train_iter == 2:
            self.learn.export("middle.pkl")


@pytest.mark.filterwarnings("ignore:.*insecure pickle module")
def test_learn_can_be_exported_in_the_middle_of_a_fit(tmp_path):
    learn = make_learner(ActivationHistCallback(tmp_path / "run"), path=tmp_path)
    learn.add_cb(ExportInFit())
    learn.fit(1)
    loaded = load_learner(tmp_path / "middle.pkl")
    assert hooks(loaded) == 0
    assert loaded.get_preds(dl=make_dls().valid)[0].shape == (32, 2)


def test_a_model_that_is_replaced_goes_on_in_the_same_run(tmp_path):
    callback = ActivationHistCallback(tmp_path)
    learn = make_learner(callback)
    learn.fit(1)
    learn.model = nn.Sequential(nn.Linear(4, 2))
    learn.create_opt()
    learn.fit(1)
    assert callback.histograms["0"].steps.tolist() == list(range(1, 2 * BATCHES + 1))
    assert callback.histograms["1"].steps.tolist() == list(range(1, BATCHES + 1))


def test_an_unwritable_logdir_stops_the_fit_before_the_first_batch(tmp_path):
    (tmp_path / "file").write_text("")
    learn = make_learner(ActivationHistCallback(tmp_path / "file" / "run"))
    before = copy.deepcopy(learn.model.state_dict())
    with pytest.raises(LogdirError, match="cannot be created"):
        learn.fit(1)
    assert all(torch.equal(before[name], value) for name, value in learn.model.state_dict().items())
    assert hooks(learn) == 0


class Spoil(Callback):
    """Makes the first layer's outputs NaN from the fourth batch of its fit on."""

    order = -5

    def before_batch(self):
        if self.train_iter == 3:
            torch.nn.init.constant_(self.learn.model[0].bias, torch.nan)


def test_a_finding_ends_the_fit_and_the_record_is_kept(tmp_path):
    callback = ActivationHistCallback(tmp_path / "run", stop_on=["non_finite"])
    learn = make_learner(callback, Spoil())
    with pytest.warns(ActivationHistWarning, match="^layer 0: NaN or infinite values since step 4"):
        learn.fit(300, 1e-2)
    assert 4 <= callback.steps < 300 * BATCHES
    assert hooks(learn) == 0
    assert read_histograms(tmp_path / "run")["."]["0"].steps.tolist()[-1] == callback.steps
    told = {(finding.kind, finding.run, finding.first_step) for finding in callback.findings()}
    assert ("non_finite", "run", 4) in told
    stopped = callback.steps
    with pytest.warns(ActivationHistWarning, match=f"since step {stopped + 1}"):
        learn.fit(300, 1e-2)
    assert stopped < callback.steps < stopped + 300 * BATCHES


def test_one_of_several_ranks_does_not_stop_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "current_ranks", lambda: distributed.Ranks(0, 2))
    callback = ActivationHistCallback(None, stop_on=["non_finite"])
    learn = make_learner(callback, Spoil())
    with pytest.warns(ActivationHistWarning, match="NaN or infinite"):
        learn.fit(20, 1e-2)
    assert callback.steps == 20 * BATCHES


def test_findings_before_a_fit_and_of_a_healthy_one():
    callback = ActivationHistCallback(None, warn_on=["collapsed"])
    assert callback.findings() == []
    make_learner(callback).fit(2, 1e-2)
    assert [finding for finding in callback.findings() if finding.severity == "error"] == []

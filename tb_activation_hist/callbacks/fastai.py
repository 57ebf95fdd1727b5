"""`ActivationHistCallback`: records a fastai training."""

from __future__ import annotations

import math
from typing import Any

import torch

try:
    from fastai.callback.core import Callback, CancelFitException
    from fastai.learner import Recorder
except ImportError as err:
    from tb_activation_hist.core.errors import MissingDependencyError

    msg = "ActivationHistCallback needs fastai: pip install 'tb-activation-hist[fastai]'"
    raise MissingDependencyError(msg) from err

from tb_activation_hist.callbacks.session import SessionCallback
from tb_activation_hist.capture.parameter_kinds import StepWatcher
from tb_activation_hist.capture.torch_internals import gradient_scale


class ActivationHistCallback(SessionCallback, Callback):
    """Records the histograms of a Learner's layers, batch by batch, into a run directory.

    ``learn = Learner(dls, model, cbs=ActivationHistCallback("runs/lr=0.01"))``

    logdir: a path, a URL that TensorBoard can open, or a ``SummaryWriter``; None: the records stay
    in memory. options: ``help(LoggerOptions)`` lists them. A wrong one raises OptionError at once.

    Each training batch is one step. ``lr_find``, ``get_preds`` and ``validate`` are not recorded,
    and validation batches only with ``phases=("train", "eval")``. Steps continue over several fits
    and ``fine_tune``; a fit with ``start_epoch`` continues after the steps of the epochs that it
    skips. The scalars ``train/loss``, ``train/lr`` (``train/lr_0`` ... with several parameter
    groups), ``train/epoch`` (fractional, over all fits) and, after each epoch, ``valid/<metric>``
    share the step axis. If fastai's TensorBoardCallback is present, its event file is shared. The
    hooks are on the model only during a fit, however it ends. A finding of ``stop_on`` ends the fit
    after the batch, as CancelFitException does.
    """

    # After Recorder, whose metrics are logged, and before TensorBoardCallback (Recorder.order + 1),
    # which closes the file that is shared with it.
    order = Recorder.order + 0.5

    _epochs_before = 0
    """Epochs before the first one of this fit, skipped ones included."""
    _steps_before = 0
    _epochs_done = 0
    _watcher: StepWatcher | None = None

    def __getattr__(self, name: str) -> Any:
        """What the Learner has, as in every callback of fastai.

        AttributeError that names the right callback where another library asks for its own events.
        """
        try:
            return super().__getattr__(name)
        except AttributeError as err:
            if not name.startswith("on_"):
                raise
            msg = (
                f"{name}: this ActivationHistCallback is fastai's. Import the one of Lightning "
                "from tb_activation_hist.lightning, that of transformers from "
                "tb_activation_hist.transformers."
            )
            raise AttributeError(msg) from err

    def before_fit(self) -> None:
        """Watch for its end: fastai sends after_fit neither after an exception nor after Ctrl-C."""
        self.learn._with_events = EndGuard(self.learn, self)

    def before_train(self) -> None:
        """Begin to record. Not in before_fit: validate() and get_preds() send that as well."""
        learn = self.learn
        if self._session.active or hasattr(learn, "lr_finder") or hasattr(learn, "gather_preds"):
            return
        self._session.begin(
            learn.model,
            self._shared_writer(),
            steps_done=self._skipped_steps(),
            scaler=LearnerScaler(learn),
        )
        if learn.epoch == 0:
            self._epochs_before, self._steps_before = self._epochs_done, self._session.logger.steps
        # Torch's optimizers, also inside fastai's OptimWrapper, are watched by the logger itself.
        if not isinstance(getattr(learn.opt, "opt", None), torch.optim.Optimizer):
            self._watcher = self._session.logger.watch_steps()

    def _skipped_steps(self) -> int | None:
        """Steps before a fit that begins at a later epoch; None if it goes on as it is."""
        epochs = self.learn.epoch
        if epochs in (0, self._epochs_done - self._epochs_before):
            return None
        train = self.learn.dls.train
        accumulation = getattr(self.learn, "gradient_accumulation", None)
        batches = 1 if accumulation is None else math.ceil(accumulation.n_acc / train.bs)
        return self._steps_before + int(epochs * len(train)) // batches

    def _shared_writer(self) -> Any:
        """The SummaryWriter of fastai's TensorBoardCallback for this fit, if there is one."""
        tensor_board = getattr(self.learn, "tensor_board", None)
        return getattr(tensor_board, "writer", None)

    def before_step(self) -> None:
        """Gradients are complete, unscaled and clipped: count them where asked for."""
        if self._watcher is not None and self._session.active:
            self._watcher.before(self.learn.opt)

    def after_step(self) -> None:
        """One record, before the gradients are set to zero."""
        if not self._session.active:
            return
        if self._watcher is not None:
            self._watcher.after(self.learn.opt)
        self._session.step(self._train_scalars())

    def _train_scalars(self) -> dict[str, Any]:
        learn = self.learn
        rates = [group["lr"] for group in learn.opt.hypers]
        names = ["train/lr"] if len(rates) == 1 else [f"train/lr_{i}" for i in range(len(rates))]
        epoch = self._epochs_before + learn.epoch + (learn.iter + 1) / learn.n_iter
        return {
            "train/loss": learn.loss,
            "train/epoch": epoch,
            **dict(zip(names, rates, strict=True)),
        }

    def after_batch(self) -> None:
        """End the fit if a finding of ``stop_on`` was made."""
        if self._session.should_stop:
            raise CancelFitException

    def after_epoch(self) -> None:
        """Log what Recorder shows for this epoch."""
        recorder = getattr(self.learn, "recorder", None)
        names = list(getattr(recorder, "metric_names", []))[1:]
        values = list(getattr(self.learn, "final_record", []))
        self._session.write_scalars(
            {
                f"valid/{name.removeprefix('valid_')}": value
                for name, value in zip(names, values, strict=False)
                if name != "train_loss" and isinstance(value, (int, float))
            }
        )

    def after_fit(self) -> None:
        """Take the hooks off and write what there is, where the last epoch's end did not."""
        self.end_fit()

    def end_fit(self) -> None:
        """End the fit that is being recorded, if there is one."""
        if self._session.active:
            self._epochs_done = self._epochs_before + self.learn.epoch + 1
            self._session.end()
        self._watcher = None
        self.learn.__dict__.pop("_with_events", None)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_watcher": None}


class EndGuard:
    """Stands in for ``Learner._with_events`` during a fit, to see its last epoch end or break off.

    ``after_fit`` comes too late: another callback may raise in it. A class, so that a Learner that
    is exported in the middle of a fit can be pickled.
    """

    def __init__(self, learn: Any, callback: ActivationHistCallback) -> None:
        self.learn = learn
        self.callback = callback

    def __call__(self, action: Any, event_type: str, *args: Any, **kwargs: Any) -> None:
        """Run the epoch, batch ... as ever."""
        last = True
        try:
            type(self.learn)._with_events(self.learn, action, event_type, *args, **kwargs)
            last = self.learn.epoch + 1 >= self.learn.n_epoch
        finally:
            # Within an epoch an exception may be caught; what leaves the epoch leaves the fit.
            if event_type == "epoch" and last:
                self.callback.end_fit()


class LearnerScaler:
    """The scaler of a Learner's mixed precision: fastai makes a new one for each fit."""

    def __init__(self, learn: Any) -> None:
        self._learn = learn

    @property
    def _scale(self) -> Any:
        """Where torch's GradScaler keeps its factor, a tensor; None without mixed precision."""
        return gradient_scale(getattr(self._learn, "scaler", None))

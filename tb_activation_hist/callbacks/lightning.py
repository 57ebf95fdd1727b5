"""`ActivationHistCallback` for Lightning: records a ``Trainer.fit``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from tb_activation_hist.callbacks.session import SessionCallback
from tb_activation_hist.core.errors import MissingDependencyError


def _lightning() -> Any:
    """Lightning under its new name or its old one."""
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return import_module(name)
        except ModuleNotFoundError as err:
            missing = err
    msg = "This callback needs Lightning: pip install 'tb-activation-hist[lightning]'"
    raise MissingDependencyError(msg) from missing


class ActivationHistCallback(SessionCallback, _lightning().Callback):  # type: ignore[misc]
    """Records the histograms of a LightningModule's layers, one record per optimizer step.

    ``Trainer(callbacks=ActivationHistCallback("runs/lr=0.01"))``

    logdir: a path, a URL that TensorBoard can open, or a ``SummaryWriter``; None: the records stay
    in memory. options: ``help(LoggerOptions)`` lists them. A wrong one raises OptionError at once.

    Several fits share one step axis. A fit that is resumed from a checkpoint continues at the
    trainer's own step, and earlier records from there on are no longer shown.

    The scalars ``train/loss``, ``train/epoch``, ``train/lr`` (``train/lr_0`` ... with several
    parameter groups) and, after each epoch, the logged metrics share the step axis. The hooks are
    on the model only during a fit, however it ends. A finding of ``stop_on`` ends the fit after the
    batch.
    """

    _steps_done = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to record, after the steps that a resumed training has done."""
        resumed = None if self._goes_on(trainer) else _batches_done(trainer)
        self._steps_done = trainer.global_step
        self._session.begin(
            pl_module,
            steps_done=resumed,
            scaler=getattr(trainer.precision_plugin, "scaler", None),
        )

    def _goes_on(self, trainer: Any) -> bool:
        """Whether this is a new training, or goes on where this callback has seen it last."""
        seen = self._session.steps > 0 and trainer.global_step == self._steps_done
        return trainer.global_step == 0 or seen

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One record where the batch ended in an optimizer step."""
        del pl_module, batch
        if trainer.global_step == self._steps_done:
            return
        self._steps_done = trainer.global_step
        scalars = {
            "train/epoch": trainer.current_epoch + (batch_idx + 1) / trainer.num_training_batches
        }
        if isinstance(outputs, Mapping) and "loss" in outputs:
            scalars["train/loss"] = outputs["loss"]
        self._session.step({**scalars, **learning_rates(trainer.optimizers)})
        if self._session.should_stop:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the metrics that the module logged."""
        del pl_module
        self._session.write_scalars(
            {f"metrics/{k}": v for k, v in trainer.callback_metrics.items()}
        )

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Take the hooks off and write what there is."""
        del trainer, pl_module
        self._session.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """The same when the fit breaks off."""
        del trainer, pl_module, exception
        self._session.end()


def _batches_done(trainer: Any) -> int:
    """Batches that ended in an optimizer step; Lightning counts each optimizer's step."""
    return int(trainer.global_step) // max(len(trainer.optimizers), 1)


def learning_rates(optimizers: Any) -> dict[str, float]:
    """``train/lr``, or ``train/lr_0`` ... of all parameter groups of all optimizers."""
    rates = [float(group["lr"]) for each in optimizers for group in each.param_groups]
    if len(rates) == 1:
        return {"train/lr": rates[0]}
    return {f"train/lr_{place}": rate for place, rate in enumerate(rates)}

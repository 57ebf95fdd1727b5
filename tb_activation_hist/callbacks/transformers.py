"""`ActivationHistCallback` for transformers: records a ``Trainer.train``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    from transformers import TrainerCallback
except ImportError as err:
    from tb_activation_hist.core.errors import MissingDependencyError

    msg = "This callback needs transformers: pip install 'tb-activation-hist[transformers]'"
    raise MissingDependencyError(msg) from err

from tb_activation_hist.callbacks.session import SessionCallback


class ActivationHistCallback(SessionCallback, TrainerCallback):
    """Records the histograms of a model's layers, one record per optimizer step.

    ``Trainer(model, arguments, callbacks=[ActivationHistCallback("runs/lr=0.01")])``

    logdir: a path, a URL that TensorBoard can open, or a ``SummaryWriter``; None: the records stay
    in memory. options: ``help(LoggerOptions)`` lists them. A wrong one raises OptionError at once.

    Several trainings share one step axis. A training that is resumed from a checkpoint continues at
    the Trainer's own step, and earlier records from there on are no longer shown.

    The scalar ``train/epoch`` and, under ``trainer/``, what the Trainer logs (loss, learning rate,
    evaluation) share the step axis. A finding of ``stop_on`` ends the training after the batch. A
    Trainer does not notify its callbacks of an exception: after one, `close` removes the hooks,
    and so does the next ``train``.
    """

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to record, after the steps that a resumed training has done."""
        del args, control
        self._session.begin(kwargs["model"], steps_done=state.global_step or None)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One record after each optimizer step."""
        del args, kwargs
        self._session.step({"train/epoch": float(state.epoch or 0)})
        if self._session.should_stop:
            control.should_training_stop = True

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write what the Trainer logs."""
        del args, state, control, kwargs
        numbers = {k: v for k, v in (logs or {}).items() if isinstance(v, (int, float))}
        self._session.write_scalars({f"trainer/{name}": v for name, v in numbers.items()})

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the hooks off and write what there is."""
        del args, state, control, kwargs
        self._session.end()

"""Ending the logger's step with the optimizer's own: the `optimizer` option."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

from tb_activation_hist.capture.parameter_kinds import StepWatcher
from tb_activation_hist.core.errors import OptionError


class StepEnder(Protocol):
    """What an optimizer's step ends a step of: a logger."""

    def watch_steps(self) -> StepWatcher: ...

    def step(self) -> None: ...


class OptimizerHook:
    """Ends a step after the optimizer's; does not keep the logger alive."""

    def __init__(self, logger: StepEnder) -> None:
        self._logger = weakref.ref(logger)

    def __call__(self, optimizer: Any, *_: Any) -> None:
        """Called by torch after this optimizer's step."""
        logger = self._logger()
        if logger is None:
            return
        # Torch calls hooks on all optimizers later than those on one.
        logger.watch_steps().after(optimizer)
        logger.step()


def find_step_registrars(optimizer: Any) -> list[Callable[[Any], Any]]:
    """What registers a hook after the step of the optimizer, or of the last of several."""
    if optimizer is None:
        return []
    inner = optimizer[-1] if isinstance(optimizer, (list, tuple)) and optimizer else optimizer
    while not hasattr(inner, "register_step_post_hook"):
        inner = getattr(inner, "optimizer", None) or getattr(inner, "opt", None)
        if inner is None:
            msg = (
                f"optimizer must be a torch.optim.Optimizer or a list of them, but got "
                f"{optimizer!r}. With another kind of optimizer, call step() after its step."
            )
            raise OptionError(msg)
    return [inner.register_step_post_hook]

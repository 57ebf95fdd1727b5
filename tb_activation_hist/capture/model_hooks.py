"""Hooks of a whole model's forward pass, and what all our hooks on modules have in common."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import nn

from tb_activation_hist.capture.state import CaptureState
from tb_activation_hist.capture.torch_internals import inline_or_skip

_is_compiling = torch.compiler.is_compiling


class Hook:
    """A hook that no copy of a module keeps.

    `Eraser` takes it off copies; where one is taken along all the same, the standard library's
    do-nothing stands in for it.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (contextlib.nullcontext(), "__exit__")

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return contextlib.nullcontext().__exit__


class LookHook(Hook):
    """Before a model's forward pass of a recorded step: go on with the modules that it has now."""

    def __init__(self, state: CaptureState) -> None:
        self._state = state

    def __call__(self, module: nn.Module, *_: Any) -> None:
        """Raises only with ``on_error="raise"``."""
        state = self._state
        if _is_compiling() or not (state.train if module.training else state.eval):
            return
        state.called = True
        try:
            with state.clock:
                state.look_again()
        except Exception as err:  # noqa: BLE001 - nothing of ours may stop a training
            state.fail("the model's layers", err)


class ForwardBegins(Hook):
    """Counts the forward passes of an evaluation; one that calls itself is one.

    Those of a training belong together as one step.
    """

    def __init__(self, state: CaptureState) -> None:
        self._state = state

    def __call__(self, module: nn.Module, *_: Any) -> None:
        self._state.calls_since["eval"] += not (self._state.depth or module.training)
        self._state.depth += 1


class ForwardEnds(Hook):
    """Ends a forward pass of the model, also one that failed."""

    def __init__(self, state: CaptureState) -> None:
        self._state = state

    def __call__(self, *_: Any) -> None:
        self._state.depth -= 1


inline_or_skip(LookHook.__call__, ForwardBegins.__call__, ForwardEnds.__call__)

"""The end of a wrapper's step, which may go on after the step of the optimizer that it wraps."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, Protocol


class Handle(Protocol):
    """What torch gives for a hook."""

    def remove(self) -> None: ...


class WrapperSteps:
    """Calls a hook when a wrapper's step has ended in which its optimizer stepped.

    A schedule-free or Lookahead wrapper moves the weights after its optimizer's step, so the end of
    the inner step would be too early. Where somebody steps the inner optimizer itself, the hook is
    called at once. The wrapper's ``step`` is replaced on the object, as learning rate schedulers
    do; `remove` puts it back.
    """

    def __init__(self, wrapper: Any, register: Callable[[Any], Handle], hook: Any) -> None:
        self._wrapper = wrapper
        self._hook = hook
        self._depth = 0
        self._stepped: list[Any] = []
        self._handle = register(self._note)
        self._step = self._replace_step()

    def _replace_step(self) -> Any:
        """The new step; None for an object that does not take it, whose step is the optimizer's."""
        original = getattr(self._wrapper, "step", None)
        if not callable(original):
            return None

        @functools.wraps(original)
        def step(_wrapper: Any, *args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                return original(*args, **kwargs)
            finally:
                self._depth -= 1
                self._end()

        # A bound method: schedulers ask for its __func__.
        bound = types.MethodType(step, self._wrapper)
        try:
            self._wrapper.step = bound
        except Exception:  # noqa: BLE001 - a foreign class may refuse in any way
            return None
        return bound

    def _note(self, optimizer: Any, *_: Any) -> None:
        self._stepped = [optimizer]
        self._end()

    def _end(self) -> None:
        if self._stepped and not self._depth:
            (optimizer,), self._stepped = self._stepped, []
            self._hook(optimizer)

    def remove(self) -> None:
        """Take the hook off and give the wrapper its own step back; again: nothing."""
        self._handle.remove()
        if self._step is not None and vars(self._wrapper).get("step") is self._step:
            del self._wrapper.step
        self._hook = _do_nothing


def _do_nothing(*_: Any) -> None:
    """The hook after `WrapperSteps.remove`."""

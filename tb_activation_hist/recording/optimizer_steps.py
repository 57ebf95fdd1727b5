"""Ending the logger's step with the optimizer's own: the `optimizer` option."""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from torch.optim import Optimizer

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.recording.wrapper_steps import WrapperSteps

INNER: Final = ("optimizer", "_optimizer", "opt", "base", "base_optimizer")
"""Attributes by which wrappers hold the optimizer whose step they call."""

DEEPEST: Final = 8
"""Wrappers around one optimizer that are looked through."""


COUNTS: Final = ("step", "k")
"""Names under which optimizers count their steps."""


class StepEnder(Protocol):
    """What an optimizer's step ends a step of: a logger."""

    def _step_with_optimizer(self, number: int | None) -> None: ...


class OptimizerHook:
    """Ends a step after the optimizer's; does not keep the logger alive.

    counted: steps that the optimizer had counted before, None if the logger's start is given.
    """

    def __init__(self, logger: StepEnder, counted: int | None) -> None:
        self._logger = weakref.ref(logger)
        self._unknown = counted == 0

    def __call__(self, optimizer: Any, *_: Any) -> None:
        """Called by torch after this optimizer's step, before what hooks all optimizers."""
        logger = self._logger()
        if logger is None:
            return
        # A checkpoint may have been loaded since the logger was made.
        number = count_steps(optimizer) if self._unknown else 0
        self._unknown = False
        logger._step_with_optimizer(number if number > 1 else None)


def count_steps(optimizer: Any) -> int:
    """Steps that the last of some optimizers has counted itself; 0 where it counts none.

    Adam and its relatives keep the count with each parameter, others with a group (Apex), or call
    it ``k`` (schedule-free). Waits for the device where the count lies there.
    """
    for each in _iter_wrapped(_last(optimizer)):
        counts = [0]
        with contextlib.suppress(Exception):  # a foreign class may keep anything there
            entries = [*each.state.values(), *each.param_groups]
            counts += [int(entry[key]) for entry in entries for key in COUNTS if key in entry]
        if max(counts):
            return max(counts)
    return 0


def _last(optimizer: Any) -> Any:
    several = isinstance(optimizer, (list, tuple)) and optimizer
    return optimizer[-1] if several else optimizer


def find_step_registrars(optimizer: Any) -> list[Callable[[Any], Any]]:
    """What registers a hook after the step of the optimizer, or of the last of several.

    A wrapper (Accelerate, Fabric, fastai, own classes) is looked through. OptionError where no
    optimizer of torch is found, or where one step of the wrapper may be several of the optimizer.
    """
    if optimizer is None:
        return []
    wrappers = list(_iter_wrapped(_last(optimizer)))
    if not any(_steps_by_group(each) for each in wrappers):
        for each in wrappers:
            if _takes_hooks(each):
                return [_find_registrar(wrappers[0], each.register_step_post_hook)]
    msg = (
        "optimizer must be a torch.optim.Optimizer, a wrapper around one, or a list of them, but "
        "got "
        f"{optimizer!r}, whose steps cannot be observed. Leave optimizer out and call the "
        "logger's step() after each of its steps."
    )
    raise OptionError(msg)


def _find_registrar(given: Any, register: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if isinstance(given, Optimizer) and _takes_hooks(given):
        return register
    return functools.partial(WrapperSteps, given, register)


def _iter_wrapped(optimizer: Any) -> Iterator[Any]:
    """The given object, then what it wraps, from the outside to the inside."""
    inner = optimizer
    for _ in range(DEEPEST):
        if inner is None or isinstance(inner, type):
            return
        yield inner
        inner = next((found for name in INNER if (found := _read(inner, name)) is not None), None)


def _read(wrapper: Any, name: str) -> Any:
    """An attribute; None if it is missing, or where a property of a foreign class fails."""
    try:
        return getattr(wrapper, name, None)
    except Exception:  # noqa: BLE001 - a foreign class's property may raise anything
        return None


def _steps_by_group(wrapper: Any) -> bool:
    """Whether one step may be several of the inner optimizer: ZeRO steps each group by itself."""
    return type(wrapper).__module__.split(".")[0] == "deepspeed"


def _takes_hooks(optimizer: Any) -> bool:
    """Whether torch keeps hooks for this object.

    A wrapper that inherits from ``torch.optim.Optimizer`` without calling its ``__init__`` has the
    method, but nothing that the method could add to.
    """
    try:
        optimizer.register_step_post_hook(_do_nothing).remove()
    except Exception:  # noqa: BLE001 - what a foreign class raises shows that it takes none
        return False
    return True


def _do_nothing(*_: Any) -> None:
    """The hook by which `_takes_hooks` tries."""

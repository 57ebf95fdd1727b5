"""Who records what in this process, so that a notebook cell that is run again takes over."""

from __future__ import annotations

import weakref
from typing import Any, Protocol


class ActiveLogger(Protocol):
    """What is asked of a logger here."""

    @property
    def attached(self) -> bool: ...

    @property
    def steps(self) -> int: ...

    def competes(self, other: Any, /) -> bool: ...

    def warn_once(self, text: str, /) -> None: ...

    def close(self) -> None: ...


_ACTIVE: list[weakref.ref[ActiveLogger]] = []


def active_loggers() -> list[ActiveLogger]:
    """Loggers whose hooks are on a model, the oldest first."""
    found = [ref() for ref in list(_ACTIVE)]
    return [each for each in found if each is not None and each.attached]


def add_active_logger(logger: ActiveLogger) -> None:
    """Enter a logger that puts its hooks on; those that are detached or gone are forgotten."""
    _ACTIVE[:] = [weakref.ref(each) for each in (*active_loggers(), logger)]


def close_competitors(logger: ActiveLogger) -> None:
    """Close other loggers that record the same layers into a file, with a warning."""
    for other in active_loggers():
        if other is not logger and other.competes(logger):
            other.close()
            logger.warn_once(
                "Another ActivationHistLogger was still recording these layers of this model "
                f"(after {other.steps} steps). It was closed; this one takes over."
            )

"""Who may read from TensorBoard and decode: one request at a time, the most urgent one first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class Urgency(IntEnum):
    """Who waits for a series."""

    LATER = 0
    """Nobody: findings are looked for."""
    OVERVIEW = 1
    """Somebody who looks at a figure of many series: a board, a timeline."""
    LOOKED_AT = 2
    """Somebody who looks at the series itself."""


class ReadingTurns:
    """One holder at a time. What is more urgent overtakes what waits; nothing is interrupted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = False
        self.waiting = dict.fromkeys(Urgency, 0)
        """How many wait for their turn."""

    @contextmanager
    def take(self, urgency: Urgency) -> Iterator[None]:
        """Hold the turn; wait until nobody has it and nobody more urgent waits."""
        with self._changed:
            self.waiting[urgency] += 1
            self._changed.wait_for(lambda: not (self._held or self._is_overtaken(urgency)))
            self.waiting[urgency] -= 1
            self._held = True
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                self._changed.notify_all()

    def _is_overtaken(self, urgency: Urgency) -> bool:
        return any(number for other, number in self.waiting.items() if other > urgency)

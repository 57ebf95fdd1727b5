"""Who may read from TensorBoard and decode: one request at a time, the most urgent one first.

Computation takes no turns, but what nobody waits for pauses meanwhile: two threads that compute
share one interpreter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

LONGEST_PAUSE_S: Final = 1.0
"""A pause ends after this time in any case, so that a busy page does not stop the others."""


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
        self._working = dict.fromkeys(Urgency, 0)

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

    @contextmanager
    def working(self, urgency: Urgency) -> Iterator[None]:
        """Series are read and used, with or without a turn: `pause` waits for the end of it."""
        with self._changed:
            self._working[urgency] += 1
        try:
            yield
        finally:
            with self._changed:
                self._working[urgency] -= 1
                self._changed.notify_all()

    def pause(self, urgency: Urgency) -> None:
        """Wait while somebody more urgent works, at most `LONGEST_PAUSE_S`."""
        with self._changed:
            self._changed.wait_for(
                lambda: not any(n for other, n in self._working.items() if other > urgency),
                LONGEST_PAUSE_S,
            )

    def _is_overtaken(self, urgency: Urgency) -> bool:
        return any(number for other, number in self.waiting.items() if other > urgency)

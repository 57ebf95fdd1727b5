"""Notes the order in which layers run: all calls of the first step, then layers that are new."""

from __future__ import annotations

import threading
from typing import Final

from tb_activation_hist.core.execution_order import MAX_CALLS, ExecutionOrder
from tb_activation_hist.core.names import PHASES, phase_prefix

LOOKED_BACK: Final = 64
"""Earlier calls of a layer from which on a repetition is looked for."""


class CallOrder:
    """The calls of each phase in turn.

    phases_open: phases whose first recorded step, or first evaluation, is not over yet. Hooks note
    every call of these, and of the others only layers that are new.
    """

    def __init__(self) -> None:
        self.phases_open: set[str] = set(PHASES)
        self._calls: dict[str, _Calls] = {phase: _Calls() for phase in PHASES}
        self._changed = False
        self._lock = threading.Lock()

    def knows(self, phase: str, layer: str) -> bool:
        """Whether further calls of this layer are not noted."""
        return phase not in self.phases_open and layer in self._calls[phase].places

    def note(self, phase: str, layer: str) -> None:
        """Note a call; does nothing for a known layer once the phase's first step is over."""
        if self.knows(phase, layer):
            return
        calls = self._calls[phase]
        with self._lock:
            self._changed |= layer not in calls.places
            calls.add(layer)

    def take(self) -> ExecutionOrder | None:
        """At the end of a recorded step: the order so far; None when there is nothing new."""
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            ran = {phase: calls for phase, calls in self._calls.items() if calls.places}
            self.phases_open -= ran.keys()
            keys = [phase_prefix(phase) + each for phase, own in ran.items() for each in own.places]
            number = {key: place for place, key in enumerate(keys)}
            calls = [
                number[phase_prefix(phase) + each]
                for phase, own in ran.items()
                for each in own.order
            ]
            return ExecutionOrder(tuple(keys), tuple(calls))


class _Calls:
    """The calls of one phase, without repetitions."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.places: dict[str, list[int]] = {}
        """Where each layer stands in `order`; layers in the order of their first calls."""

    def add(self, layer: str) -> None:
        places = self.places.setdefault(layer, [])
        if len(self.order) < MAX_CALLS:
            places.append(len(self.order))
            self.order.append(layer)
            self._drop_repeat(places[-2 : -2 - LOOKED_BACK : -1])

    def _drop_repeat(self, earlier: list[int]) -> None:
        """Drop the last calls when they repeat those right before them, one by one.

        Micro-batches and loops repeat themselves, and a compiler may trace a function anew.
        earlier: places of the last layer before, the latest first.
        """
        order = self.order
        for place in earlier:
            length = len(order) - 1 - place
            start = place + 1 - length
            if start < 0:
                return
            if order[start : place + 1] == order[place + 1 :]:
                for layer in order[place + 1 :]:
                    self.places[layer].pop()
                del order[place + 1 :]
                return

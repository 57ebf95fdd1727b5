"""What a logger's recording costs the host and the devices, and the order of its work there."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import torch

from tb_activation_hist.capture.device_timer import EVENT_DEVICES, DeviceTimer, open_timer
from tb_activation_hist.capture.stream_order import StreamOrder


class Clock:
    """Adds up the processor time spent between entering and leaving, while it is on.

    Not re-entrant. Where another program has the processor meanwhile, or another thread the
    interpreter, a training waits with a logger as it does without. A system call tells the time,
    which takes 1 µs, so not all steps are timed.
    """

    def __init__(self) -> None:
        self.on = True
        self.spent_s = 0.0
        self._since = 0.0

    def __enter__(self) -> None:
        if self.on:
            self._since = time.thread_time()

    def __exit__(self, *error: object) -> None:
        if self.on:
            self.spent_s += time.thread_time() - self._since

    def take(self) -> float:
        """Seconds since the last call."""
        spent, self.spent_s = self.spent_s, 0.0
        return spent


class Meter:
    """The clock of one logger, and for each device that it counts on a timer and an order.

    on: whether devices are timed. accumulate: whether every step counts, recorded or not.
    """

    def __init__(self, *, on: bool = False, accumulate: bool = False) -> None:
        self.clock = Clock()
        self.timers: dict[torch.device, DeviceTimer] = {}
        self._orders: dict[torch.device, StreamOrder] = {}
        self._on = on
        self.accumulate = accumulate

    def timer(self, device: torch.device) -> DeviceTimer | None:
        """The device's timer; None if its work is part of the host's, or is not timed."""
        if device not in self.timers:
            timer = open_timer(device, accumulate=self.accumulate) if self._on else None
            if timer is None:
                return None
            self.timers[device] = timer
        return self.timers[device]

    def order(self, device: torch.device) -> StreamOrder | None:
        """The order of the device's streams; None if a device has but one."""
        if device.type not in EVENT_DEVICES:
            return None
        return self._orders.setdefault(device, StreamOrder(device))

    @contextmanager
    def graph_op(self, key: Hashable, values: torch.Tensor) -> Iterator[None]:
        """Measure a counting op that a compiled graph calls, outside of any hook; key: its row."""
        timer, order = self.timers.get(values.device), self._orders.get(values.device)
        with self.clock:
            captured = order is not None and order.begin_count()
            if captured and timer is not None:
                timer.note_captured(key, values.nbytes)
            if timer is None:
                yield
                return
            with timer.counting():
                yield

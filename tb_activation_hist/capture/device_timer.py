"""What recording costs a device: pairs of events around our own work, read when they are done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import torch

from tb_activation_hist.capture.budget import DEVICE_RECORDS, StepCost

TIMED_RECORDS: Final = 8
"""Of so many records one is timed, once a device's cost is known: events take time themselves."""

EVENT_DEVICES: Final = ("cuda", "xpu")
"""Types of devices whose events can be read without waiting."""

MAX_UNREAD: Final = 2
"""Timed records whose events may be on their way at a time; it bounds the number of events."""


class TimingEvent(Protocol):
    """A point in a device's work."""

    def query(self) -> bool:
        """Whether the device has passed it; never waits."""

    def elapsed_time(self, later: Any, /) -> float:
        """Milliseconds until a later event; both were passed."""


class TimedStep:
    """The events of one recorded step."""

    def __init__(self, start: TimingEvent) -> None:
        self.start = start
        self.end = start
        self.counts: list[tuple[TimingEvent, TimingEvent]] = []
        self.copies: list[tuple[TimingEvent, TimingEvent]] = []

    @property
    def events(self) -> Iterator[TimingEvent]:
        """All of them, each once."""
        yield self.start
        yield self.end
        for pair in (*self.counts, *self.copies):
            yield from pair


class DeviceTimer:
    """Times recorded steps of one device, now and then, without ever waiting for it.

    new_event: makes an event. mark: puts it behind the work that was given to the device so far.
    may_mark: whether that is allowed now (not while a CUDA graph is captured). accumulate: whether
    every step counts, recorded or not. Events are used again; a step that is not timed uses none.
    """

    def __init__(
        self,
        new_event: Callable[[], TimingEvent],
        mark: Callable[[Any], None],
        may_mark: Callable[[], bool],
        *,
        accumulate: bool,
    ) -> None:
        self._new_event = new_event
        self._mark = mark
        self._may_mark = may_mark
        self._accumulate = accumulate
        self._free: list[TimingEvent] = []
        self._step: TimedStep | None = None
        self._unread: deque[TimedStep] = deque()
        self._records = 0
        self._read = 0

    @property
    def timing(self) -> bool:
        """Whether the step under way is timed."""
        return self._step is not None

    def start_record(self) -> None:
        """The step that begins is recorded; it is timed if its turn has come."""
        self._records += 1
        turn = self._read < DEVICE_RECORDS or self._records % TIMED_RECORDS == 0
        if turn and len(self._unread) < MAX_UNREAD and self._may_mark():
            self._step = TimedStep(self._marked())

    def end_step(self) -> list[StepCost]:
        """What the steps cost whose events the device has passed since the last call."""
        step, self._step = self._step, None
        if step is not None and self._may_mark():
            step.end = self._marked()
            self._unread.append(step)
        return list(self._take_done())

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Time what is given to the device meanwhile as counting."""
        yield from self._between(None if self._step is None else self._step.counts)

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Time what is given to the device meanwhile as the copy to the host."""
        yield from self._between(None if self._step is None else self._step.copies)

    def _between(self, pairs: list[tuple[TimingEvent, TimingEvent]] | None) -> Iterator[None]:
        if pairs is None or not self._may_mark():
            yield
            return
        begin = self._marked()
        try:
            yield
        finally:
            pairs.append((begin, self._marked()))

    def _marked(self) -> TimingEvent:
        event = self._free.pop() if self._free else self._new_event()
        self._mark(event)
        return event

    def _take_done(self) -> Iterator[StepCost]:
        while self._unread and all(event.query() for event in self._unread[0].events):
            step = self._unread.popleft()
            self._read += 1
            yield self._cost(step)
            self._free.extend(step.events)

    def _cost(self, step: TimedStep) -> StepCost:
        counts_s, copies_s = (
            sum(begin.elapsed_time(end) for begin, end in pairs) / 1e3
            for pairs in (step.counts, step.copies)
        )
        rest_s = step.start.elapsed_time(step.end) / 1e3 - counts_s - copies_s
        if self._accumulate:
            return StepCost(copies_s, counts_s, rest_s)
        return StepCost(counts_s + copies_s, 0.0, rest_s)


def open_timer(device: torch.device, *, accumulate: bool) -> DeviceTimer | None:
    """The timer of a device; None where its work is timed on the host (CPU) or cannot be."""
    if device.type not in EVENT_DEVICES:
        return None
    module = getattr(torch, device.type)

    def may_mark() -> bool:
        return device.type != "cuda" or not torch.cuda.is_current_stream_capturing()

    return DeviceTimer(
        lambda: module.Event(enable_timing=True),
        lambda event: event.record(module.current_stream(device)),
        may_mark,
        accumulate=accumulate,
    )

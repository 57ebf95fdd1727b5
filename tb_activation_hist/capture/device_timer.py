"""What recording costs a device: pairs of events around our own work, read when they are done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import torch

from tb_activation_hist.capture.budget import DEVICE_RECORDS, StepCost

TIMED_RECORDS: Final = 8
"""One in this many records is timed, once a device's cost is known: events take time themselves."""

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

    A captured CUDA graph can hold no events: what is counted in it is noted while it is captured,
    and its time is estimated from that of a sample, which is counted once.
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
        self._works = True
        self._captured_bytes: dict[Hashable, int] = {}
        self._sample: tuple[TimingEvent, TimingEvent, int] | None = None
        self._byte_s: float | None = None

    @property
    def timing(self) -> bool:
        """Whether the step under way is timed."""
        return self._step is not None

    def start_record(self) -> None:
        """The step that begins is recorded; it is timed if its turn has come."""
        self._records += 1
        turn = self._read < DEVICE_RECORDS or self._records % TIMED_RECORDS == 0
        if turn and len(self._unread) < MAX_UNREAD:
            start = self._marked()
            self._step = None if start is None else TimedStep(start)

    def end_step(self) -> list[StepCost]:
        """What the steps cost whose events the device has passed since the last call."""
        step, self._step = self._step, None
        end = None if step is None else self._marked()
        if step is not None and end is not None:
            step.end = end
            self._unread.append(step)
        try:
            self._read_sample()
            return list(self._take_done())
        except Exception:  # noqa: BLE001 - a device whose events cannot be read is not timed
            self.stop()
            return []

    def stop(self) -> None:
        """Time nothing from here on."""
        self._works = False

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Time what is given to the device meanwhile as counting."""
        yield from self._between(None if self._step is None else self._step.counts)

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Time what is given to the device meanwhile as the copy to the host."""
        yield from self._between(None if self._step is None else self._step.copies)

    def _between(self, pairs: list[tuple[TimingEvent, TimingEvent]] | None) -> Iterator[None]:
        begin = None if pairs is None else self._marked()
        try:
            yield
        finally:
            end = None if begin is None else self._marked()
            if pairs is not None and begin is not None and end is not None:
                pairs.append((begin, end))

    def _marked(self) -> TimingEvent | None:
        """An event behind the work so far; None if there can be none."""
        if not self._works or not self._may_mark():
            return None
        try:
            event = self._free.pop() if self._free else self._new_event()
            self._mark(event)
        except Exception:  # noqa: BLE001 - a device without timing events is not timed
            self.stop()
            return None
        return event

    def note_captured(self, key: Hashable, size_bytes: int) -> None:
        """Values of this size are counted whenever a captured graph runs; key: what counts them."""
        self._captured_bytes[key] = size_bytes

    @property
    def wants_sample(self) -> bool:
        """Whether a graph was captured and no sample has been counted yet to estimate its time."""
        unknown = self._byte_s is None and self._sample is None
        return bool(self._captured_bytes) and unknown and self._works

    def time_sample(self, count: Callable[[], None], size_bytes: int) -> None:
        """Count a sample of this size and time it."""
        begin = self._marked()
        count()
        end = self._marked()
        if begin is not None and end is not None:
            self._sample = begin, end, size_bytes

    def _read_sample(self) -> None:
        if self._sample is not None and all(event.query() for event in self._sample[:2]):
            begin, end, size_bytes = self._sample
            self._sample = None
            self._byte_s = begin.elapsed_time(end) / 1e3 / size_bytes

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
        step_s = step.start.elapsed_time(step.end) / 1e3
        counts_s += sum(self._captured_bytes.values()) * (self._byte_s or 0.0)
        # Counting on several streams may add up to more than the step.
        rest_s = max(step_s - counts_s - copies_s, step_s / 100)
        if self._accumulate:
            return StepCost(copies_s, counts_s, rest_s)
        return StepCost(counts_s + copies_s, 0.0, rest_s)


def open_timer(device: torch.device, *, accumulate: bool) -> DeviceTimer | None:
    """The timer of a device; None if its work is timed on the host (CPU) or cannot be."""
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

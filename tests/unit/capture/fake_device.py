"""A device that computes nothing: its events lie on a time axis that the test moves on."""

from __future__ import annotations

from tb_activation_hist.capture.device_timer import DeviceTimer


class FakeEvent:
    """A point on the axis; passed once the device is as far."""

    def __init__(self, device: FakeDevice) -> None:
        self._device = device
        self.at_ms = float("inf")

    def query(self) -> bool:
        return self.at_ms <= self._device.done_ms

    def elapsed_time(self, later: FakeEvent) -> float:
        assert self.query(), "torch raises for an event that was not passed"
        assert later.query(), "torch raises for an event that was not passed"
        return later.at_ms - self.at_ms


class FakeDevice:
    """Work is queued by `work`; `done_ms` is how far the device has come, all of it by default."""

    def __init__(self) -> None:
        self.queued_ms = 0.0
        self.behind_ms = 0.0
        self.made = self.marks = 0
        self.capturing = False

    @property
    def done_ms(self) -> float:
        return self.queued_ms - self.behind_ms

    def work(self, ms: float) -> None:
        self.queued_ms += ms

    def fail_after(self, ms: float) -> None:
        """Work that ends with an error."""
        self.work(ms)
        raise ZeroDivisionError

    def new_event(self) -> FakeEvent:
        self.made += 1
        return FakeEvent(self)

    def mark(self, event: FakeEvent) -> None:
        assert not self.capturing, "no timing event may be recorded into a CUDA graph"
        self.marks += 1
        event.at_ms = self.queued_ms

    def timer(self, *, accumulate: bool = False) -> DeviceTimer:
        return DeviceTimer(
            self.new_event, self.mark, lambda: not self.capturing, accumulate=accumulate
        )

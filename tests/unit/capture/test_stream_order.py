"""Several streams of one device: which waits for which, on a fake device that keeps the order."""

from __future__ import annotations

import pytest
import torch

from tb_activation_hist.capture.late_scalar import LateScalar
from tb_activation_hist.capture.stream_order import StreamOrder


class Stream:
    """Knows what comes before its next work: own work, and what it waited for."""

    def __init__(self) -> None:
        self.before: set[str] = set()

    def work(self, name: str) -> set[str]:
        """What must be done before this work."""
        before = set(self.before)
        self.before.add(name)
        return before

    def wait_event(self, event: Event) -> None:
        self.before |= event.before

    def wait_stream(self, other: Stream) -> None:
        self.before |= other.before


class Event:
    def __init__(self) -> None:
        self.before: set[str] = set()
        self.waited = False

    def record(self, stream: Stream) -> None:
        self.before = set(stream.before)

    def synchronize(self) -> None:
        self.waited = True


class FakeTorch:
    """`torch.cuda`, as far as it is used."""

    Event = Event

    def __init__(self) -> None:
        self.stream = Stream()
        self.capturing = False

    def current_stream(self, _device: object) -> Stream:
        return self.stream

    def is_current_stream_capturing(self) -> bool:
        return self.capturing


@pytest.fixture
def fake() -> FakeTorch:
    return FakeTorch()


def count(order: StreamOrder, fake: FakeTorch, stream: Stream, name: str) -> set[str]:
    fake.stream = stream
    order.begin_count()
    return stream.work(name)


def take(order: StreamOrder, fake: FakeTorch, stream: Stream, name: str) -> set[str]:
    fake.stream = stream
    order.begin_take()
    before = stream.work(name)
    order.end_take()
    return before


def test_a_record_follows_all_streams_and_all_streams_follow_it(fake: FakeTorch) -> None:
    order = StreamOrder(torch.device("cuda"), fake)
    main, side, late = fake.stream, Stream(), Stream()
    for step in range(3):
        for stream, name in ((side, "side"), (main, "main"), (side, "side again")):
            before = count(order, fake, stream, f"{name} {step}")
            assert step == 0 or f"take {step - 1}" in before
        assert take(order, fake, main, f"take {step}") >= {
            f"{name} {step}" for name in ("side", "main", "side again")
        }
    assert "take 2" in count(order, fake, late, "a stream that is new")
    assert "a stream that is new" in take(order, fake, side, "taken elsewhere")
    assert "taken elsewhere" in count(order, fake, main, "the next")


def test_a_graph_that_is_captured_waits_for_nothing_outside(fake: FakeTorch) -> None:
    order = StreamOrder(torch.device("cuda"), fake)
    take(order, fake, fake.stream, "take")
    capture = Stream()
    fake.capturing = True
    assert count(order, fake, capture, "captured") == set()
    fake.capturing = False
    assert "captured" not in take(order, fake, Stream(), "later"), "it only ran if it was replayed"


def test_a_number_on_a_device_is_copied_at_once_and_read_when_it_has_arrived(
    fake: FakeTorch,
) -> None:
    loss = torch.tensor([3.5])
    late = LateScalar(loss, fake)
    assert not late._event.waited
    assert float(late) == 3.5
    assert late._event.waited

"""One reader at a time, the most urgent one next."""

from __future__ import annotations

import threading
import time

import pytest

from tb_activation_hist.plugin import reading_turns
from tb_activation_hist.plugin.reading_turns import ReadingTurns, Urgency

WAIT_S = 60.0


def start_waiting(turns: ReadingTurns, urgency: Urgency, order: list[Urgency]) -> threading.Thread:
    """A thread that waits for its turn, once it does."""

    def wait() -> None:
        with turns.take(urgency):
            order.append(urgency)

    before = sum(turns.waiting.values())
    thread = threading.Thread(target=wait)
    thread.start()
    deadline = time.monotonic() + WAIT_S
    while sum(turns.waiting.values()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return thread


def test_the_most_urgent_one_is_next_however_late_it_came() -> None:
    turns, order = ReadingTurns(), []
    with turns.take(Urgency.LATER):
        asked = [Urgency.LATER, Urgency.OVERVIEW, Urgency.LOOKED_AT, Urgency.OVERVIEW]
        threads = [start_waiting(turns, urgency, order) for urgency in asked]
        assert order == []
    for thread in threads:
        thread.join(WAIT_S)
    assert order == sorted(asked, reverse=True)


def test_a_failure_gives_the_turn_back() -> None:
    turns = ReadingTurns()
    with pytest.raises(ValueError, match="bad"), turns.take(Urgency.LOOKED_AT):
        raise ValueError("bad")
    with turns.take(Urgency.LATER):
        assert set(turns.waiting.values()) == {0}


def test_a_pause_lasts_as_long_as_somebody_more_urgent_works() -> None:
    turns = ReadingTurns()
    order: list[str] = []

    def compute() -> None:
        turns.pause(Urgency.OVERVIEW)
        order.append("computed")

    with turns.working(Urgency.LOOKED_AT):
        thread = threading.Thread(target=compute)
        thread.start()
        thread.join(0.1)
        order.append("looked at")
    thread.join(WAIT_S)
    assert order == ["looked at", "computed"]


@pytest.mark.parametrize("urgency", [Urgency.LATER, Urgency.OVERVIEW])
def test_nobody_pauses_for_what_is_no_more_urgent(
    urgency: Urgency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_turns, "LONGEST_PAUSE_S", 2 * WAIT_S)
    turns = ReadingTurns()
    with turns.working(urgency):
        thread = threading.Thread(target=turns.pause, args=[Urgency.OVERVIEW], daemon=True)
        thread.start()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_a_pause_ends_however_long_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_turns, "LONGEST_PAUSE_S", 0.01)
    turns = ReadingTurns()
    with turns.working(Urgency.LOOKED_AT):
        turns.pause(Urgency.LATER)

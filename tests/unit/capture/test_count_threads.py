"""Counts that several threads share: the same as of one, in the threads of torch."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

import pytest
import torch

from tb_activation_hist.capture.count import CountBuffer, count_
from tests.unit.capture.counted import check_row, count_alone, expect


def test_several_threads_for_one_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_activation_hist.capture.count_by_device.VALUES_PER_THREAD", 1 << 10)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    for length in (2_048, 5_121, 70_000):
        values = torch.randn(length)
        values[5] = torch.nan
        check_row(count_alone(values), 1, expect(values))


def test_sums_are_the_same_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_activation_hist.capture.count_by_device.VALUES_PER_THREAD", 1 << 10)
    values = torch.randn(70_000, generator=torch.Generator().manual_seed(0)) * 1e3 + 0.1
    found = []
    for threads in (1, 2, 3, 16):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        found.append(count_alone(values).moments[1].tolist())
    assert found == [found[0]] * len(found)


@pytest.mark.skipif(
    "parallel backend: OpenMP" not in torch.__config__.parallel_info() or os.name != "posix",
    reason="torch's threads are none of OpenMP",
)
def test_the_threads_of_torch_take_part() -> None:
    """This thread then works half as long. Of many times: the other core may be busy."""
    buffer, values = CountBuffer(1), torch.randn(1 << 20)
    buffer.switch.on = True
    before, taken = torch.get_num_threads(), {1: math.inf, 2: math.inf}
    try:
        for times in range(400):
            for threads, least in taken.items():
                torch.set_num_threads(threads)
                taken[threads] = min(least, _time_thread(lambda: count_(buffer, 0, values)))
            if times >= 40 and taken[2] < 0.8 * taken[1]:
                return
    finally:
        torch.set_num_threads(before)
    pytest.fail(f"took {taken} seconds")


def _time_thread(work: Callable[[], None]) -> float:
    torch.zeros(1 << 20).add_(1)  # wakes them
    began = time.thread_time()
    work()
    return time.thread_time() - began

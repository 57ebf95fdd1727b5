"""Time: how much of it is left, and how long a device takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch


class Deadline:
    """A point in time; `part` gives a section its own, which never lies behind this one."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        return max(self._end - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        return self.left_s <= 0

    def part(self, seconds: float) -> Deadline:
        return Deadline(min(seconds, self.left_s))


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def time_host_s(device: str, work: Callable[[], object]) -> float:
    """Seconds until the device has done this work, which it begins with nothing else to do."""
    synchronize(device)
    began = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - began


def time_device_s(device: str, work: Callable[[], object], rounds: int) -> float:
    """Median seconds that the device takes for this work, without the host's calls before it."""
    if device != "cuda":
        return statistics.median(time_host_s(device, work) for _ in range(rounds))
    pairs = []
    for _ in range(rounds):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        pairs.append((begin, end))
    torch.cuda.synchronize()
    return statistics.median(begin.elapsed_time(end) for begin, end in pairs) / 1e3

"""The order of several streams of one device: counting, copying to the host, counting again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

Counts = TypeVar("Counts")


def mark_stream(device: torch.device, module: Any = None) -> Any:
    """An event that a device passes once it has done what its current stream has been given.

    module: of torch's, for this type of device; by default the one of that name.
    """
    source: Any = getattr(torch, device.type) if module is None else module
    event = source.Event()
    event.record(source.current_stream(device))
    return event


class StreamOrder:
    """Makes streams wait for each other, without waiting on the host.

    A training with one stream is in order by itself. With several (pipelines, prefetching) the copy
    of a record must come after the counting on all streams, and the next counting on any of them
    after the counts were emptied. Nothing is ordered while a CUDA graph is captured: the graph
    runs in the stream that replays it.
    """

    def __init__(self, device: torch.device, module: Any = None) -> None:
        self._device = device
        self._module = getattr(torch, device.type) if module is None else module
        self._seen: set[Any] = set()
        self._emptied: Any = None

    def begin_count(self) -> bool:
        """Values are about to be counted in the current stream; whether a graph is captured."""
        if self._capturing():
            return True
        stream = self._module.current_stream(self._device)
        if stream not in self._seen:
            self._seen.add(stream)
            if self._emptied is not None:
                stream.wait_event(self._emptied)
        return False

    def take(self, to_host: Callable[[], Counts]) -> Counts:
        """Copy and empty the counts after all counting so far, before what is counted next."""
        self.begin_take()
        counts = to_host()
        self.end_take()
        return counts

    def begin_take(self) -> None:
        """The counts are about to be copied and emptied in the current stream."""
        current = self._module.current_stream(self._device)
        for stream in self._seen - {current}:
            current.wait_stream(stream)

    def end_take(self) -> None:
        """The counts are empty as soon as the current stream has come so far."""
        current = self._module.current_stream(self._device)
        if self._emptied is None:
            self._emptied = self._module.Event()
        self._emptied.record(current)
        self._seen = {current}

    def _capturing(self) -> bool:
        return self._device.type == "cuda" and self._module.is_current_stream_capturing()

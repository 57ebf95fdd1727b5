"""A switch for counting that Python, compiled graphs and captured CUDA graphs all obey."""

from __future__ import annotations

import contextlib
import weakref
from contextlib import AbstractContextManager

import torch

from tb_activation_hist.capture.meter import Meter


class Switch:
    """Whether values are counted; readable inside a compiled graph and a captured CUDA graph.

    `on` is what Python sees: an eager call returns at once when it is False. `tensor` (one uint8
    on the device) holds the same for graphs, which read it while they run, so changing it costs
    neither a recompilation nor a synchronisation. meter: measures what counting costs in graphs.
    """

    def __init__(
        self, device: torch.device | str = "cpu", *, on: bool = False, meter: Meter | None = None
    ) -> None:
        with torch.inference_mode(False):
            self.tensor = torch.full((1,), int(on), dtype=torch.uint8, device=device)
        self._on = on
        self._meter = meter
        _SWITCHES[self.tensor.data_ptr()] = self

    @property
    def on(self) -> bool:
        return self._on

    @on.setter
    def on(self, value: bool) -> None:
        if value != self._on:
            self._on = value
            self.tensor.fill_(int(value))

    def graph_op(self, row: int, values: torch.Tensor) -> AbstractContextManager[None]:
        """Measure an op of a compiled graph that counts values with this switch."""
        if self._meter is None:
            return contextlib.nullcontext()
        return self._meter.graph_op((self.tensor.data_ptr(), row), values)


_SWITCHES: weakref.WeakValueDictionary[int, Switch] = weakref.WeakValueDictionary()


def is_known_off(tensor: torch.Tensor) -> bool:
    """Whether a switch's tensor is off, as far as Python knows without waiting for the device."""
    switch = _SWITCHES.get(tensor.data_ptr())
    return switch is not None and not switch.on


def measure_graph_op(
    tensor: torch.Tensor, row: int, values: torch.Tensor
) -> AbstractContextManager[None]:
    """Measure an op of a compiled graph, which knows its switch by this tensor."""
    switch = _SWITCHES.get(tensor.data_ptr())
    return contextlib.nullcontext() if switch is None else switch.graph_op(row, values)

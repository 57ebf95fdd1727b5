"""A switch for counting that Python, compiled graphs and captured CUDA graphs all obey."""

from __future__ import annotations

import weakref

import torch


class Switch:
    """Whether values are counted; readable inside a compiled graph and a captured CUDA graph.

    `on` is what Python sees: an eager call returns at once when it is False. `tensor` (one uint8
    on the device) holds the same for graphs, which read it while they run, so changing it costs
    neither a recompilation nor a synchronisation.
    """

    def __init__(self, device: torch.device | str = "cpu", *, on: bool = False) -> None:
        with torch.inference_mode(False):
            self.tensor = torch.full((1,), int(on), dtype=torch.uint8, device=device)
        self._on = on
        _SWITCHES[self.tensor.data_ptr()] = self

    @property
    def on(self) -> bool:
        return self._on

    @on.setter
    def on(self, value: bool) -> None:
        if value != self._on:
            self._on = value
            self.tensor.fill_(int(value))


_SWITCHES: weakref.WeakValueDictionary[int, Switch] = weakref.WeakValueDictionary()


def is_known_off(tensor: torch.Tensor) -> bool:
    """Whether a switch's tensor is off, as far as Python knows without waiting for the device."""
    switch = _SWITCHES.get(tensor.data_ptr())
    return switch is not None and not switch.on

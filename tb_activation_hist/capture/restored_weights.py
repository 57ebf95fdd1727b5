"""Whether weights are set back, between two steps of an optimizer, to what they were before, or
replaced by others."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from tb_activation_hist.capture.count import runs_to_be_captured
from tb_activation_hist.capture.parameter_samples import Gathered, view_sample
from tb_activation_hist.capture.torch_internals import version
from tb_activation_hist.core.grid import FloatArray
from tb_activation_hist.core.setup_facts import RestoredWeights
from tb_activation_hist.core.weight_marks import are_alike

LOOKED_AT: Final = 256
"""Values of a parameter that are compared."""

KEPT: Final = 64
"""Values of a parameter that are remembered: that of the start, and the latest."""

LEAST_COMPARED: Final = 32
"""Values of a parameter whose correlation with those before a write tells."""

MOST_WAITING: Final = 16

SELDOM: Final = 4
"""Times that are told at once."""


@dataclass
class _Seen:
    """A value that a parameter had. step: at whose begin it was seen first."""

    step: int
    times: int = 0
    first: int = 0
    last: int = 0


@dataclass
class RestoreWatch:
    """Watches one parameter. Torch counts the writes to a tensor: where the count has grown since
    the last step, something else wrote, and the value is compared with earlier ones.
    """

    name: str
    _state: tuple[int | None, int] | None = None
    _step: int = 0
    _writes: int = 0
    _last: int = 0
    _left: Tensor | None = None
    _replaced: int = 0
    _since: int = 0
    _seen: dict[bytes, _Seen] = field(default_factory=dict)
    _waiting: deque[tuple[int, Gathered]] = field(default_factory=deque)

    def begin(self, parameter: nn.Parameter, step: int) -> None:
        """Before the first step of the run."""
        if not self._seen:
            self._note(parameter, step)

    def before_step(self, parameter: nn.Parameter, step: int) -> None:
        """Before a step of the parameter's optimizer."""
        consecutive = self._state is not None and step <= self._step + 1
        if consecutive and _state_of(parameter) != self._state:
            self._writes += 1
            self._note(parameter, step)

    def after_step(self, parameter: nn.Parameter, step: int) -> None:
        """After a step of the parameter's optimizer."""
        self._state, self._step = _state_of(parameter), step
        if not runs_to_be_captured():
            values, left = _looked_at(parameter), self._left
            if left is not None and _is_alike(left, values):
                left.copy_(values)  # at each step, so without new memory
            else:
                self._left = values.clone()

    def _note(self, parameter: nn.Parameter, step: int) -> None:
        # A graph that is captured does not run now.
        if runs_to_be_captured():
            return
        self._last = step
        if len(self._waiting) < MOST_WAITING:
            values = _looked_at(parameter).reshape(-1)
            left = self._left
            fits = left is not None and (left.device, left.dtype) == (values.device, values.dtype)
            parts = [values, left.reshape(-1)] if left is not None and fits else [values]
            self._waiting.append((step, Gathered(parts)))

    def take_arrived(self, *, wait: bool = False) -> bool:
        """Compare the values that have arrived on the host; whether there were any."""
        found = False
        while self._waiting and (wait or self._waiting[0][1].arrived):
            found = True
            step, gathered = self._waiting.popleft()
            values, *left = np.split(gathered.read(), np.cumsum(gathered.lengths)[:-1])
            if not _are_clamped(values):
                self._compare(values, left, step)
        return found

    def _compare(self, values: FloatArray, left: list[FloatArray], step: int) -> None:
        """left: what the last step of the optimizer left, if that is known."""
        value = values.tobytes()
        known = self._seen.get(value)
        if known is None and left and _are_others(values, left[0]):
            self._replaced += 1
            self._since = self._since or step
        if known is not None:
            known.times += 1
            known.first = known.first or step
            known.last = step
            return
        self._seen[value] = _Seen(step)
        if len(self._seen) > KEPT:
            del self._seen[list(self._seen)[1]]

    @property
    def is_seldom(self) -> bool:
        """Whether it was set back or replaced, and not so often that each time is no news."""
        most = max((each.times for each in self._seen.values()), default=0)
        return 0 < max(most, self._replaced) <= SELDOM

    @property
    def fact(self) -> RestoredWeights | None:
        """None while nothing else wrote to the parameter."""
        if not self._writes:
            return None
        often = max(self._seen.values(), key=lambda each: each.times, default=_Seen(0))
        return RestoredWeights(
            self.name, self._writes, self._last, often.times, often.step, often.first, often.last,
            self._replaced, self._since,
        )  # fmt: skip


def _looked_at(parameter: nn.Parameter) -> Tensor:
    """The values that are compared, in any shape; a view where possible."""
    return view_sample(parameter.detach(), LOOKED_AT)


def _is_alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and one.device == other.device


def _are_others(values: FloatArray, before: FloatArray) -> bool:
    """Whether values have next to nothing to do with those before a write."""
    comparable = len(values) == len(before) >= LEAST_COMPARED
    return comparable and not are_alike(values, before)


def _are_clamped(values: FloatArray) -> bool:
    """Whether all are at one of two ends, as weights of a critic are that are clipped each step.

    They come back to the same ends although they were moved.
    """
    highest = float(values.max())
    return (
        len(values) > 2 and float(values.min()) == -highest and bool((abs(values) == highest).all())
    )


def may_be_watched(parameter: Tensor) -> bool:
    """Whether it is an ordinary tensor of real numbers, which torch counts the writes to."""
    plain = type(parameter) is nn.Parameter and parameter.layout is torch.strided
    real = parameter.is_floating_point() and not parameter.is_meta
    return plain and real and parameter.numel() > 0


def _state_of(parameter: Tensor) -> tuple[int | None, int]:
    return version(parameter), parameter.data_ptr()

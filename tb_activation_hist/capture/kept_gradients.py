"""Whether gradients are cleared between two steps of their optimizer, or without any step."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from tb_activation_hist.capture.torch_internals import version
from tb_activation_hist.core.setup_facts import DroppedGradients, KeptGradients

LOOKS: Final = 12
"""Steps, or gradients without a step, that are looked at: a script does the same each time."""


class GradientWatch:
    """Watches one parameter's gradient over some steps.

    Torch counts the writes to a tensor. A backward pass that finds the gradient that the last step
    used, with one write more than after that step, has added to it: nobody cleared it. Before the
    first step, a gradient in a new tensor shows that the one before was dropped unused.
    """

    def __init__(self, name: str, parameter: nn.Parameter) -> None:
        self._name = name
        self._gradient: weakref.ref[Tensor] | None = None
        self._writes = 0
        self._added = self._cleared = False
        self._stepped = False
        self._steps = self._kept = self._seen = 0
        self._dropped = 0
        self._later = _LaterWatch()
        self._handle: Any = parameter.register_post_accumulate_grad_hook(self._take)

    @property
    def ended(self) -> bool:
        """Whether enough has been seen."""
        return self._handle is None

    def _take(self, parameter: Tensor) -> None:
        """A backward pass has added to the gradient."""
        gradient = parameter.grad
        if gradient is None:
            return
        with torch.no_grad():
            writes = version(gradient)
            if self._gradient is not None:
                same = self._gradient() is gradient
                if not same or writes != self._writes + 1:
                    self._cleared = True
                self._added = True
                self._dropped += not same and not self._stepped
            self._writes = writes or 0
            self._gradient = weakref.ref(gradient)
        if self._dropped >= LOOKS:
            self.stop()

    def before_step(self, parameter: nn.Parameter, step: int) -> None:
        """Before a step of the parameter's optimizer."""
        if self.ended and self._steps and not self._kept:
            self._later.before_step(parameter, step)

    def after_step(self, parameter: nn.Parameter, step: int) -> None:
        """After a step of the parameter's optimizer."""
        if self.ended:
            self._later.after_step(parameter)
            return
        if self._stepped and self._gradient is not None and self._added:
            self._steps += 1
            self._kept += not self._cleared
            self._seen = step
        gradient = parameter.grad
        self._gradient = None if gradient is None else weakref.ref(gradient)
        self._writes = 0 if gradient is None else version(gradient) or 0
        self._added = self._cleared = False
        self._stepped = True
        if self._steps >= LOOKS:
            self.stop()

    def stop(self) -> None:
        """Take the hook off the parameter; calling it again does nothing."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    @property
    def kept_later(self) -> bool:
        """Whether gradients that were cleared at first have not been for `LOOKS` steps."""
        return self._later.kept >= LOOKS

    @property
    def dropped(self) -> int:
        """How often a gradient was dropped before the first step.

        0 in one of several processes: engines that shard gradients move them to tensors of their
        own, which looks alike.
        """
        several = dist.is_available() and dist.is_initialized()
        return 0 if several else self._dropped

    @property
    def facts(self) -> Iterator[KeptGradients | DroppedGradients]:
        """What is known by now."""
        if self._steps:
            later, since = self._later.kept, self._later.since
            yield KeptGradients(self._name, self._steps, self._kept, self._seen, later, since)
        if self.dropped:
            yield DroppedGradients(self._name, self.dropped)


class _LaterWatch:
    """Whether gradients that were in a new tensor at each step are added up from some step on.

    Without a hook: the tensor is the one that the last step used, and has been written to no more
    often than by a backward pass and what came after it at first, such as clipping. Code that sets
    gradients to 0 in place is not followed: it looks alike where it no longer clips.
    """

    def __init__(self) -> None:
        self._used: weakref.ref[Tensor] | None = None
        self._writes = self._usual = self._looks = 0
        self.kept = self.since = 0

    def before_step(self, parameter: nn.Parameter, step: int) -> None:
        gradient = parameter.grad
        if gradient is None or self._used is None or self._looks < 0:
            return
        writes, same = version(gradient) or 0, self._used() is gradient
        if self._looks < LOOKS:
            self._looks = -1 if same else self._looks + 1
            self._usual = max(self._usual, writes)
        elif same and 0 < writes - self._writes <= self._usual + 1:
            self.kept = min(self.kept + 1, LOOKS)
            self.since = self.since or step
        else:
            self.kept = self.since = 0

    def after_step(self, parameter: nn.Parameter) -> None:
        gradient = parameter.grad
        self._used = None if gradient is None else weakref.ref(gradient)
        self._writes = 0 if gradient is None else version(gradient) or 0

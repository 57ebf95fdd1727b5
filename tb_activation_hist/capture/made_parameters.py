"""Whether a forward pass makes parameters of its own, which no optimizer can ever have.

They are leaves of the graph of an output, none of the parameters that the model had at the last
look, and gone a step later.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from torch import Tensor, nn

from tb_activation_hist.capture.model_hooks import Hook
from tb_activation_hist.capture.output_graph import nodes_of, parameters_of
from tb_activation_hist.capture.outputs import floating_tensors
from tb_activation_hist.core.setup_facts import StrayParameters

CLEAN_LOOKS: Final = 2
"""Looks without any such parameter, after which none is expected."""

MOST_LOOKS: Final = 8

Known: TypeAlias = Mapping[int, weakref.ref[nn.Parameter]]

KEPT_STEPS: Final = 1
"""Steps after which nobody keeps the graph of a step any longer."""


class MadeWatch:
    """The parameters that one model's forward passes make, at the first looks at its outputs."""

    def __init__(self) -> None:
        self._ended = False
        self._clean = self._looks = self._count = 0
        self._first = self._seen = 0
        self._names: list[str] = []
        self._waiting: list[tuple[int, list[weakref.ref[Tensor]]]] = []
        self._then = 0
        self._handles: list[Any] = []
        self._known: Known = {}

    def note(self, name: str, module: nn.Module, args: Any, output: Any, step: int) -> None:
        """A model has given this output in training. name: of the model."""
        if self._ended or step == self._then or _need_gradients(args):
            return
        if not self._take_gone(step):
            self._end()
            return
        now = {id(own): weakref.ref(own) for own in module.parameters()}
        known, self._known = self._known or now, now
        made = [own for own in _leaves(output) if not _is_among(own, known)]
        if not made:
            self._clean += 1
            if self._clean >= CLEAN_LOOKS or self._looks:
                self._end()
            return
        self._waiting.append((step, [weakref.ref(own) for own in made]))
        self._then = step
        self._first = self._first or step
        if self._handles:
            self._names = self._names or [name]
            self.stop()
        elif not self._names:
            self._look_where(module, now)
        if self._looks >= MOST_LOOKS:
            self._end()

    def _take_gone(self, step: int) -> bool:
        """Whether those of earlier looks are gone, without having been in an optimizer's step.

        The loss of the last step keeps its graph until there is another one.
        """
        while self._waiting and self._waiting[0][0] < step - KEPT_STEPS:
            then, refs = self._waiting.pop(0)
            gone = sum(ref() is None for ref in refs)
            if not gone:
                return False
            self._looks += 1
            self._count, self._seen = max(self._count, gone), then
        return True

    def before_step(self, optimizer: Any) -> None:
        """An optimizer is about to step; those that it has were not made for one pass."""
        if not self._waiting:
            return
        has = {id(own) for group in optimizer.param_groups for own in group["params"]}
        alive = (ref() for _, refs in self._waiting for ref in refs)
        if any(own is not None and id(own) in has for own in alive):
            self._end()

    @property
    def fact(self) -> StrayParameters | None:
        if not (self._looks and self._names):
            return None
        names = tuple(self._names)
        return StrayParameters(self._count, names, self._looks, self._first, self._seen, made=1)

    def _look_where(self, model: nn.Module, known: Known) -> None:
        """Let the next forward pass tell which module makes them."""
        for name, module in model.named_modules():
            if name:
                hook = _WhereHook(name, known, self._names)
                self._handles.append(module.register_forward_hook(hook))

    def stop(self) -> None:
        """Take all hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _end(self) -> None:
        self._ended = True
        self._waiting = []
        self.stop()


class _WhereHook(Hook):
    """Notes the first module of a forward pass whose output has a made parameter behind it."""

    def __init__(self, name: str, known: Known, names: list[str]) -> None:
        self._name = name
        self._known = known
        self._names = names

    def __call__(self, _module: nn.Module, _args: Any, output: Any) -> None:
        if not self._names and not all(_is_among(own, self._known) for own in _leaves(output)):
            self._names.append(self._name)


def _is_among(own: Tensor, known: Known) -> bool:
    """Whether it is one of these; a new tensor may have the number of one that is gone."""
    ref = known.get(id(own))
    return ref is not None and ref() is own


def _need_gradients(args: Any) -> bool:
    """Whether something before the model may be trained as well, such as a picture."""
    return any(tensor.requires_grad for _, tensor in floating_tensors(args))


def _leaves(output: Any) -> Iterator[nn.Parameter]:
    """The parameters that gradients of an output arrive at."""
    return parameters_of(nodes_of(output))

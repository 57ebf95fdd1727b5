"""What a model is made of, so that a change of it is noticed at little cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from operator import is_, methodcaller
from typing import Any, Final

from torch import nn

from tb_activation_hist.capture.select import runs_as_one
from tb_activation_hist.capture.torch_internals import children, parameters

_read_values: Final = methodcaller("values")


class Outline:
    """The modules of some models and the names of their parameters, as they were."""

    def __init__(self, roots: Iterable[nn.Module]) -> None:
        modules = list(_iter_modules(roots))
        self._children: list[Mapping[str, Any]] = [children(each) for each in modules]
        self._parameters: list[Mapping[str, Any]] = [parameters(each) for each in modules]
        self._modules_then = self._modules()
        self._names_then = self._names()

    def changed(self) -> bool:
        """Whether a module was put in, taken out or replaced, or a parameter came or went."""
        modules, then = self._modules(), self._modules_then
        # By identity: a module may define what equality means.
        same = len(modules) == len(then) and all(map(is_, modules, then))
        return not same or self._names() != self._names_then

    def _modules(self) -> list[nn.Module | None]:
        return list(chain.from_iterable(map(_read_values, self._children)))

    def _names(self) -> list[str]:
        return list(chain.from_iterable(self._parameters))


def _iter_modules(roots: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """Each module once, wrappers and what they wrap too."""
    seen: set[nn.Module] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in seen or runs_as_one(module):
            continue
        seen.add(module)
        yield module
        waiting.extend(child for child in children(module).values() if child is not None)

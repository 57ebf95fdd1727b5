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
    """The modules, parameters and merged adapters of some models, as they were."""

    def __init__(self, roots: Iterable[nn.Module]) -> None:
        modules = list(iter_modules(roots))
        self._children: list[Mapping[str, Any]] = [children(each) for each in modules]
        self._parameters: list[Mapping[str, Any]] = [parameters(each) for each in modules]
        found = map(merged_adapters, modules)
        self._merged: list[list[str]] = [each for each in found if each is not None]
        self._modules_then = self._modules()
        self._names_then = self._names()

    def changed(self) -> bool:
        """Whether a module or parameter came or went, or adapters were merged or unmerged."""
        modules, then = self._modules(), self._modules_then
        # By identity: a module may define what equality means.
        same = len(modules) == len(then) and all(map(is_, modules, then))
        return not same or self._names() != self._names_then

    def _modules(self) -> list[nn.Module | None]:
        return list(chain.from_iterable(map(_read_values, self._children)))

    def _names(self) -> list[str]:
        return list(chain(chain.from_iterable(self._parameters), map(str, self._merged)))


def merged_adapters(module: nn.Module) -> list[str] | None:
    """Names of the adapters that PEFT has added to a layer's weights; None for other modules.

    PEFT keeps the list and changes it.
    """
    found = vars(module).get("merged_adapters")
    return found if isinstance(found, list) else None


def iter_modules(roots: Iterable[nn.Module]) -> Iterator[nn.Module]:
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

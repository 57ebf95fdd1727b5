"""Whether a model uses parameters that it has not registered, as those of layers in a plain list.

``model.parameters()`` does not have them, so that no optimizer does either.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from tb_activation_hist.capture.late_scalar import keep_scalar
from tb_activation_hist.capture.outline import iter_modules
from tb_activation_hist.core.setup_facts import MOST_NAMES, StrayParameters

MOST_VALUES: Final = 4096
"""Attributes and elements of lists that are looked at, at most."""

MOST_STRAYS: Final = 256
DEPTH: Final = 3
"""How deep lists within lists are looked into."""

COMPARED: Final = 64
"""Values of a parameter that are compared with those of the start."""

OF_TORCH: Final = frozenset(vars(nn.Module()))
"""Attributes that each module has, where registered parameters and modules are."""


@dataclass
class _Stray:
    """A tensor that needs a gradient. then: some of its values when it was found."""

    name: str
    tensor: weakref.ref[Tensor]
    then: Tensor
    looks: int = 0
    unlike: Any = None

    def look(self, step_has: Collection[int]) -> bool:
        """Whether it has a gradient, and nothing has stepped it or may do so."""
        tensor = self.tensor()
        if tensor is None or id(tensor) in step_has or tensor.device != self.then.device:
            return False
        if self.unlike is not None and float(self.unlike):
            return False
        self.looks += tensor.grad is not None
        self.unlike = keep_scalar((_some(tensor) != self.then).any())
        return True


class StrayWatch:
    """The parameters of some models that are none of theirs by name, and get gradients."""

    def __init__(self) -> None:
        self._strays: list[_Stray] | None = None
        self._first = self._seen = 0

    def look(self, roots: Iterable[nn.Module], optimizer: Any, step: int) -> bool:
        """An optimizer is about to step, so that gradients are there; whether there is any news."""
        if self._strays is None:
            found = find_strays(roots)
            self._strays = [_Stray(name, weakref.ref(own), _some(own)) for name, own in found]
            self._first = step
        if not self._strays:
            return False
        own = {id(each) for group in optimizer.param_groups for each in group["params"]}
        self._strays = [each for each in self._strays if each.look(own)]
        self._seen = step
        return bool(self._strays)

    @property
    def facts(self) -> Iterator[StrayParameters]:
        """At most one."""
        used = [each for each in self._strays or () if each.looks]
        if used:
            names = tuple(each.name for each in used[:MOST_NAMES])
            looks = min(each.looks for each in used)
            yield StrayParameters(len(used), names, looks, self._first, self._seen)


def find_strays(roots: Iterable[nn.Module]) -> list[tuple[str, Tensor]]:
    """Tensors that need a gradient and are reached through plain attributes of modules alone."""
    modules = list(iter_modules(roots))
    known = {id(own) for each in modules for own in each.parameters(recurse=False)}
    seen = {id(each) for each in modules}
    found: list[tuple[str, Tensor]] = []
    for module in modules:
        for name, value in vars(module).items():
            if name in OF_TORCH or name.startswith("__") or len(found) >= MOST_STRAYS:
                continue
            for path, tensor in _walk(name, value, seen, DEPTH):
                if id(tensor) not in known:
                    known.add(id(tensor))
                    found.append((path, tensor))
    return found[:MOST_STRAYS]


def _walk(path: str, value: Any, seen: set[int], depth: int) -> Iterator[tuple[str, Tensor]]:
    """Leaf tensors that need a gradient at and below a value; each container and module once."""
    if isinstance(value, Tensor):
        if value.requires_grad and value.is_leaf and not is_lazy(value) and value.numel():
            yield path, value
        return
    if id(value) in seen or not depth or len(seen) > MOST_VALUES:
        return
    if not isinstance(value, (nn.Module, list, tuple, dict)):
        yield from _walk_object(path, value, seen)
        return
    seen.add(id(value))
    if isinstance(value, nn.Module):
        seen.update(map(id, value.modules()))
        yield from ((f"{path}.{name}", own) for name, own in _parameters_of(value))
    elif isinstance(value, dict):
        for key, each in list(value.items())[:MOST_STRAYS]:
            yield from _walk(f"{path}[{key!r:.40}]", each, seen, depth - 1)
    else:
        for at, each in enumerate(value[:MOST_STRAYS]):
            yield from _walk(f"{path}[{at}]", each, seen, depth - 1)


def _walk_object(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    """What an object of a class of one's own has itself: modules and tensors."""
    own = getattr(value, "__dict__", None)
    if type(own) is not dict or isinstance(value, type):
        return
    seen.add(id(value))
    for name, each in list(own.items())[:MOST_STRAYS]:
        if isinstance(each, (nn.Module, Tensor)):
            yield from _walk(f"{path}.{name}", each, seen, 1)


def _parameters_of(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, own in module.named_parameters():
        if own.requires_grad and not is_lazy(own) and own.numel():
            yield name, own


def _some(tensor: Tensor) -> Tensor:
    with torch.no_grad():
        return tensor.reshape(-1)[:COMPARED].detach().clone()

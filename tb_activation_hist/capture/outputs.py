"""The tensors of numbers inside whatever a module takes or returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from tb_activation_hist.capture.countable import is_countable, is_whole

Found: TypeAlias = list[tuple[str, Tensor]]

MAX_DEPTH: Final = 8
"""Containers nested deeper than this, or containing themselves, are not followed."""


def floating_tensors(output: Any, *, whole: bool = False) -> Found:
    """Paths and tensors: ``[("", t)]`` for a bare tensor, else ``("0", t), ("1/hidden", u)`` ....

    Follows tuples, lists, named tuples, mappings (ModelOutput too), dataclasses and packed
    sequences. Integer, boolean, complex, quantised, sparse and meta tensors, and all else, are
    left out.
    whole: whether tensors of integers (not of truth values) are found too.
    """
    found: Found = []
    _collect(output, "", MAX_DEPTH, found, whole)
    return found


def name_inputs(args: Sequence[Any], kwargs: Mapping[str, Any], *, whole: bool = False) -> Any:
    """A module's arguments as `floating_tensors` takes them: the tensor itself where there is one.

    Several are named by position (from 0) or keyword.
    """
    named = {str(at): value for at, value in enumerate(args)} | dict(kwargs)
    found = floating_tensors(named, whole=whole)
    return found[0][1] if len(found) == 1 else named


def _collect(value: Any, path: str, depth: int, found: Found, whole: bool) -> None:
    if isinstance(value, Tensor):
        if is_countable(value) or (whole and is_whole(value)):
            found.append((path, value))
    elif depth == 0 or value is None or isinstance(value, (str, int, float)):
        return
    elif isinstance(value, PackedSequence):
        _collect(value.data, path, depth - 1, found, whole)
    else:
        for name, part in _parts(value):
            _collect(part, f"{path}/{name}" if path else name, depth - 1, found, whole)


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(key), part) for key, part in value.items()]
    if isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", None) or [str(at) for at in range(len(value))]
        return list(zip(names, value, strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(each.name, getattr(value, each.name, None)) for each in dataclasses.fields(value)]
    return []

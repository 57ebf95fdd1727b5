"""Patterns held against the full names of tensors that are no module's whole output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from tb_activation_hist.capture.select import Layer, Layers, match_layers, to_entries

_CALL: Final = re.compile(r"^([^/]*):\d+(?=/|$)")
"""Number of a call behind a module's name; one behind a slash belongs to a tensor's own name."""


def without_call(name: str) -> str:
    """The full name of a tensor, whichever call of its module gave it."""
    return _CALL.sub(r"\1", name)


def tensor_patterns(layers: Layers) -> list[str | re.Pattern[str]]:
    """Entries that may name a tensor given to `record`, ``blocks.3.attn/scores``."""
    entries = [] if layers is None else to_entries(layers)
    return [entry for entry in entries if isinstance(entry, (str, re.Pattern))]


def matches_name(pattern: str | re.Pattern[str], name: str) -> bool:
    """Whether a glob or regular expression matches a full name."""
    if isinstance(pattern, re.Pattern):
        return pattern.search(name) is not None
    return pattern == name or fnmatchcase(name, pattern)


def matches_tensor(pattern: str | re.Pattern[str], layer: Layer, name: str) -> bool:
    """Whether a pattern matches the full name of a module's tensor."""
    return any(matches_name(pattern, f"{each}/{name}") for each in (layer.name, *layer.aliases))


def unmatched_tensors(
    layers: Layers, known: Sequence[Layer], names: Iterable[str]
) -> list[str | re.Pattern[str]]:
    """Entries that name no module and none of these recorded tensors.

    known: all modules of the model. names: of layers as they are recorded.
    """
    modules = {layer.name: layer for layer in known}
    parts = [without_call(name).partition("/") for name in names]
    own = [(modules[module], path) for module, _, path in parts if path and module in modules]
    return [
        entry
        for entry in tensor_patterns(layers)
        if not match_layers(entry, known)
        and not any(matches_tensor(entry, layer, path) for layer, path in own)
    ]

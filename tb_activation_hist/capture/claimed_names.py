"""Which source of values has which name, so that two never share one series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SAME_NAMES: Final = {"gradients": "activations"}
"""Kinds whose values have the names of another kind's."""

SOURCES: Final = {
    "output": "an output of the module",
    "input": "an input of the module",
    "record": "a tensor given to record(module, ...)",
    "logger.record": "a tensor given to the logger's record(...)",
}
"""Where values come from, in words."""


class ClaimedNames:
    """The first source of a name keeps it; others get a number after theirs, with one warning."""

    def __init__(self, warn_once: Callable[[str], None]) -> None:
        self._warn_once = warn_once
        self._sources: dict[tuple[str, str], str] = {}

    def claim(self, kind: str, layer: str, source: str) -> str:
        """The name under which this source's values are recorded, the same at each call."""
        kind = SAME_NAMES.get(kind, kind)
        name, number = layer, 1
        while self._sources.setdefault((kind, name), source) != source:
            number += 1
            name = f"{layer}_{number}"
        if number > 1:
            other = self._sources[kind, layer]
            self._warn_once(
                f"{layer!r} is the name of two things: {SOURCES[other]}, and {SOURCES[source]}. "
                "The second "
                f"is recorded as {name!r}; give the recorded tensor another name."
            )
        return name

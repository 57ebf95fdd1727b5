"""What an architecture of the sets is, and the parts of the sets that each belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.findings.wide.training import Recipe, Task

WORKED, HELD_OUT = "worked", "held-out"
FRESH_A, FRESH_B, FRESH_C = "fresh-a", "fresh-b", "fresh-c"
FRESH_D, FRESH_E, FRESH_F, FRESH_G = "fresh-d", "fresh-e", "fresh-f", "fresh-g"
FRESH_H, FRESH_I, FRESH_J, FRESH_K = "fresh-h", "fresh-i", "fresh-j", "fresh-k"
HALVES: Final = (
    *(WORKED, HELD_OUT, FRESH_A, FRESH_B),
    *(FRESH_C, FRESH_D, FRESH_E, FRESH_F, FRESH_G, FRESH_H, FRESH_I, FRESH_J, FRESH_K),
)
"""Two of the wide set, two of the fresh set and those of nine examiners, which others made."""


@dataclass(frozen=True)
class Architecture:
    """build: the task, made anew for each training. frozen: parts of it never learn, on purpose."""

    name: str
    build: Callable[[], Task]
    recipe: Callable[[], Recipe]
    half: str
    frozen: bool = False

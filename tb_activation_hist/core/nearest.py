"""Which known names a wrong one was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

LISTED: Final = 10
"""Known names that a message lists where none is near."""


def near_names(given: str, known: Sequence[str], most: int = 3) -> list[str]:
    """The names that the given one may stand for, the nearest first; empty if none is near."""
    return difflib.get_close_matches(given, known, n=most)


def list_names(known: Sequence[str]) -> str:
    """The first names with commas between them, and how many more there are."""
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return ", ".join(known[:LISTED]) + more


def name_hint(given: str, known: Sequence[str], what: str) -> str:
    """One sentence: the names near `given`, or, where none is, what there is.

    what: the known names in one word, such as "layers".
    """
    near = near_names(given, known)
    if near:
        return f"Nearest: {list_names([*map(repr, near)])}."
    return f"{what.capitalize()}: {list_names([*map(repr, known)])}."


def no_such(what: str, given: object, known: Sequence[str]) -> str:
    """What to say of a name that there is not, with the nearest ones or all."""
    return f"There is no {what} {given!r}. {name_hint(str(given), known, f'{what}s')}"

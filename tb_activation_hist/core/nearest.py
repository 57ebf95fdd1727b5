"""Which known names a wrong one was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

LISTED: Final = 10
"""Known names that a message lists where none is near."""


def name_hint(given: str, known: Sequence[str], what: str) -> str:
    """One sentence: the names near `given`, or, where none is, what there is.

    what: the known names in one word, such as "layers".
    """
    near = difflib.get_close_matches(given, known, n=3)
    if near:
        return f"Nearest: {', '.join(map(repr, near))}."
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"{what.capitalize()}: {', '.join(map(repr, known[:LISTED]))}{more}."


def no_such(what: str, given: object, known: Sequence[str]) -> str:
    """What to say of a name that there is not, with the nearest ones or all."""
    return f"There is no {what} {given!r}. {name_hint(str(given), known, f'{what}s')}"

"""Lists of names in messages, and which known name a wrong one was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from tb_activation_hist.core.errors import OptionError

LISTED: Final = 10
"""Names that a message lists unless it says how many."""


def near_names(given: str, known: Sequence[str], most: int = 3) -> list[str]:
    """The names that the given one may stand for, the nearest first; empty if none is near."""
    return difflib.get_close_matches(given, known, n=most)


def list_names(names: Sequence[str], most: int = LISTED) -> str:
    """The first `most` names with commas between them, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def match_names(
    what: str, patterns: Sequence[str] | None, known: Sequence[str], *, exact: bool = False
) -> list[str]:
    """The known names that the patterns match, in the order of the patterns.

    what: the names in one word, such as "layer". patterns: None for all names. exact: whether the
    patterns are names themselves.

    Raises:
        OptionError: A pattern matches nothing.
    """
    if patterns is None:
        return list(known)
    chosen: dict[str, None] = {}
    for pattern in patterns:
        own = [n for n in known if n == pattern or (not exact and fnmatchcase(n, pattern))]
        if not own:
            msg = f"No {what} matches {pattern!r}. {name_hint(pattern, known, f'{what}s')}"
            raise OptionError(msg)
        chosen.update(dict.fromkeys(own))
    return list(chosen)


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

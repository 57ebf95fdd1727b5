"""What an error says of a call: an example of a right one, and the argument that was given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")
    T = TypeVar("T")

SHOWN_CHARACTERS: Final = 60
"""Maximum number of characters of a wrong argument that a message repeats."""


def shows_example(example: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function so that the TypeError for a missing argument shows a right call."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                signature.bind(*args, **kwargs)
            except TypeError as err:
                msg = f"{err}. Write {example}."
                raise TypeError(msg) from None
            return function(*args, **kwargs)

        return checked

    return decorate


def class_hint(given: object) -> str:
    """What to say beside a class that was given in place of an object; empty for anything else."""
    if not isinstance(given, type):
        return ""
    return f" That is a class: make an object of it first, {given.__name__}(...)."


def shorten(given: object) -> str:
    """The `repr` of an argument on one line, cut after `SHOWN_CHARACTERS`."""
    text = " ".join(repr(given).split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."

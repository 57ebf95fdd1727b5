"""One family of exceptions and warnings.

Each message says what was given, what is allowed, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable


class ActivationHistError(Exception):
    """Base of every error that this package raises on purpose."""


class OptionError(ActivationHistError, ValueError):
    """An option has a value that is not allowed."""


class LayerSelectionError(ActivationHistError, ValueError):
    """A layer name or pattern matches nothing in the model."""


class LogdirError(ActivationHistError, OSError):
    """A log directory cannot be written, or contains nothing that can be read."""


class FormatError(ActivationHistError, ValueError):
    """Stored bytes are damaged, or were written by a newer version of this package."""


class MissingDependencyError(ActivationHistError, ImportError):
    """An optional library is missing; the message says how to install it."""


class ActivationHistWarning(UserWarning):
    """Something went wrong inside the logger; the training is not affected."""


class ComparisonError(ActivationHistError, ValueError):
    """Two runs have nothing in common to compare."""


def join_problems(texts: Iterable[str]) -> str:
    """One text for what is wrong in many places of one thing: the first, and how many follow."""
    first, *more = texts
    return f"{first} ({len(more)} more like it)" if more else first

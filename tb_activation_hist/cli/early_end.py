"""Printing to a reader that may stop early, as head does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def may_end_early() -> Iterator[None]:
    """Print what is printed inside; whether it is read to the end changes no exit status.

    Afterwards the standard output is None if the reader has gone: Python would complain when it
    flushes.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None

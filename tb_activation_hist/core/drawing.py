"""The one way from a value to its picture.

A value (a series, the histograms of a run) knows nothing of matplotlib. The package registers what
draws when it is imported, and a value asks for it when somebody wants a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_loaders: list[Callable[[], Any]] = []


def register_drawing(load: Callable[[], Any]) -> None:
    """Make ``load()`` the source of all pictures: the module `notebook.plot`."""
    _loaders[:] = [load]


def drawing() -> Any:
    """The registered module, loaded at the first picture."""
    return _loaders[0]()

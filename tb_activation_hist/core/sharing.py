"""The one way from recorded runs to a file that shows them.

Who reads runs knows nothing of the page. The package registers what makes the file when it is
imported, and it is loaded when somebody shares something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tb_activation_hist.core.share_options import ShareChoice


class Sharing(Protocol):
    """What makes shared files: the module `plugin.sharing.shared_runs`."""

    def share_files(
        self, path: str | Path, files: Sequence[Any], origin: str, choice: ShareChoice, /
    ) -> Path: ...

    def files_to_cell(
        self,
        files: Sequence[Any],
        origin: str,
        choice: ShareChoice,
        height_px: int,
        picture: str,
        /,
    ) -> str: ...

    def memory_to_cell(
        self, memory: Any, run: str, choice: ShareChoice, height_px: int, picture: str, /
    ) -> str: ...


_loaders: list[Callable[[], Sharing]] = []


def register_sharing(load: Callable[[], Sharing]) -> None:
    """Make ``load()`` the source of all shared files."""
    _loaders[:] = [load]


def sharing() -> Sharing:
    """The registered module, loaded when something is shared first."""
    return _loaders[0]()

"""The page's files, read from the package; no other file can be served."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib import resources
from typing import Final

from tb_activation_hist.plugin.failure_page import failure_script

ENTRY: Final = "index.js"

MIME_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
"""By ending. Python's own table follows the Windows registry, which is often wrong."""


def list_static_files(folder: str = "static") -> frozenset[str]:
    """The names of the files that may be served; empty when the folder is missing."""
    try:
        entries = list((resources.files("tb_activation_hist") / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(e.name for e in entries if e.is_file() and mime_type(e.name))


def mime_type(name: str) -> str | None:
    """The MIME type for a name; None for a kind of file that is never served."""
    return next((mime for end, mime in MIME_TYPES.items() if name.endswith(end)), None)


def read_static_file(name: str, folder: str = "static") -> bytes | None:
    """Read a listed file; None for any other name.

    The list and the file are read anew each time, so that a page built while TensorBoard runs is
    served. If the entry script is missing, a stand-in says what to do.
    """
    if name in list_static_files(folder):
        content = (resources.files("tb_activation_hist") / folder / name).read_bytes()
        if content.strip():
            return content
    return missing_page_script() if name == ENTRY else None


@lru_cache(maxsize=16)
def compress_static_file(content: bytes) -> bytes:
    """Compress a file once; TensorBoard would do so for each request, and less well."""
    return gzip.compress(content, mtime=0)


def missing_page_script() -> bytes:
    """The entry script for when the built page is missing or empty."""
    return failure_script(
        "The page of the Activations tab is missing",
        [
            (
                "The folder static/ of the installed tb_activation_hist package has no usable "
                "index.js."
            ),
            (
                "From a checkout, build it with: make page (or: python tools/build_frontend.py). "
                "Otherwise reinstall: pip install --force-reinstall tb_activation_hist"
            ),
            "Your recorded data is not affected. Reload this page afterwards.",
        ],
    )

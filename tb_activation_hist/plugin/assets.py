"""The page's files, from a fixed list that is read from the package when the plugin starts."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib import resources
from typing import Final

from tb_activation_hist.plugin.failure import failure_script

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
"""By ending; Python's own table follows the Windows registry, which is often wrong."""


def list_assets(folder: str = "static") -> frozenset[str]:
    """Names of the files that may be served; empty when the folder is missing."""
    try:
        entries = list((resources.files("tb_activation_hist") / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(e.name for e in entries if e.is_file() and asset_mime_type(e.name))


def asset_mime_type(name: str) -> str | None:
    """MIME type by the name's ending; None for a kind of file that is never served."""
    return next((mime for end, mime in MIME_TYPES.items() if name.endswith(end)), None)


def read_asset(name: str, folder: str = "static") -> bytes | None:
    """Bytes of a listed file; None for any other name.

    The list and the file are read afresh, so that a page built while TensorBoard runs is served.
    The entry script is never missing: a stand-in says what to do.
    """
    if name in list_assets(folder):
        content = (resources.files("tb_activation_hist") / folder / name).read_bytes()
        if content.strip():
            return content
    return missing_page_script() if name == ENTRY else None


@lru_cache(maxsize=16)
def zip_asset(content: bytes) -> bytes:
    """A file as it is sent; TensorBoard would compress it anew, and less, for each who asks."""
    return gzip.compress(content, mtime=0)


def missing_page_script() -> bytes:
    """The entry script that is served when the built page is missing or empty."""
    return failure_script(
        "The page of the Activations tab is missing",
        [
            (
                "The folder static/ of the installed tb_activation_hist package has no usable "
                "index.js, so there is nothing to show."
            ),
            (
                "From a checkout, build it with: make page (or: python tools/build_frontend.py). "
                "Otherwise reinstall: pip install --force-reinstall tb_activation_hist"
            ),
            "Your recorded data is not affected. Reload this page afterwards.",
        ],
    )

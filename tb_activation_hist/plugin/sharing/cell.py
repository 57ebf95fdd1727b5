"""A shared page in the cell of a notebook: a frame over a picture, seen where no script runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Final

from tb_activation_hist.core.errors import OptionError
from tb_activation_hist.core.share_options import ShareChoice
from tb_activation_hist.plugin.sharing.share import SharedFile

CELL_MB: Final = 0.35
"""Of the page in a cell, where no other size is asked for: the notebook keeps each output."""

COLUMNS: Final = (200, 100, 50, 25)
"""Tried one after the other until the page fits, where no number is asked for."""


def to_cell(
    make: Callable[[ShareChoice], SharedFile], choice: ShareChoice, height_px: int, picture: str
) -> str:
    """HTML of a cell. picture: HTML that is seen where the page does not run.

    Sites that show notebooks drop the frame, and a notebook that is not trusted runs no script in
    it: the frame is transparent until its script runs.

    Raises:
        OptionError: what is asked for does not fit, at any number of columns.
    """
    page = escape(_make_small(make, choice).html)
    # Both are in one place of a grid: without the frame, the output is as tall as the picture.
    return (
        f'<div style="display:grid"><div style="grid-area:1/1">{picture}</div>'
        '<iframe sandbox="allow-scripts allow-downloads" title="Activations" '
        f'style="grid-area:1/1;width:100%;height:100%;min-height:{height_px}px;border:0" '
        f'srcdoc="{page}"></iframe></div>'
    )


def _make_small(make: Callable[[ShareChoice], SharedFile], choice: ShareChoice) -> SharedFile:
    if choice.size_mb is not None:
        return make(choice)
    small = replace(choice, size_mb=CELL_MB)
    fewer = [columns for columns in COLUMNS if columns < choice.columns]
    for columns in fewer[:-1]:
        try:
            return make(replace(small, columns=columns))
        except OptionError:
            continue
    return make(replace(small, columns=min(fewer[-1:] or [choice.columns])))

"""What a notebook shows of recorded runs: their page where scripts run, else a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from typing import Final

from tb_activation_hist.core.drawing import drawing
from tb_activation_hist.core.errors import (
    ActivationHistError,
    MissingDependencyError,
    OptionError,
)
from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.share_options import ShareChoice
from tb_activation_hist.core.sharing import sharing
from tb_activation_hist.storage.event_file_reader import EventFilePath
from tb_activation_hist.storage.memory_writer import MemoryWriter
from tb_activation_hist.storage.remote import is_remote

HEIGHT_PX: Final = 520
READ_BYTES: Final = 64 * 2**20
"""Event files that are read for a cell that nobody asked for; larger ones would hold it up."""

PICTURES: Final = 1
"""Layers that are drawn, for where no script runs."""


class NotebookCell:
    """An output of a notebook; made by ``interactive``."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html


def make_cell(
    files: Sequence[EventFilePath],
    origin: str,
    choice: ShareChoice,
    height_px: int,
    series: Sequence[HistogramSeries],
) -> NotebookCell:
    """The page of these files at this height, over a picture of these series."""
    _check_height(height_px)
    return NotebookCell(sharing().files_to_cell(files, origin, choice, height_px, _draw(series)))


def make_memory_cell(
    memory: MemoryWriter, run: str, choice: ShareChoice, height_px: int
) -> NotebookCell:
    """The page of what is kept in memory, as a run of this name."""
    _check_height(height_px)
    series = list(islice(memory.histograms.values(), PICTURES))
    if not series:
        msg = "Nothing was recorded yet. Call step() after each optimizer step, or fit the Learner."
        raise OptionError(msg)
    return NotebookCell(sharing().memory_to_cell(memory, run, choice, height_px, _draw(series)))


def _check_height(height_px: int) -> None:
    if not isinstance(height_px, int) or not 100 <= height_px <= 5_000:
        msg = f"height_px must be a whole number from 100 to 5,000, but got {height_px!r}."
        raise OptionError(msg)


def show_small(files: Sequence[EventFilePath], make: Callable[[], NotebookCell], table: str) -> str:
    """The page and the table; only the table where there is too much to read at once."""
    if any(is_remote(file.path) for file in files) or _size(files) > READ_BYTES:
        return f"{table}<p>Large or remote: <code>.interactive()</code> shows the page.</p>"
    try:
        return f"{make()._repr_html_()}<details><summary>Contents</summary>{table}</details>"
    except ActivationHistError as err:
        return f"{table}<p>{escape(str(err))}</p>"


def to_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """An HTML table of anything."""

    def to_line(cells: Sequence[object], tag: str) -> str:
        return "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{to_line(row, 'td')}</tr>" for row in rows)
    head = f"<caption>{escape(caption)}</caption><tr>{to_line(heads, 'th')}</tr>"
    return f"<table>{head}{body}</table>"


def _size(files: Sequence[EventFilePath]) -> int:
    return sum(Path(file.path).stat().st_size for file in files if Path(file.path).exists())


def _draw(series: Sequence[HistogramSeries]) -> str:
    """Pictures one below the other; "" without matplotlib."""
    try:
        return "".join(drawing().series_to_html(each) for each in series)
    except MissingDependencyError:
        return ""

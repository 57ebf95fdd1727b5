"""The board route: small pictures of many series of many runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypedDict

from tb_activation_hist.plugin.schema.index import SeriesSource

MAX_CELLS: Final = 2048
"""Maximum number of cells of a board that can be asked for at once."""
MIN_CELL_COLUMNS: Final = 8
MAX_CELL_COLUMNS: Final = 128
DEFAULT_CELL_COLUMNS: Final = 40
"""Columns of a board's cell when a request names no number."""


@dataclass(frozen=True)
class BoardSeries:
    """One column of a board."""

    tag: str
    """Tag of the series."""
    source: SeriesSource = "blocks"
    """Where the series comes from."""


@dataclass(frozen=True)
class BoardRequest:
    """A block of a board: each of some runs in each of some series, at most 2048 cells."""

    runs: list[str]
    """Names of the runs."""
    series: list[BoardSeries]
    """The columns of the board."""
    columns: int = DEFAULT_CELL_COLUMNS
    """At most this many columns of records in each cell, {MIN_CELL_COLUMNS} to
    {MAX_CELL_COLUMNS}."""


class CellPicture(TypedDict):
    """What a small picture of one series is drawn from."""

    last_step: int
    """Last step of the series; 0 without records."""
    steps: list[int]
    """First step of each column, ascending."""
    quantiles: str
    """In base64: the values of the board's `shares` in each column, share by share, each the upper
    half of a little-endian float32 (bfloat16). NaN where a column has no finite value."""
    non_finite: list[int]
    """Positions of the columns that hold NaN or an infinity."""
    error: str
    """Why the series cannot be read, one sentence; "" where it can be."""


class BoardCell(CellPicture):
    """One series of one run."""

    run: int
    """Position of the run in the request."""
    series: int
    """Position of the series in the request."""


class Board(TypedDict):
    """A block of a board."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    shares: list[float]
    """Shares of a column's finite values that lie below its quantiles, ascending."""
    cells: list[BoardCell]
    """In no particular order. A run that does not have the series has no cell."""
    pending: int
    """Number of cells that are not worked out yet; ask again for those that are missing."""

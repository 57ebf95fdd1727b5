"""The tiles route: histograms over the steps, packed as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypedDict

from tb_activation_hist.plugin.schema.index import SeriesSource

TILES_VERSION: Final = 2
"""Version of the binary answer of the tiles route."""

MAX_TILES: Final = 256
MAX_COLUMNS: Final = 8192
DEFAULT_COLUMNS: Final = 512
MIN_ROWS: Final = 8
MAX_ROWS: Final = 4096
DEFAULT_ROWS: Final = 256
"""Rows of a tile when a request names none."""
MAX_UNIT: Final = 160
"""Units beyond 2**±160 would merge nothing, or everything, of a float32's range."""

ArrayDtype = Literal["uint32", "float64", "step", "count"]
"""Type of an array's numbers; each tile's `dtypes` says what "step" and "count" stand for."""

TileAxis = Literal["columns", "bins"]
"""Field of a tile that holds one length of its arrays."""


@dataclass(frozen=True)
class TileRequest:
    """One tile as it is asked for."""

    run: str
    """Name of the run."""
    tag: str
    """Tag of the series."""
    source: SeriesSource = "blocks"
    """Where the series comes from."""
    steps: tuple[float, float] | None = None
    """First and last step, inclusive: columns that intersect this range; all when left out."""
    columns: int = DEFAULT_COLUMNS
    """At most this many columns, 1 to {MAX_COLUMNS}."""
    rows: int = DEFAULT_ROWS
    """Merge bins to about this many central rows, {MIN_ROWS} to {MAX_ROWS}; 0: no merging."""
    unit: int | None = None
    """In place of rows, an exponent u from -{MAX_UNIT} to {MAX_UNIT}: bins inside one cell [k*2**u,
    (k+1)*2**u) are merged."""
    since: int | None = None
    """Number of a record, from 0: only columns that hold records from this one on; all of them
    where columns pool more records than when it was the newest one."""


class TileArray(TypedDict):
    """One array, which every tile of the answer has."""

    name: str
    """Name of the array."""
    dtype: ArrayDtype
    """Type of its numbers."""
    shape: list[TileAxis]
    """Names of the tile's fields that hold the lengths, the slowest dimension first."""


class TileDtypes(TypedDict):
    """Types of numbers that one tile needs wider than another."""

    step: Literal["int32", "int64"]
    """int64 where a step needs more than 32 bits."""
    count: Literal["uint32", "uint64"]
    """uint64 where a count needs more than 32 bits."""


class SeriesName(TypedDict):
    """A series of one run, as it was asked for."""

    run: str
    """Name of the run."""
    tag: str
    """Tag of the series."""
    source: SeriesSource
    """Where the series comes from."""


class TileDescription(SeriesName):
    """What a tile says besides its arrays."""

    revision: str
    """Of the series; equal revisions have equal records."""
    records: int
    """Records of the whole series that TensorBoard holds."""
    missing: int
    """Records of the whole series that were written but that TensorBoard does not hold."""
    hint: str
    """When records are missing, a sentence with the reason and what to do."""
    level: int
    """Each column pools 2**level records."""
    first_column: int
    """Number of the first column, counted from the series' first record."""
    columns: int
    """Number of columns."""
    bins: int
    """Number of bins."""
    unit: int | None
    """Exponent of the cells in which bins were merged; null: none were."""
    range: tuple[float, float] | None
    """Central 99.9 % of the finite values over the asked steps; null when there are none."""
    extent: tuple[float, float] | None
    """Smallest and largest finite value over the asked steps; null when there are none."""
    usual: float
    """Size of the median record of the whole series: the largest absolute value within four
    standard deviations of its mean; 0 where no record has a finite value other than 0."""
    first_step: int
    """First step of the whole series; 0 without records."""
    last_step: int
    """Last step of the whole series; 0 without records."""
    dtypes: TileDtypes
    """Types of this tile's steps and counts."""


class TileHead(TileDescription):
    """A tile's entry in the head of the answer."""

    offset: int
    """Where the tile's arrays begin, in bytes after the head's padding."""
    bytes: int
    """Length of the tile's arrays, in bytes."""


class TileError(SeriesName):
    """The entry of a tile that could not be made."""

    error: str
    """The reason, one sentence."""
    status: int
    """The HTTP status that an answer of its own would have: 404 where there is no
    such series, 422 where it cannot be read."""


class TilesHead(TypedDict):
    """The head of the answer of the tiles route."""

    version: int
    """{TILES_VERSION}; the page refuses any other."""
    arrays: list[TileArray]
    """The arrays of every tile, in the order in which they follow one another."""
    tiles: list[TileHead | TileError]
    """One entry for each tile, in the order in which they were asked for."""

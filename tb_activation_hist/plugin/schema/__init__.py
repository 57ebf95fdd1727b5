"""The HTTP interface, field by field: what the server answers, and what it accepts.

This is the only place where fields are named and documented, with a module for each route. The
server is type-checked against it, and ``tools/http_schema.py`` makes from it the page's types
(``frontend/src/series/types.ts``) and the tables of ``http_api.md``; the arrays of a tile are
listed in ``tile_layout.py``. A field of a class with ``total=False`` may be absent; a field with a
default may be left out of a request. A constant's name in braces, inside a text, stands for its
value.
"""

from __future__ import annotations

from typing import Final

from tb_activation_hist.plugin.schema.board import (
    DEFAULT_CELL_COLUMNS,
    MAX_CELL_COLUMNS,
    MAX_CELLS,
    MIN_CELL_COLUMNS,
    Board,
    BoardCell,
    BoardRequest,
    BoardSeries,
    CellPicture,
)
from tb_activation_hist.plugin.schema.comparison import (
    ComparedLayer,
    Comparison,
)
from tb_activation_hist.plugin.schema.export import (
    ExportFormat,
    ExportRequest,
)
from tb_activation_hist.plugin.schema.findings import (
    EvidenceAnswer,
    Figure,
    FindingAnswer,
    Findings,
    Severity,
)
from tb_activation_hist.plugin.schema.index import (
    Index,
    RunAnswer,
    RunInfo,
    Series,
    SeriesSource,
    SplitSeries,
    Unchanged,
)
from tb_activation_hist.plugin.schema.profile import (
    Profile,
    ProfileColumns,
    ProfileFigures,
    ProfileLayer,
    ProfileMark,
)
from tb_activation_hist.plugin.schema.scalars import (
    ScalarSeries,
)
from tb_activation_hist.plugin.schema.share import (
    DEFAULT_SHARED_COLUMNS,
    MAX_SHARED_COLUMNS,
    MIN_SHARED_COLUMNS,
    ShareRequest,
)
from tb_activation_hist.plugin.schema.slices import (
    Slices,
    SliceSort,
)
from tb_activation_hist.plugin.schema.sweep import (
    Hyperparameter,
    LastScalar,
    Sweep,
    SweepRun,
)
from tb_activation_hist.plugin.schema.tiles import (
    DEFAULT_COLUMNS,
    DEFAULT_ROWS,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_TILES,
    MAX_UNIT,
    MIN_ROWS,
    TILES_VERSION,
    ArrayDtype,
    SeriesName,
    TileArray,
    TileAxis,
    TileDescription,
    TileDtypes,
    TileError,
    TileHead,
    TileRequest,
    TilesHead,
)

API_VERSION: Final = 1
"""Version of all answers in JSON."""

MAX_BODY_BYTES: Final = 4 * 2**20

__all__ = [
    "API_VERSION",
    "DEFAULT_CELL_COLUMNS",
    "DEFAULT_COLUMNS",
    "DEFAULT_ROWS",
    "DEFAULT_SHARED_COLUMNS",
    "MAX_BODY_BYTES",
    "MAX_CELLS",
    "MAX_CELL_COLUMNS",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "MAX_SHARED_COLUMNS",
    "MAX_TILES",
    "MAX_UNIT",
    "MIN_CELL_COLUMNS",
    "MIN_ROWS",
    "MIN_SHARED_COLUMNS",
    "TILES_VERSION",
    "ArrayDtype",
    "Board",
    "BoardCell",
    "BoardRequest",
    "BoardSeries",
    "CellPicture",
    "ComparedLayer",
    "Comparison",
    "EvidenceAnswer",
    "ExportFormat",
    "ExportRequest",
    "Figure",
    "FindingAnswer",
    "Findings",
    "Hyperparameter",
    "Index",
    "LastScalar",
    "Profile",
    "ProfileColumns",
    "ProfileFigures",
    "ProfileLayer",
    "ProfileMark",
    "RunAnswer",
    "RunInfo",
    "ScalarSeries",
    "Series",
    "SeriesName",
    "SeriesSource",
    "Severity",
    "ShareRequest",
    "SliceSort",
    "Slices",
    "SplitSeries",
    "Sweep",
    "SweepRun",
    "TileArray",
    "TileAxis",
    "TileDescription",
    "TileDtypes",
    "TileError",
    "TileHead",
    "TileRequest",
    "TilesHead",
    "Unchanged",
]

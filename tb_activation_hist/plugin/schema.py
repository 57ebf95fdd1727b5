"""The HTTP interface, field by field: what the server answers, and what it accepts.

This is the only place where fields are named and documented. The server is type-checked against it,
and ``tools/http_schema.py`` makes from it the page's types (``frontend/src/series/types.ts``) and
the tables of ``http_api.md``; the arrays of a tile are listed in ``tile_layout.py``. A field of a
class with ``total=False`` may be absent; a field with a default may be left out of a request. A
constant's name in braces, inside a text, stands for its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

API_VERSION: Final = 1
"""Version of the JSON answers of the index, scalars and findings routes."""

TILES_VERSION: Final = 2
"""Version of the binary answer of the tiles route."""

MAX_TILES: Final = 256
MAX_BODY_BYTES: Final = 4 * 2**20
MAX_COLUMNS: Final = 8192
DEFAULT_COLUMNS: Final = 512
MIN_ROWS: Final = 8
MAX_ROWS: Final = 4096
DEFAULT_ROWS: Final = 256
"""Rows of a tile when a request names none."""
MAX_UNIT: Final = 160
"""Units beyond 2**±160 would merge nothing, or everything, of a float32's range."""

MAX_CELLS: Final = 2048
"""Most cells of a board that can be asked for at once."""
MIN_CELL_COLUMNS: Final = 8
MAX_CELL_COLUMNS: Final = 128
DEFAULT_CELL_COLUMNS: Final = 40
"""Columns of a board's cell when a request names no number."""

SeriesSource = Literal["blocks", "histograms"]
"""Where a series comes from: this package's own blocks, or histograms that another tool wrote."""

ExportFormat = Literal["csv", "json"]
"""Format of an exported file."""

ArrayDtype = Literal["uint32", "float64", "step", "count"]
"""Type of an array's numbers; each tile's `dtypes` says what "step" and "count" stand for."""

TileAxis = Literal["columns", "bins"]
"""Field of a tile that holds one length of its arrays."""

Severity = Literal["error", "warning", "info"]
"""Severity of a finding, the gravest first."""

SliceSort = Literal["number", "value"]
"""Order of slices: by their number, or the largest value of the last column first."""

ProfileFigures = Literal["change", "sizes"]
"""What a profile tells of each layer."""

Hyperparameter = float | str | bool
"""Value of a hyper-parameter."""

Figure = float | str | None | list[float]
"""A measured figure; a list is parallel to the finding's layers, a number that is not finite is
null."""


class RunInfo(TypedDict, total=False):
    """What the training process recorded about its run; empty for a run of another tool."""

    version: int
    """Version of the stored run information."""
    silent: list[str]
    """Modules that were asked for but never ran."""
    skipped: int
    """Records that were left out because the writer could not keep up."""
    lost: int
    """Records that could not be written."""
    errors: list[str]
    """One sentence for each kind of error while recording."""
    changes: list[str]
    """Layers that were replaced, added or removed while the run was recorded, one sentence each."""
    began_again: int
    """Step at which the last training in this directory began, where records from that step on
    were there already: those are left out."""
    cadence: str
    """How often steps are recorded, in words, such as "every step"."""
    execution_order: list[str]
    """Layers in the order in which they first ran, "eval/" before those of evaluation."""
    execution_calls: list[int]
    """Positions in `execution_order`, one for each call; missing where each layer ran once."""
    overhead: str
    """What recording adds to the step time, in words, such as "0.8% of the step time (budget
    5%)"."""
    overhead_share: float
    """The same as a share of the step time, from 0."""


class RunAnswer(TypedDict):
    """One run of the index."""

    name: str
    """The run's name in TensorBoard."""
    start_time: float | None
    """Wall time of the first event, in seconds since 1970."""
    info: RunInfo
    """What the training process recorded about the run."""
    scalars: list[str]
    """Tags of the scalars that can be drawn above the heatmaps; this package's own are not."""


class SplitSeries(TypedDict, total=False):
    """What only a layer has that was recorded with `split`."""

    split: int
    """Dimension along which slices were recorded too."""


class Series(SplitSeries):
    """One tag of the index: a layer, kind and phase, with the runs that have it.

    Some fields have a fixed value for the histograms of other tools.
    """

    tag: str
    """TensorBoard's tag, such as "activations/layer1.0.conv1"."""
    layer: str
    """Name of the module, with a suffix where it has several outputs; for other tools the tag."""
    kind: str
    """What was counted, such as "activations" or "gradients"; for other tools "histograms"."""
    phase: str
    """"train" or "eval"; for other tools "train"."""
    order: int
    """Position in the model of the first run that has the layer, from 0; for other tools
    alphabetical."""
    type: str
    """Type of the module, such as "Conv2d"; for other tools empty."""
    source: SeriesSource
    """Where the series comes from."""
    bins: dict[str, Any]
    """The bin scheme and its parameters; for other tools "explicit": the tiles have the edges."""
    runs: list[int]
    """Positions in the index's runs; the four lists of a series are parallel."""
    shapes: list[list[int]]
    """Shape of the first tensor counted in each run; empty where it is not known."""
    dtypes: list[str]
    """Type of the first tensor counted in each run; empty where it is not known."""
    steps: list[int]
    """Newest step known of each run when the index was made; a tile may be newer."""


class Index(TypedDict):
    """What can be shown."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    revision: str
    """Changes when a run, tag, record, scalar tag or warning is new."""
    runs: list[RunAnswer]
    """The runs with series, in TensorBoard's natural order."""
    series: list[Series]
    """Sorted by phase, kind, position in the model and name; another tool's histograms come
    last."""
    warnings: list[str]
    """One sentence for each thing that could not be read; damaged blocks are known once a tile has
    read them."""


class Unchanged(TypedDict):
    """The answer when nothing changed since the revision that the page has."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    revision: str
    """The revision that was asked about."""
    unchanged: Literal[True]
    """Tells this answer from an index."""


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
    """Number of a record, from 0: only columns that hold records from this one on."""


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


class ScalarSeries(TypedDict):
    """A scalar of a run, sorted by step; the latest point of equal steps counts."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    run: str
    """Name of the run."""
    tag: str
    """Tag of the scalar."""
    steps: list[int]
    """At most as many points as TensorBoard keeps; the three lists are parallel."""
    wall_times: list[float]
    """Seconds since 1970."""
    values: list[float | None]
    """A value that is not finite is null."""


class Slices(TypedDict):
    """A statistic of a split layer's slices (channels, units, heads, experts), over the steps."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    run: str
    """Name of the run."""
    tag: str
    """Tag of the layer's series."""
    statistic: str
    """"zero_share", "mean", "std", "abs_max", "rms", "min" or "max"."""
    sort: SliceSort
    """Order of the rows."""
    slices: int
    """Number of slices."""
    dimension: int | None
    """Dimension of the layer's tensors that was split."""
    per_row: int
    """Slices that each row has the mean of, in their order; the last row may have fewer."""
    order: list[int]
    """Numbers of all slices, from the first row on."""
    first_steps: list[int]
    """First step of each column; at most 512."""
    last_steps: list[int]
    """Last step of each column, parallel to `first_steps`."""
    range: tuple[float, float] | None
    """Smallest and largest value; null without any."""
    values: list[list[float | None]]
    """A row for each slice or group, with a value for each column; null: no finite value."""


class ProfileColumns(TypedDict):
    """Columns that layers have in common, each of one or more records; the lists are parallel."""

    first_steps: list[int]
    """Step of each column's first record."""
    last_steps: list[int]
    """Step of its last record."""
    first_wall_times: list[float]
    """Time of its first record, in seconds since 1970."""
    last_wall_times: list[float]
    """Time of its last record."""
    records: list[int]
    """Records pooled in it: a power of two, except for the last column."""


class ProfileLayer(TypedDict):
    """The figures of one layer."""

    tag: str
    """Tag of the series."""
    columns: int
    """Position in the profile's `columns`."""
    figures: dict[str, list[float | None]]
    """By name, with a value for each column; null: there is no finite value."""


class ProfileMark(TypedDict):
    """A step at which the recording changed."""

    step: int
    """The step."""
    kind: Literal["resume", "cadence"]
    """A later session went on here, or the distance of the records changed."""
    text: str
    """The same in words."""


class Profile(TypedDict):
    """Figures of all layers of a kind and phase in one run, over the steps."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    run: str
    """Name of the run."""
    kind: str
    """As asked."""
    phase: str
    """As asked."""
    columns: list[ProfileColumns]
    """One entry where all layers were recorded at the same steps."""
    layers: list[ProfileLayer]
    """In no particular order; layers without a readable record are left out."""
    marks: list[ProfileMark]
    """Of any layer, sorted by step."""


class EvidenceAnswer(TypedDict):
    """A figure of a finding in words."""

    label: str
    """What was measured."""
    value: str
    """The number with its unit."""
    limit: str
    """The threshold in the same unit; "" where there is none."""


class FindingAnswer(TypedDict):
    """One thing that is wrong, or in which a run differs from the baseline."""

    kind: str
    """Name of the rule, such as "vanishing"; "run_difference" for a comparison with the
    baseline."""
    run: str
    """Name of the run."""
    layers: list[str]
    """In the order in which the trouble spread, the cause first."""
    tags: list[str]
    """Tags of the layers' series."""
    first_step: int
    """First step that shows it."""
    last_step: int
    """Last step that shows it."""
    severity: Severity
    """How grave it is."""
    figures: dict[str, Figure]
    """What was measured, by name."""
    threshold: dict[str, float]
    """What it was held against, by the option's name."""
    source: str
    """Where the method and the threshold come from."""
    title: str
    """What is wrong, one sentence."""
    advice: str
    """Usual causes and what to try."""
    incident: int
    """Number of the incident within its run, from 1: findings of one cause share it, the cause
    comes first, the others followed. 0 for a comparison with the baseline."""
    confidence: float
    """Share of such findings that are right, 0 to 1."""
    causes: list[str]
    """Usual causes, the likeliest first, each without a full stop."""
    code: str
    """What to try first, as Python code; "" where no code helps."""
    check: str
    """How to check the cause, in whole sentences; "" where nothing is known."""
    evidence: list[EvidenceAnswer]
    """The single ones of the figures in words, each with its limit."""
    layer_steps: list[tuple[int, int]]
    """First and last step of each layer, parallel to `layers`."""


class Findings(TypedDict):
    """The findings so far; they are worked out in the background."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    findings: list[FindingAnswer]
    """Findings of a growing run stay until it has been examined again."""
    runs: int
    """Number of runs that the answer is about."""
    unchecked: list[str]
    """Those of them that have records not examined yet."""
    pending: int
    """Number of series with records not examined yet; ask again while it is above 0."""
    errors: list[str]
    """One sentence for each run that could not be examined."""


class ComparedLayer(TypedDict):
    """One layer of a kind in which two runs differ."""

    tag: str
    """Tag of the series in run `a`."""
    other: str
    """Tag in run `b`; another one only where names were paired without a common prefix."""
    kind: str
    """Kind of values, as in `Series`."""
    first_step: int
    """First step of run `a` at which the records differ."""
    moved: float
    """Share of the values that must move to another bin at that step, 0 to 1."""
    octaves: float
    """Mean distance in octaves by which the values must move at that step."""
    steps: int
    """Number of records compared."""
    differing_steps: int
    """How many of them differ."""


class Comparison(TypedDict):
    """Where run `b` parts from run `a`."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    a: str
    """Name of the run that the other is compared with."""
    b: str
    """Name of the other run."""
    mode: Literal["exact", "mass", "octaves"]
    """As asked."""
    tolerance: float
    """Largest difference that counts as none at the first step, in the unit of the mode."""
    previous: str
    """Tag of the layer right before the first of `differing`, which is equal at that step; "" where
    there is none."""
    differing: list[ComparedLayer]
    """The layers that differ, in the order in which the difference spreads; the runs part at the
    first of them. Without any, the runs are the same."""
    equal: list[str]
    """Tags of the layers that do not differ."""
    only_in_a: list[str]
    """Tags that only run `a` has."""
    only_in_b: list[str]
    """Tags that only run `b` has."""
    first_step: int
    """First step compared."""
    last_step: int
    """Last step compared."""
    notes: list[str]
    """What a reader should know, a sentence each."""


class LastScalar(TypedDict):
    """The newest point of a scalar."""

    tag: str
    """Tag of the scalar."""
    step: int
    """Step of the point."""
    value: float | None
    """A value that is not finite is null."""


class SweepRun(TypedDict):
    """What tells one run of the log directory from the others."""

    name: str
    """Name of the run."""
    hyperparameters: dict[str, Hyperparameter]
    """By name: those of TensorBoard's HParams, and those that the run's name has as `key=value`."""
    loss: LastScalar | None
    """The newest loss; null where the run has no scalar whose tag names a loss."""


class Sweep(TypedDict):
    """The runs of the log directory with their hyper-parameters and losses."""

    version: int
    """{API_VERSION}; the page refuses any other."""
    runs: list[SweepRun]
    """The runs that have layers, by name."""


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


@dataclass(frozen=True)
class ExportRequest:
    """One series to be written out, as parameters of the query."""

    run: str
    """Name of the run."""
    tag: str
    """Tag of the series."""
    source: SeriesSource = "blocks"
    """Where the series comes from."""
    format: ExportFormat = "csv"
    """Format of the file."""
    steps: tuple[float, float] | None = None
    """First and last step, inclusive, with a comma between them; all when left out."""

/**
 * What the server sends and takes (plugin/http_api.md).
 *
 * Made from tb_activation_hist/plugin/schema/ by tools/http_schema.py: edit its files instead.
 */

/** Version of all answers in JSON. */
export const API_VERSION = 1;

/** Version of the binary answer of the tiles route. */
export const TILES_VERSION = 2;

/** Rows of a tile when a request names none. */
export const DEFAULT_ROWS = 256;

/** Format of an exported file. */
export type ExportFormat = "csv" | "json";

/** Severity of a finding, most severe first. */
export type Severity = "error" | "warning" | "info";

/** A measured figure; a list is parallel to the finding's layers, a number that is not finite is null. */
export type Figure = number | string | null | readonly number[];

/** Where a series comes from: this package's own blocks, or histograms that another tool wrote. */
export type SeriesSource = "blocks" | "histograms";

/** What a profile shows of each layer. */
export type ProfileFigures = "change" | "sizes";

/** Order of slices: by their number, or the largest value of the last column first. */
export type SliceSort = "number" | "value";

/** Value of a hyper-parameter. */
export type Hyperparameter = number | string | boolean;

/** Type of an array's numbers; each tile's `dtypes` says what "step" and "count" stand for. */
export type ArrayDtype = "uint32" | "float64" | "step" | "count";

/** Field of a tile that holds one length of its arrays. */
export type TileAxis = "columns" | "bins";

/** One column of a board. */
export interface BoardSeries {
  /** Tag of the series. */
  readonly tag: string;
  /** Where the series comes from. */
  readonly source?: SeriesSource;
}

/** A block of a board: each of some runs in each of some series, at most 2048 cells. */
export interface BoardRequest {
  /** Names of the runs. */
  readonly runs: readonly string[];
  /** The columns of the board. */
  readonly series: readonly BoardSeries[];
  /** At most this many columns of records in each cell, 8 to 128. */
  readonly columns?: number;
}

/** One series of one run. */
export interface BoardCell {
  /** Last step of the series; 0 without records. */
  readonly last_step: number;
  /** First step of each column, ascending. */
  readonly steps: readonly number[];
  /**
   * In base64: the values of the board's `shares` in each column, share by share, each the upper half of a
   * little-endian float32 (bfloat16). NaN where a column has no finite value.
   */
  readonly quantiles: string;
  /** Positions of the columns that hold NaN or an infinity. */
  readonly non_finite: readonly number[];
  /** Why the series cannot be read, one sentence; "" where it can be. */
  readonly error: string;
  /** Position of the run in the request. */
  readonly run: number;
  /** Position of the series in the request. */
  readonly series: number;
}

/** A block of a board. */
export interface Board {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Shares of a column's finite values that lie below its quantiles, ascending. */
  readonly shares: readonly number[];
  /** In no particular order. A run that does not have the series has no cell. */
  readonly cells: readonly BoardCell[];
  /** Number of cells that are not worked out yet; ask again for those that are missing. */
  readonly pending: number;
}

/** One layer of a kind in which two runs differ. */
export interface ComparedLayer {
  /** Tag of the series in run `a`. */
  readonly tag: string;
  /** Tag in run `b`; another one only where names were paired without a common prefix. */
  readonly other: string;
  /** Kind of values, as in `Series`. */
  readonly kind: string;
  /** First step of run `a` at which the records differ. */
  readonly first_step: number;
  /** Share of the values that must move to another bin at that step, 0 to 1. */
  readonly moved: number;
  /** Mean distance in octaves by which the values must move at that step. */
  readonly octaves: number;
  /** Number of records compared. */
  readonly steps: number;
  /** How many of them differ. */
  readonly differing_steps: number;
}

/** Where run `b` first differs from run `a`. */
export interface Comparison {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Name of the run that the other is compared with. */
  readonly a: string;
  /** Name of the other run. */
  readonly b: string;
  /** As asked. */
  readonly mode: "exact" | "mass" | "octaves";
  /** Largest difference that counts as none at the first step, in the unit of the mode. */
  readonly tolerance: number;
  /**
   * Tag of the layer right before the first of `differing`, which is equal at that step; "" where there is
   * none.
   */
  readonly previous: string;
  /**
   * The layers that differ, in the order in which the difference spreads, the first difference first. Empty
   * if the runs are the same.
   */
  readonly differing: readonly ComparedLayer[];
  /** Tags of the layers that do not differ. */
  readonly equal: readonly string[];
  /** Tags that only run `a` has. */
  readonly only_in_a: readonly string[];
  /** Tags that only run `b` has. */
  readonly only_in_b: readonly string[];
  /** First step compared. */
  readonly first_step: number;
  /** Last step compared. */
  readonly last_step: number;
  /** What a reader should know, a sentence each. */
  readonly notes: readonly string[];
}

/** One series to be written out, as parameters of the query. */
export interface ExportRequest {
  /** Name of the run. */
  readonly run: string;
  /** Tag of the series. */
  readonly tag: string;
  /** Where the series comes from. */
  readonly source?: SeriesSource;
  /** Format of the file. */
  readonly format?: ExportFormat;
  /** First and last step, inclusive, with a comma between them; all when left out. */
  readonly steps?: readonly [number, number];
}

/** A figure of a finding in words. */
export interface EvidenceAnswer {
  /** What was measured. */
  readonly label: string;
  /** The number with its unit. */
  readonly value: string;
  /** The threshold in the same unit; "" where there is none. */
  readonly limit: string;
}

/** One thing that is wrong, or in which a run differs from the baseline. */
export interface FindingAnswer {
  /** Name of the rule, such as "vanishing"; "run_difference" for a comparison with the baseline. */
  readonly kind: string;
  /** Name of the run. */
  readonly run: string;
  /** In the order in which the trouble spread, the cause first. */
  readonly layers: readonly string[];
  /** Tags of the layers' series. */
  readonly tags: readonly string[];
  /** First step that shows it. */
  readonly first_step: number;
  /** Last step that shows it. */
  readonly last_step: number;
  /** How grave it is. */
  readonly severity: Severity;
  /** What was measured, by name. */
  readonly figures: Readonly<Record<string, Figure>>;
  /** What it was held against, by the option's name. */
  readonly threshold: Readonly<Record<string, number>>;
  /** Where the method and the threshold come from. */
  readonly source: string;
  /** What is wrong, one sentence. */
  readonly title: string;
  /** Usual causes and what to try. */
  readonly advice: string;
  /**
   * Number of the incident within its run, from 1: findings of one cause share it, the cause comes first, the
   * others followed. 0 for a comparison with the baseline.
   */
  readonly incident: number;
  /** Share of such findings that are right, 0 to 1. */
  readonly confidence: number;
  /** Usual causes, the likeliest first, each without a full stop. */
  readonly causes: readonly string[];
  /** What to try first, as Python code; "" where no code helps. */
  readonly code: string;
  /** How to check the cause, in whole sentences; "" where nothing is known. */
  readonly check: string;
  /** The single ones of the figures in words, each with its limit. */
  readonly evidence: readonly EvidenceAnswer[];
  /** First and last step of each layer, parallel to `layers`. */
  readonly layer_steps: readonly (readonly [number, number])[];
}

/** The findings so far; they are worked out in the background. */
export interface Findings {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Findings of a growing run stay until it has been examined again. */
  readonly findings: readonly FindingAnswer[];
  /** Number of runs that the answer is about. */
  readonly runs: number;
  /** Those of them that have records not examined yet. */
  readonly unchecked: readonly string[];
  /** Number of series with records not examined yet; ask again while it is above 0. */
  readonly pending: number;
  /** One sentence for each run that could not be examined. */
  readonly errors: readonly string[];
}

/** What the training process recorded about its run; empty for a run of another tool. */
export interface RunInfo {
  /** Version of the stored run information. */
  readonly version?: number;
  /** Modules that were asked for but never ran. */
  readonly silent?: readonly string[];
  /** Modules that were in eval mode in the last records. */
  readonly eval_layers?: readonly string[];
  /** Records that were left out because the writer could not keep up. */
  readonly skipped?: number;
  /** Records that could not be written. */
  readonly lost?: number;
  /** One sentence for each kind of error while recording. */
  readonly errors?: readonly string[];
  /** Layers that were replaced, added or removed while the run was recorded, one sentence each. */
  readonly changes?: readonly string[];
  /**
   * Step at which the last training in this directory began, where records from that step on were there
   * already: those are left out.
   */
  readonly began_again?: number;
  /**
   * Step at which a later training began, with other weights than the one before it ended with: findings are
   * about this one.
   */
  readonly other_weights_from?: number;
  /** How often steps are recorded, in words, such as "every step". */
  readonly cadence?: string;
  /** Layers in the order in which they first ran, "eval/" before those of evaluation. */
  readonly execution_order?: readonly string[];
  /** Positions in `execution_order`, one for each call; missing where each layer ran once. */
  readonly execution_calls?: readonly number[];
  /** What recording adds to the step time, in words, such as "0.8% of the step time (budget 5%)". */
  readonly overhead?: string;
  /** The same as a share of the step time, from 0. */
  readonly overhead_share?: number;
}

/** One run of the index. */
export interface RunAnswer {
  /** The run's name in TensorBoard. */
  readonly name: string;
  /** Wall time of the first event, in seconds since 1970. */
  readonly start_time: number | null;
  /** What the training process recorded about the run. */
  readonly info: RunInfo;
  /** Tags of the scalars that can be drawn above the heatmaps; this package's own are not. */
  readonly scalars: readonly string[];
}

/**
 * One tag of the index: a layer, kind and phase, with the runs that have it. Some fields have a fixed value
 * for the histograms of other tools.
 */
export interface Series {
  /** Dimension along which slices were recorded too. */
  readonly split?: number;
  /** TensorBoard's tag, such as "activations/layer1.0.conv1". */
  readonly tag: string;
  /** Name of the module, with a suffix where it has several outputs; for other tools the tag. */
  readonly layer: string;
  /** What was counted, such as "activations" or "gradients"; for other tools "histograms". */
  readonly kind: string;
  /** "train" or "eval"; for other tools "train". */
  readonly phase: string;
  /** Position in the model of the first run that has the layer, from 0; for other tools alphabetical. */
  readonly order: number;
  /** Type of the module, such as "Conv2d"; for other tools empty. */
  readonly type: string;
  /** Where the series comes from. */
  readonly source: SeriesSource;
  /** The bin scheme and its parameters; for other tools "explicit": the tiles have the edges. */
  readonly bins: Readonly<Record<string, unknown>>;
  /** Positions in the index's runs; the five lists of a series are parallel. */
  readonly runs: readonly number[];
  /** Shape of the first tensor counted in each run; empty if it is not known. */
  readonly shapes: readonly (readonly number[])[];
  /** Type of the first tensor counted in each run; empty if it is not known. */
  readonly dtypes: readonly string[];
  /** Newest step known of each run when the index was made; a tile may be newer. */
  readonly steps: readonly number[];
  /**
   * Wall time of each run's newest record known then, in seconds since 1970; a run that was replaced has
   * others.
   */
  readonly times: readonly number[];
}

/** What can be shown. */
export interface Index {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Changes when a run, tag, record, scalar tag or warning is new. */
  readonly revision: string;
  /** The runs with series, in TensorBoard's natural order. */
  readonly runs: readonly RunAnswer[];
  /** Sorted by phase, kind, position in the model and name; another tool's histograms come last. */
  readonly series: readonly Series[];
  /**
   * One sentence for each thing that could not be read; damaged blocks are known once a tile has read them,
   * damaged files some seconds after the first question for the index.
   */
  readonly warnings: readonly string[];
  /**
   * Changes when files of a run with series went away, so that other records may stand at its steps and
   * times: what is held of it is to be asked for again.
   */
  readonly replaced: number;
}

/** The answer when nothing changed since the revision that the page has. */
export interface Unchanged {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** The revision that was asked about. */
  readonly revision: string;
  /** Distinguishes this answer from an index. */
  readonly unchanged: true;
}

/** Columns that layers have in common, each of one or more records; the lists are parallel. */
export interface ProfileColumns {
  /** Step of each column's first record. */
  readonly first_steps: readonly number[];
  /** Step of its last record. */
  readonly last_steps: readonly number[];
  /** Time of its first record, in seconds since 1970. */
  readonly first_wall_times: readonly number[];
  /** Time of its last record. */
  readonly last_wall_times: readonly number[];
  /** Records pooled in it: a power of two, except for the last column. */
  readonly records: readonly number[];
}

/** The figures of one layer. */
export interface ProfileLayer {
  /** Tag of the series. */
  readonly tag: string;
  /** Position in the profile's `columns`. */
  readonly columns: number;
  /** By name, with a value for each column; null: there is no finite value. */
  readonly figures: Readonly<Record<string, readonly (number | null)[]>>;
}

/** A step at which the recording changed. */
export interface ProfileMark {
  /** The step. */
  readonly step: number;
  /** A later session went on here, or the distance of the records changed. */
  readonly kind: "resume" | "cadence";
  /** The same in words. */
  readonly text: string;
}

/** Figures of all layers of a kind and phase in one run, over the steps. */
export interface Profile {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Name of the run. */
  readonly run: string;
  /** As asked. */
  readonly kind: string;
  /** As asked. */
  readonly phase: string;
  /** One entry where all layers were recorded at the same steps. */
  readonly columns: readonly ProfileColumns[];
  /** In no particular order; layers without a readable record are left out. */
  readonly layers: readonly ProfileLayer[];
  /** Of any layer, sorted by step. */
  readonly marks: readonly ProfileMark[];
}

/** A scalar of a run, sorted by step; the latest point of equal steps counts. */
export interface ScalarSeries {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Name of the run. */
  readonly run: string;
  /** Tag of the scalar. */
  readonly tag: string;
  /** At most as many points as TensorBoard keeps; the three lists are parallel. */
  readonly steps: readonly number[];
  /** Seconds since 1970. */
  readonly wall_times: readonly number[];
  /** A value that is not finite is null. */
  readonly values: readonly (number | null)[];
}

/** What goes into the file: each of some series, as far as some runs have it. */
export interface ShareRequest {
  /** Names of the runs. */
  readonly runs: readonly string[];
  /** The series. */
  readonly series: readonly BoardSeries[];
  /** At most this many columns in each heatmap, 8 to 8192. */
  readonly columns?: number;
}

/** A statistic of a split layer's slices (channels, units, heads, experts), over the steps. */
export interface Slices {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** Name of the run. */
  readonly run: string;
  /** Tag of the layer's series. */
  readonly tag: string;
  /** "zero_share", "mean", "std", "abs_max", "rms", "min" or "max": for "auto" the one chosen. */
  readonly statistic: string;
  /** Order of the rows. */
  readonly sort: SliceSort;
  /** Number of slices. */
  readonly slices: number;
  /** Dimension of the layer's tensors that was split. */
  readonly dimension: number | null;
  /** Slices that each row has the mean of, in their order; the last row may have fewer. */
  readonly per_row: number;
  /** Numbers of all slices, from the first row on. */
  readonly order: readonly number[];
  /** First step of each column; at most 512. */
  readonly first_steps: readonly number[];
  /** Last step of each column, parallel to `first_steps`. */
  readonly last_steps: readonly number[];
  /** Smallest and largest value; null without any. */
  readonly range: readonly [number, number] | null;
  /** A row for each slice or group, with a value for each column; null: no finite value. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** The newest point of a scalar. */
export interface LastScalar {
  /** Tag of the scalar. */
  readonly tag: string;
  /** Step of the point. */
  readonly step: number;
  /** A value that is not finite is null. */
  readonly value: number | null;
}

/** What distinguishes one run of the log directory from the others. */
export interface SweepRun {
  /** Name of the run. */
  readonly name: string;
  /** By name: those of TensorBoard's HParams, and those that the run's name has as `key=value`. */
  readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
  /** The newest loss; null where the run has no scalar whose tag names a loss. */
  readonly loss: LastScalar | null;
}

/** The runs of the log directory with their hyper-parameters and losses. */
export interface Sweep {
  /** 1; the page refuses any other. */
  readonly version: number;
  /** The runs that have layers, by name. */
  readonly runs: readonly SweepRun[];
}

/** One tile as it is asked for. */
export interface TileRequest {
  /** Name of the run. */
  readonly run: string;
  /** Tag of the series. */
  readonly tag: string;
  /** Where the series comes from. */
  readonly source?: SeriesSource;
  /** First and last step, inclusive: columns that intersect this range; all when left out. */
  readonly steps?: readonly [number, number];
  /** At most this many columns, 1 to 8192. */
  readonly columns?: number;
  /** Merge bins to about this many central rows, 8 to 4096; 0: no merging. */
  readonly rows?: number;
  /**
   * In place of rows, an exponent u from -160 to 160: bins inside one cell [k*2**u, (k+1)*2**u) are merged.
   */
  readonly unit?: number;
  /**
   * Number of a record, from 0: only columns that hold records from this one on; all of them where columns
   * pool more records than when it was the newest one.
   */
  readonly since?: number;
}

/** One array, which every tile of the answer has. */
export interface TileArray {
  /** Name of the array. */
  readonly name: string;
  /** Type of its numbers. */
  readonly dtype: ArrayDtype;
  /** Names of the tile's fields that hold the lengths, the slowest dimension first. */
  readonly shape: readonly TileAxis[];
}

/** Types of numbers that one tile needs wider than another. */
export interface TileDtypes {
  /** int64 where a step needs more than 32 bits. */
  readonly step: "int32" | "int64";
  /** uint64 where a count needs more than 32 bits. */
  readonly count: "uint32" | "uint64";
}

/** A tile's entry in the head of the answer. */
export interface TileHead {
  /** Name of the run. */
  readonly run: string;
  /** Tag of the series. */
  readonly tag: string;
  /** Where the series comes from. */
  readonly source: SeriesSource;
  /** Of the series; equal revisions have equal records. */
  readonly revision: string;
  /** Records of the whole series that TensorBoard holds. */
  readonly records: number;
  /** Records of the whole series that were written but that TensorBoard does not hold. */
  readonly missing: number;
  /** When records are missing, a sentence with the reason and what to do. */
  readonly hint: string;
  /** Each column pools 2**level records. */
  readonly level: number;
  /** Number of the first column, counted from the series' first record. */
  readonly first_column: number;
  /** Number of columns. */
  readonly columns: number;
  /** Number of bins. */
  readonly bins: number;
  /** Exponent of the cells in which bins were merged; null: none were. */
  readonly unit: number | null;
  /** Central 99.9 % of the finite values over the asked steps; null when there are none. */
  readonly range: readonly [number, number] | null;
  /** Smallest and largest finite value over the asked steps; null when there are none. */
  readonly extent: readonly [number, number] | null;
  /**
   * Size of the median record of the whole series: the largest absolute value within four standard deviations
   * of its mean; 0 where no record has a finite value other than 0.
   */
  readonly usual: number;
  /** First step of the whole series; 0 without records. */
  readonly first_step: number;
  /** Last step of the whole series; 0 without records. */
  readonly last_step: number;
  /** Types of this tile's steps and counts. */
  readonly dtypes: TileDtypes;
  /** Where the tile's arrays begin, in bytes after the head's padding. */
  readonly offset: number;
  /** Length of the tile's arrays, in bytes. */
  readonly bytes: number;
}

/** The entry of a tile that could not be made. */
export interface TileError {
  /** Name of the run. */
  readonly run: string;
  /** Tag of the series. */
  readonly tag: string;
  /** Where the series comes from. */
  readonly source: SeriesSource;
  /** The reason, one sentence. */
  readonly error: string;
  /**
   * The HTTP status that an answer of its own would have: 404 where there is no such series, 422 where it
   * cannot be read.
   */
  readonly status: number;
}

/** The head of the answer of the tiles route. */
export interface TilesHead {
  /** 2; the page refuses any other. */
  readonly version: number;
  /** The arrays of every tile, in the order in which they follow one another. */
  readonly arrays: readonly TileArray[];
  /** One entry for each tile, in the order in which they were asked for. */
  readonly tiles: readonly (TileHead | TileError)[];
}

/** Names of the arrays that every tile has. */
export const TILE_ARRAYS = [
  "first_step",
  "last_step",
  "first_wall_time",
  "last_wall_time",
  "records",
  "n",
  "zeros",
  "nans",
  "pos_infs",
  "neg_infs",
  "mean",
  "std",
  "min",
  "max",
  "lower",
  "upper",
  "counts",
] as const;

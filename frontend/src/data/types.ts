/** What the server sends (plugin/http_api.md), as the page holds it. */

export type Source = "blocks" | "histograms";

export interface RunInfo {
  readonly silent?: readonly string[];
  readonly skipped?: number;
  readonly cadence?: string;
  readonly errors?: readonly string[];
}

export interface Run {
  readonly name: string;
  readonly start_time: number | null;
  readonly info: RunInfo;
  /** Scalar tags that can be drawn above the heatmaps. */
  readonly scalars: readonly string[];
}

/** One layer and kind; `runs[i]`, `shapes[i]`, `dtypes[i]` and `steps[i]` belong together. */
export interface Series {
  readonly tag: string;
  readonly layer: string;
  readonly kind: string;
  readonly phase: string;
  readonly order: number;
  readonly type: string;
  readonly source: Source;
  readonly bins: Readonly<Record<string, unknown>>;
  readonly runs: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  readonly dtypes: readonly string[];
  /** Newest step of each when this object was made; it outlives that, so ask `newestSteps` (state/catalog.ts). */
  readonly steps: readonly number[];
}

export interface Index {
  readonly version: 1;
  readonly revision: string;
  readonly runs: readonly Run[];
  readonly series: readonly Series[];
  readonly warnings: readonly string[];
}

export interface TileRequest {
  readonly run: string;
  readonly tag: string;
  readonly source: Source;
  readonly steps?: readonly [number, number];
  readonly columns?: number;
  readonly rows?: number;
  readonly unit?: number;
  readonly since?: number;
}

/** One value per column; `length` is the number of columns. */
export interface Columns {
  readonly length: number;
  readonly firstStep: Float64Array;
  readonly lastStep: Float64Array;
  readonly firstWallTime: Float64Array;
  readonly lastWallTime: Float64Array;
  readonly records: Uint32Array;
  readonly n: Float64Array;
  readonly zeros: Float64Array;
  readonly nans: Float64Array;
  readonly posInfs: Float64Array;
  readonly negInfs: Float64Array;
  readonly mean: Float64Array;
  readonly std: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** Histograms of one series: C columns (pooled records) by B bins. */
export interface Tile {
  readonly run: string;
  readonly tag: string;
  readonly source: Source;
  readonly revision: string;
  /** Records of the whole series that TensorBoard holds, and those it dropped. */
  readonly records: number;
  readonly missing: number;
  readonly hint: string;
  /** Each column pools 2**level records. */
  readonly level: number;
  readonly firstColumn: number;
  /** Stored bins inside one cell of 2**unit were merged; null: none. */
  readonly unit: number | null;
  /** Central 99.9 % and smallest to largest finite value over the asked steps. */
  readonly range: readonly [number, number] | null;
  readonly extent: readonly [number, number] | null;
  readonly firstStep: number;
  readonly lastStep: number;
  readonly columns: Columns;
  /** Edges of the B bins, ascending, with gaps. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Exact counts, bin-major: counts[b * columns.length + c]. Float64Array where a count needs more than 32 bits. */
  readonly counts: Uint32Array | Float64Array;
}

export interface TileError {
  readonly run: string;
  readonly tag: string;
  readonly source: Source;
  readonly error: string;
  readonly status: number;
}

export interface ScalarSeries {
  readonly run: string;
  readonly tag: string;
  readonly steps: readonly number[];
  readonly wall_times: readonly number[];
  readonly values: readonly (number | null)[];
}

export type Severity = "error" | "warning" | "info";

/** Lists are parallel to the layers of the finding. */
export type Figure = number | string | null | readonly number[];

export interface Finding {
  readonly kind: string;
  readonly run: string;
  readonly layers: readonly string[];
  readonly tags: readonly string[];
  readonly first_step: number;
  readonly last_step: number;
  readonly severity: Severity;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly threshold: Readonly<Record<string, number>>;
  readonly source: string;
  readonly title: string;
  readonly advice: string;
}

export interface Findings {
  readonly findings: readonly Finding[];
  readonly pending: number;
  /** A sentence for each run that could not be looked at. */
  readonly errors: readonly string[];
}

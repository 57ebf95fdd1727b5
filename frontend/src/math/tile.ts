/** Histograms of one series over steps, as they are computed with. */

/** Our own blocks, or histograms that another tool wrote. */
export type Source = "blocks" | "histograms";

/** One value per column; `length` is the number of columns. */
export interface Columns {
  readonly length: number;
  readonly firstStep: Float64Array;
  readonly lastStep: Float64Array;
  readonly firstWallTime: Float64Array;
  readonly lastWallTime: Float64Array;
  readonly records: Float64Array;
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
  /** Size of the median record of the whole series, however its columns are pooled; 0 where none has any. */
  readonly usual: number;
  readonly firstStep: number;
  readonly lastStep: number;
  readonly columns: Columns;
  /** Edges of the B bins, ascending, with gaps. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Exact counts, bin-major: counts[b * columns.length + c]. Float64Array where a count needs more than 32 bits. */
  readonly counts: Uint32Array | Float64Array;
}

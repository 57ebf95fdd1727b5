/** The value axis of a panel: value <-> share of the axis, row edges, ticks. */

import { formatTick, formatTicks, formatValue } from "./format";
import { linearTicks, spread, symlogTicks } from "./ticks";

export type ScaleKind = "linear" | "symlog" | "native";

/** Edges of bins as a tile has them: ascending, with gaps. */
export interface Bins {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

export interface Tick {
  readonly value: number;
  /** 0 at the axis' low end, 1 at its high end. */
  readonly share: number;
  readonly label: string;
}

/**
 * Immutable. `native` has one row per bin of the tiles it was made from, all rows equally high; a gap
 * between two bins belongs to the row below it, which is exact, since a gap is empty.
 */
export class ValueScale {
  private constructor(
    readonly kind: ScaleKind,
    readonly lo: number,
    readonly hi: number,
    /** symlog: the axis is nearly linear for |value| below this, logarithmic far above. */
    readonly linthresh: number,
    private readonly rowEdges: Float64Array,
    private readonly from: number,
    private readonly to: number,
  ) {}

  /** Needs finite lo < hi. */
  static linear(lo: number, hi: number): ValueScale {
    checkRange(lo, hi);
    return new ValueScale("linear", lo, hi, 0, EMPTY, lo, hi);
  }

  /** Needs finite lo < hi; linthresh > 0, default `defaultLinthresh(lo, hi)`. */
  static symlog(lo: number, hi: number, linthresh: number = defaultLinthresh(lo, hi)): ValueScale {
    checkRange(lo, hi);
    if (!(linthresh > 0)) throw new RangeError(`symlog takes a linthresh above 0, but got ${linthresh}.`);
    return new ValueScale("symlog", lo, hi, linthresh, EMPTY, symlog(lo, linthresh), symlog(hi, linthresh));
  }

  /** One row per bin that occurs in any of the tiles; [lo, hi] is widened to whole rows. */
  static native(tiles: readonly Bins[], lo = Number.NEGATIVE_INFINITY, hi = Infinity): ValueScale {
    return ValueScale.fromRows(joinEdges(tiles), lo, hi);
  }

  /** The same kind of scale over another range, as zooming needs it. */
  withRange(lo: number, hi: number): ValueScale {
    if (this.kind === "linear") return ValueScale.linear(lo, hi);
    if (this.kind === "symlog") return ValueScale.symlog(lo, hi, this.linthresh);
    return ValueScale.fromRows(this.rowEdges, lo, hi);
  }

  /** 0 at lo, 1 at hi; beyond them outside of 0..1. */
  valueToShare(value: number): number {
    return (this.unfolded(value) - this.from) / (this.to - this.from);
  }

  shareToValue(share: number): number {
    const place = this.from + share * (this.to - this.from);
    if (this.kind === "linear") return place;
    if (this.kind === "symlog") return Math.sign(place) * this.linthresh * Math.expm1(Math.abs(place));
    const last = this.rowEdges.length - 2;
    const row = Math.min(last, Math.max(0, Math.floor(place)));
    return this.rowEdges[row]! + (place - row) * (this.rowEdges[row + 1]! - this.rowEdges[row]!);
  }

  /** Ascending edges of `rows` rows of equal height; `native` has its own number of rows. */
  edges(rows: number): Float64Array {
    if (this.kind === "native") return this.rowEdges.slice(this.from, this.to + 1);
    const edges = new Float64Array(rows + 1);
    for (let row = 0; row <= rows; row++) edges[row] = this.shareToValue(row / rows);
    edges[0] = this.lo;
    edges[rows] = this.hi;
    // An edge that should be 0 but missed it by rounding would split the zeros off their row.
    const size = this.kind === "linear" ? Math.max(Math.abs(this.lo), Math.abs(this.hi)) : this.linthresh;
    const least = size * 1e-12;
    for (let row = 1; row < rows; row++) if (Math.abs(edges[row]!) < least) edges[row] = 0;
    return edges;
  }

  /** About `count` round ticks, ascending, with labels that tell them apart. */
  ticks(count: number): readonly Tick[] {
    const values = this.tickValues(count);
    const labels = this.kind === "linear" ? formatTicks(values) : values.map((value) => this.label(value));
    return values.map((value, i) => ({ value, share: this.valueToShare(value), label: labels[i]! }));
  }

  /** Edges of stored bins have too many digits for an axis; the readout has them all. */
  private label(value: number): string {
    const exact = formatTick(value);
    const long = this.kind === "native" && exact.length > NATIVE_LENGTH;
    return long ? formatValue(value, NATIVE_DIGITS) : exact;
  }

  private static fromRows(edges: Float64Array, lo: number, hi: number): ValueScale {
    const rows = edges.length - 1;
    const from = Math.min(rows - 1, Math.max(0, lastAtMost(edges, lo)));
    const above = lastAtMost(edges, hi);
    const to = Math.max(from + 1, Math.min(rows, edges[above] === hi ? above : above + 1));
    return new ValueScale("native", edges[from]!, edges[to]!, 0, edges, from, to);
  }

  private tickValues(count: number): readonly number[] {
    const valueToShare = (value: number): number => this.valueToShare(value);
    if (this.kind === "linear") return linearTicks(this.lo, this.hi, count);
    if (this.kind === "symlog") return symlogTicks(this.lo, this.hi, count, valueToShare);
    const stride = Math.max(1, Math.ceil((this.to - this.from) / Math.max(1, count)));
    const rows = this.edges(0).filter((_, row) => row % stride === 0);
    return spread([...rows].map(tidy), 0.6 / Math.max(1, count), valueToShare);
  }

  private unfolded(value: number): number {
    if (this.kind === "linear") return value;
    if (this.kind === "symlog") return symlog(value, this.linthresh);
    const edges = this.rowEdges;
    const row = Math.min(edges.length - 2, Math.max(0, lastAtMost(edges, value)));
    const width = edges[row + 1]! - edges[row]!;
    return row + (value - edges[row]!) / width;
  }
}

const NATIVE_LENGTH = 6;
const NATIVE_DIGITS = 2;
const EMPTY = new Float64Array(0);

/** Where the symlog axis turns linear: two decades below the largest magnitude. */
export function defaultLinthresh(lo: number, hi: number): number {
  const size = Math.max(Math.abs(lo), Math.abs(hi));
  return size > 0 && Number.isFinite(size) ? 10 ** (Math.floor(Math.log10(size)) - 2) : 0.01;
}

/** Index of the last of ascending numbers that is <= value; -1 when there is none. */
export function lastAtMost(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function symlog(value: number, linthresh: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value) / linthresh);
}

function joinEdges(tiles: readonly Bins[]): Float64Array {
  const seen = new Set<number>();
  for (const tile of tiles) {
    for (const edge of tile.lower) seen.add(edge);
    if (tile.upper.length > 0) seen.add(tile.upper[tile.upper.length - 1]!);
  }
  const edges = Float64Array.from(seen).sort();
  return edges.length >= 2 ? edges : Float64Array.of(0, 1);
}

/** The zero bin's edge is written as the 0 that it stands for. */
function tidy(edge: number): number {
  return Math.abs(edge) <= 2 ** -130 ? 0 : edge;
}

function checkRange(lo: number, hi: number): void {
  if (!(Number.isFinite(lo) && Number.isFinite(hi) && lo < hi)) {
    throw new RangeError(`A value scale takes finite lo < hi, but got ${lo} and ${hi}.`);
  }
}

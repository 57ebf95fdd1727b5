/** Rows of cells whose edges are edges of stored bins, so that every count is whole. */

import { pointLower } from "./rebin";
import { type Bins, lastAtMost, type ValueScale } from "./value_scale";

export interface Rows {
  /** One more than there are rows, ascending. */
  readonly edges: Float64Array;
  /** Of the edges on the axis: 0 at its low end, 1 at its high end; the outermost may lie beyond. null: evenly spaced. */
  readonly places: Float64Array | null;
  /** Height of each row beside the usual (median) one; null: all are equal. */
  readonly heights: Float64Array | null;
}

/** Part of an even row's height: what is lower is no row, such as the bin of 0 on a linear axis. */
const LEAST_HEIGHT = 1e-3;

/**
 * Moves edges that would cut a bin of any of the tiles to the nearer end of that bin, and the outermost ones outwards.
 * Rows are merged where bins are wider than them. even: edges of rows of equal height on the scale.
 */
export function snapRows(scale: ValueScale, even: Float64Array, tiles: readonly Bins[]): Rows {
  const last = even.length - 1;
  const moved = new Float64Array(even.length);
  const least = LEAST_HEIGHT / last;
  let length = 0;
  let before = Number.NEGATIVE_INFINITY;
  for (let at = 0; at <= last; at++) {
    const edge = movedEdge(scale, even[at]!, tiles, at === 0 ? "down" : at === last ? "up" : "nearer");
    const place = scale.valueToFraction(edge);
    if (place - before >= least) length++;
    else if (at < last) continue;
    moved[length - 1] = edge;
    before = place;
  }
  if (length < 2 || (length === even.length && moved.every((edge, at) => edge === even[at]))) {
    return { edges: even, places: null, heights: null };
  }
  const edges = moved.slice(0, length);
  const places = edges.map((edge) => scale.valueToFraction(edge));
  return { edges, places, heights: relativeHeights(places) };
}

function movedEdge(
  scale: ValueScale,
  edge: number,
  tiles: readonly Bins[],
  direction: "down" | "up" | "nearer",
): number {
  const [lower, upper] = binsAround(edge, tiles);
  if (lower === upper || direction === "down") return lower;
  if (direction === "up") return upper;
  const place = scale.valueToFraction(edge);
  return place - scale.valueToFraction(lower) <= scale.valueToFraction(upper) - place ? lower : upper;
}

/** The narrowest interval around an edge whose ends cut no bin; the edge itself, twice, where it cuts none. */
function binsAround(edge: number, tiles: readonly Bins[]): readonly [number, number] {
  // At the edge itself a bin has two ends; beyond it another tile's bin can only reach further out.
  let [lower, upper] = [edge, edge];
  for (let settled = false; !settled; ) {
    settled = true;
    for (const tile of tiles) {
      const [low] = binCutBy(tile, lower);
      const [, high] = binCutBy(tile, upper);
      if (low === lower && high === upper) continue;
      [lower, upper] = [low, high];
      settled = false;
    }
  }
  return [lower, upper];
}

/** The ends of the bin that a value cuts; the value itself, twice, where it cuts none. */
function binCutBy({ lower, upper }: Bins, value: number): readonly [number, number] {
  const bin = lastAtMost(lower, value);
  if (bin < 0) return [value, value];
  const high = upper[bin]!;
  const low = pointLower(lower[bin]!, high);
  return low < value && value < high ? [low, high] : [value, value];
}

function relativeHeights(places: Float64Array): Float64Array {
  const heights = places.subarray(1).map((place, row) => place - places[row]!);
  const usual = heights.slice().sort()[heights.length >> 1]!;
  return heights.map((height) => height / usual);
}

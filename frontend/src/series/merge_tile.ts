/** Append the newest columns of a series to a tile that is held already. */

import { ZERO_EDGE } from "../math/rebin";
import type { Columns, Tile } from "../math/tile";

/** Joined bins, and for each bin of the two tiles its place among them. */
interface JoinedBins {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly places: readonly [Int32Array, Int32Array];
}

/**
 * The held tile with its last columns replaced and continued by `newer`, the answer to a request with
 * `since`; null when the two do not fit together (other pooling, other bins, another training, records taken
 * away by TensorBoard's sampling), so that the whole tile must be asked for. What is not per column (range, extent,
 * revision ...) is the newer tile's, which the server states for all asked steps.
 */
export function mergeTile(held: Tile, newer: Tile): Tile | null {
  if (newer.columns.length === 0) return newer.records === held.records ? held : null;
  // Where more records are pooled than before, all columns have come.
  if (newer.level > held.level && newer.firstColumn === 0) return newer;
  const kept = newer.firstColumn - held.firstColumn;
  if (held.level !== newer.level || held.unit !== newer.unit) return null;
  // Others in place of those that are held may have the same steps and times.
  if (newer.records < held.records + Number(newer.revision !== held.revision)) return null;
  if (kept < 0 || kept > held.columns.length) return null;
  const overlaps = kept < held.columns.length;
  // A training that was begun anew has the same steps at other times.
  if (overlaps && held.columns.firstWallTime[kept] !== newer.columns.firstWallTime[0]) return null;
  const bins = joinBins(held, newer);
  return {
    ...newer,
    firstColumn: held.firstColumn,
    columns: joinColumns(held.columns, kept, newer.columns),
    lower: bins.lower,
    upper: bins.upper,
    counts: joinCounts(held, kept, newer, bins),
  };
}

function joinColumns(held: Columns, kept: number, newer: Columns): Columns {
  const length = kept + newer.length;
  const names = Object.keys(newer).filter((name) => name !== "length") as Exclude<keyof Columns, "length">[];
  const arrays = names.map((name) => {
    const joined = new Float64Array(length);
    joined.set(held[name].subarray(0, kept));
    joined.set(newer[name], kept);
    return [name, joined];
  });
  return { length, ...Object.fromEntries(arrays) } as Columns;
}

/**
 * The union of two tiles' bins. A merged bin spans the stored bins that were occupied in its tile, so
 * the bins of one unit may have different edges in the two; they become one bin over both.
 */
function joinBins(held: Tile, newer: Tile): JoinedBins {
  const lower: number[] = [];
  const upper: number[] = [];
  const places: [Int32Array, Int32Array] = [
    new Int32Array(held.lower.length),
    new Int32Array(newer.lower.length),
  ];
  const tiles = [held, newer] as const;
  const at: [number, number] = [0, 0];
  let cell: string | null = null;
  while (at[0] < held.lower.length || at[1] < newer.lower.length) {
    const next = (held.lower[at[0]] ?? Infinity) <= (newer.lower[at[1]] ?? Infinity) ? 0 : 1;
    const bin = at[next]++;
    const low = tiles[next].lower[bin]!;
    const high = tiles[next].upper[bin]!;
    const name = unitOfBin(low, high, held.unit);
    if (name === cell) upper.push(Math.max(upper.pop()!, high));
    else {
      lower.push(low);
      upper.push(high);
    }
    cell = name;
    places[next][bin] = lower.length - 1;
  }
  return { lower: Float64Array.from(lower), upper: Float64Array.from(upper), places };
}

/** Bins of the same name become one: those inside one unit, and equal ones. */
function unitOfBin(lower: number, upper: number, unit: number | null): string {
  const zero = lower < 0 && upper > 0 && upper <= ZERO_EDGE;
  if (zero || unit === null) return `bin ${lower}`;
  const size = 2 ** unit;
  const cell = Math.floor((lower / 2 + upper / 2) / size);
  return lower >= cell * size && upper <= (cell + 1) * size ? `unit ${cell}` : `bin ${lower}`;
}

function joinCounts(held: Tile, kept: number, newer: Tile, bins: JoinedBins): Tile["counts"] {
  const columns = kept + newer.columns.length;
  const size = bins.lower.length * columns;
  const wide = held.counts instanceof Float64Array || newer.counts instanceof Float64Array;
  const counts = wide ? new Float64Array(size) : new Uint32Array(size);
  // No two bins of one tile have the same place.
  const copy = (tile: Tile, width: number, places: Int32Array, shift: number): void =>
    places.forEach((place, bin) => {
      const from = bin * tile.columns.length;
      counts.set(tile.counts.subarray(from, from + width), place * columns + shift);
    });
  copy(held, kept, bins.places[0], 0);
  copy(newer, newer.columns.length, bins.places[1], kept);
  return counts;
}

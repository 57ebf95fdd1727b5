/** A tile as it lies in a shared file (plugin/sharing/tile_pack.py). */

import type { Columns, Tile } from "../math/tile";
import { headToFacts } from "../series/tile_head";
import type { TileHead } from "../series/types";
import type { PackedAxis } from "./shared_data";

interface PackedHead extends TileHead {
  /** Counts are numbers of levels. */
  readonly rounded: boolean;
  /** Number of the time axis. */
  readonly axis: number;
  /** Name and type of each array, in their order. */
  readonly arrays: readonly (readonly [string, string])[];
}

const BIN_ARRAYS = new Set(["lower", "upper"]);
const REAL_ARRAYS = new Set(["mean", "std", "min", "max", ...BIN_ARRAYS]);

/** The whole tile of a series, with the revision that tells the page's caches apart. */
export function unpackTile(buffer: ArrayBuffer, axes: readonly PackedAxis[]): Tile {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as PackedHead;
  const found = readArrays(head, new Uint8Array(buffer, 4 + length));
  const { counts, lower, upper, ...figures } = found as Record<string, Float64Array> & { counts: Counts };
  return {
    ...headToFacts(head),
    columns: { ...unpackAxis(axes[head.axis]!), ...toColumns(figures) },
    lower: lower!,
    upper: upper!,
    counts: head.rounded ? levelsToCounts(counts) : counts,
  };
}

function toColumns(
  figures: Record<string, Float64Array>,
): Omit<Columns, keyof ReturnType<typeof unpackAxis>> {
  const { n, zeros, nans, mean, std, min, max } = figures as Record<string, Float64Array>;
  return {
    n: n!,
    zeros: zeros!,
    nans: nans!,
    posInfs: figures.pos_infs!,
    negInfs: figures.neg_infs!,
    mean: mean!,
    std: std!,
    min: min!,
    max: max!,
  };
}

function unpackAxis(axis: PackedAxis) {
  const seconds = (values: readonly number[]) => addUp(values).map((value) => value / 1000);
  return {
    length: axis.records.length,
    firstStep: addUp(axis.first_step),
    lastStep: addUp(axis.last_step),
    firstWallTime: seconds(axis.first_wall_time),
    lastWallTime: seconds(axis.last_wall_time),
    records: Float64Array.from(axis.records),
  };
}

function addUp(differences: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(differences);
  for (let at = 1; at < values.length; at++) values[at]! += values[at - 1]!;
  return values;
}

/** All levels known so far, as plugin/sharing/rounding.py has them: a square root apart. */
const levels = [0];

/** The counts that these numbers of levels stand for. */
function levelsToCounts(numbers: Counts): Float64Array {
  const counts = new Float64Array(numbers.length);
  for (let at = 0; at < counts.length; at++) {
    const number = numbers[at]!;
    while (levels.length <= number) levels.push(nextLevel(levels[levels.length - 1]!));
    counts[at] = levels[number]!;
  }
  return counts;
}

function nextLevel(level: number): number {
  return level + Math.max(1, Math.floor(Math.sqrt(level)));
}

type Counts = Uint32Array | Float64Array;

function readArrays(head: PackedHead, bytes: Uint8Array): Record<string, Counts> {
  const arrays: Record<string, Counts> = {};
  let at = 0;
  for (const [name, dtype] of head.arrays) {
    const rows = name === "counts" ? head.bins : 1;
    const length = BIN_ARRAYS.has(name) ? head.bins : rows * head.columns;
    const width = BYTES[dtype]!;
    const packed = bytes.subarray(at, at + length * width);
    at += length * width;
    const values = dtype.startsWith("uint")
      ? joinBytes(packed, length, width)
      : toFloats(packed, length, width);
    if (!REAL_ARRAYS.has(name)) unfold(values, head.columns);
    arrays[name] = name === "counts" || values instanceof Float64Array ? values : new Float64Array(values);
  }
  return arrays;
}

const BYTES: Readonly<Record<string, number>> = { uint8: 1, uint16: 2, uint32: 4, float32: 4, float64: 8 };

/** Whole numbers, from all first bytes, then all second ones and so on. */
function joinBytes(bytes: Uint8Array, length: number, width: number): Uint32Array {
  const values = new Uint32Array(bytes.subarray(0, length));
  for (let byte = 1; byte < width; byte++) {
    const from = byte * length;
    const shift = 8 * byte;
    for (let i = 0; i < length; i++) values[i]! |= bytes[from + i]! << shift;
  }
  return values;
}

/** Floats from the same order, little-endian as on every machine that browsers run on. */
function toFloats(bytes: Uint8Array, length: number, width: number): Float64Array {
  const whole = new Uint8Array(length * width);
  for (let byte = 0; byte < width; byte++) {
    const from = byte * length;
    for (let i = 0; i < length; i++) whole[i * width + byte] = bytes[from + i]!;
  }
  return width === 4 ? new Float64Array(new Float32Array(whole.buffer)) : new Float64Array(whole.buffer);
}

/** In place, from zigzag differences along each row of this length. */
function unfold(values: Counts, row: number): void {
  if (values instanceof Uint32Array) unfoldInts(values, row);
  else unfoldFloats(values, row);
}

/** Sums wrap around at 2**32, so they are right wherever the values themselves are below it. */
function unfoldInts(values: Uint32Array, row: number): void {
  for (let start = 0; start < values.length; start += row) {
    let value = 0;
    for (let at = start; at < start + row; at++) {
      const code = values[at]!;
      value = (value + ((code >>> 1) ^ -(code & 1))) | 0;
      values[at] = value;
    }
  }
}

function unfoldFloats(values: Float64Array, row: number): void {
  for (let start = 0; start < values.length; start += row) {
    let value = 0;
    for (let at = start; at < start + row; at++) {
      const code = values[at]!;
      value += code % 2 === 0 ? code / 2 : -(code + 1) / 2;
      values[at] = value;
    }
  }
}

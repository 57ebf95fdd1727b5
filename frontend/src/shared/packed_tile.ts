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
  const { lower, upper, counts, ...figures } = found as Record<string, Float64Array>;
  const levels = head.rounded ? levelsTo(counts!) : null;
  return {
    ...headToFacts(head),
    columns: { ...unpackAxis(axes[head.axis]!), ...toColumns(figures) },
    lower: lower!,
    upper: upper!,
    counts: levels === null ? counts! : counts!.map((number) => levels[number]!),
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

/** All levels that these numbers name, as plugin/sharing/rounding.py has them: a square root apart. */
function levelsTo(numbers: Float64Array): Float64Array {
  let most = 0;
  for (const number of numbers) most = Math.max(most, number);
  const levels = new Float64Array(most + 1);
  for (let at = 1; at <= most; at++)
    levels[at] = levels[at - 1]! + Math.max(1, Math.floor(Math.sqrt(levels[at - 1]!)));
  return levels;
}

function readArrays(head: PackedHead, bytes: Uint8Array): Record<string, Float64Array> {
  const arrays: Record<string, Float64Array> = {};
  let at = 0;
  for (const [name, dtype] of head.arrays) {
    const rows = name === "counts" ? head.bins : 1;
    const length = BIN_ARRAYS.has(name) ? head.bins : rows * head.columns;
    const width = BYTES[dtype]!;
    const values = READERS[dtype]!(unshuffle(bytes.subarray(at, at + length * width), length, width));
    at += length * width;
    arrays[name] = REAL_ARRAYS.has(name) ? Float64Array.from(values) : unfold(values, head.columns);
  }
  return arrays;
}

const BYTES: Readonly<Record<string, number>> = { uint8: 1, uint16: 2, uint32: 4, float32: 4, float64: 8 };

/** Little-endian, as on every machine that browsers run on. */
const READERS: Readonly<Record<string, (bytes: ArrayBuffer) => ArrayLike<number>>> = {
  uint8: (bytes) => new Uint8Array(bytes),
  uint16: (bytes) => new Uint16Array(bytes),
  uint32: (bytes) => new Uint32Array(bytes),
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
};

/** From all first bytes, then all second ones and so on. */
function unshuffle(bytes: Uint8Array, length: number, width: number): ArrayBuffer {
  const whole = new Uint8Array(length * width);
  for (let byte = 0; byte < width; byte++) {
    const from = byte * length;
    for (let i = 0; i < length; i++) whole[i * width + byte] = bytes[from + i]!;
  }
  return whole.buffer;
}

/** From zigzag differences along each row of this length. */
function unfold(folded: ArrayLike<number>, row: number): Float64Array {
  const values = new Float64Array(folded.length);
  for (let at = 0; at < values.length; at++) {
    const code = folded[at]!;
    const difference = code % 2 === 0 ? code / 2 : -(code + 1) / 2;
    values[at] = difference + (at % row === 0 ? 0 : values[at - 1]!);
  }
  return values;
}

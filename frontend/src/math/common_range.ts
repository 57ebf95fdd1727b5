/** One value range that fits several runs, though one of them explodes. */

import type { Tile } from "./tile";

export type ValueRange = readonly [number, number];

/** Beyond this many times the usual size a run counts as exploding ... */
export const EXPLODING = 1000;
/** ... unless it stays below this size, which some healthy networks reach. */
const HARMLESS = 100;
/** What an exploding run may add to the range: columns up to this many times the size of the others. */
const ONSET = 2;
/** Columns reach this many standard deviations; of a normal distribution 99.99 %. */
const DEVIATIONS = 4;

export interface CommonRange {
  readonly lo: number;
  readonly hi: number;
  /** Sizes (largest absolute values) that are to be told apart on the axis. */
  readonly sizes: readonly number[];
}

/** What the columns of a tile say about its size. */
interface Profile {
  /** Central part of each column that has any size. */
  readonly lo: Float64Array;
  readonly hi: Float64Array;
  readonly size: Float64Array;
  /** Of the median column. */
  readonly usual: number;
}

/**
 * The union of the tiles' central ranges. Runs whose central range is more than 1,000 times the usual size of the
 * middle run (the lower of two) explode; of them only the columns count that are not much larger than the
 * others. So neither one run nor the end of one can flatten the rest. null without any finite values.
 */
export function commonRange(tiles: readonly Tile[]): CommonRange | null {
  const known = tiles.flatMap((tile) => (tile.range === null ? [] : [{ tile, range: tile.range }]));
  if (known.length === 0) return null;
  const profiles = known.map(({ tile }) => profileOf(tile));
  const usual = profiles.map((profile) => profile.usual).filter((size) => size > 0);
  const limit = Math.max(HARMLESS, EXPLODING * lowerMedian(usual));
  const calm = known.filter(({ range }) => sizeOf(range) <= limit).map(({ range }) => range);
  const limited = calm.length < known.length && usual.length > 0;
  const fit = Math.max(...calm.map(sizeOf), lowerMedian(usual));
  const onsets = known.flatMap(({ range }, at) =>
    limited && sizeOf(range) > limit ? onsetOf(profiles[at]!, ONSET * fit) : [],
  );
  const ranges = limited ? [...calm, ...onsets] : known.map(({ range }) => range);
  return {
    lo: Math.min(...ranges.map(([lo]) => lo)),
    hi: Math.max(...ranges.map(([, hi]) => hi)),
    sizes: [...ranges.map(sizeOf), ...usual].filter((size) => size > 0 && (!limited || size <= ONSET * fit)),
  };
}

/** Sizes of all runs, and of the middle of each. */
export function sizesOf(tiles: readonly Tile[]): readonly number[] {
  return tiles
    .flatMap((tile) => (tile.range === null ? [] : [sizeOf(tile.range), profileOf(tile).usual]))
    .filter((size) => size > 0);
}

/** The part of an exploding run before it leaves the axis; nothing when it is too large from the start. */
function onsetOf(profile: Profile, most: number): readonly ValueRange[] {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < profile.size.length; c++) {
    if (profile.size[c]! > most) continue;
    lo = Math.min(lo, profile.lo[c]!);
    hi = Math.max(hi, profile.hi[c]!);
  }
  return lo <= hi ? [[lo, hi]] : [];
}

const profiles = new WeakMap<Tile, Profile>();

function profileOf(tile: Tile): Profile {
  let profile = profiles.get(tile);
  if (profile === undefined) {
    profile = readProfile(tile);
    profiles.set(tile, profile);
  }
  return profile;
}

/** Columns of zeros alone say nothing about the size of a run. */
function readProfile({ columns, range }: Tile): Profile {
  const intervals: ValueRange[] = [];
  for (let c = 0; c < columns.length; c++) {
    const reach = DEVIATIONS * columns.std[c]!;
    const lo = Math.max(columns.min[c]!, columns.mean[c]! - reach);
    const hi = Math.min(columns.max[c]!, columns.mean[c]! + reach);
    if (lo <= hi && sizeOf([lo, hi]) > 0) intervals.push([lo, hi]);
  }
  const size = Float64Array.from(intervals, sizeOf);
  // A few tall columns of a mostly flat series may lie beyond its central range.
  const usual = Math.min(median(size), range === null ? 0 : sizeOf(range));
  return {
    lo: Float64Array.from(intervals, ([lo]) => lo),
    hi: Float64Array.from(intervals, ([, hi]) => hi),
    size,
    usual,
  };
}

function sizeOf([lo, hi]: ValueRange): number {
  return Math.max(Math.abs(lo), Math.abs(hi));
}

function median(values: Float64Array): number {
  return values.slice().sort()[Math.floor(values.length / 2)] ?? 0;
}

function lowerMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

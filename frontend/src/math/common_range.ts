/** One value range that fits several runs, though one of them explodes. */

import type { Tile } from "./tile";

export type ValueRange = readonly [number, number];

/** Beyond this many times the usual size a run counts as exploding ... */
export const EXPLODING = 1000;
/** ... unless it stays below this size, which some healthy networks reach. */
const HARMLESS = 100;
/** What an exploding run may add to the range: columns up to this many times the size of the others. */
const ONSET = 2;
/** Columns reach this many standard deviations, as records do for the server. */
const DEVIATIONS = 4;

export interface CommonRange {
  readonly lo: number;
  readonly hi: number;
  /** Sizes (largest absolute values) that are to be told apart on the axis. */
  readonly sizes: readonly number[];
}

/**
 * The union of the tiles' central ranges. Runs whose central range is more than 1,000 times the usual size of the
 * middle run (the lower of two) explode; of them only the columns count that are not much larger than the
 * others. So neither one run nor the end of one can flatten the rest. null without any finite values.
 */
export function commonRange(tiles: readonly Tile[]): CommonRange | null {
  const known = withRange(tiles);
  if (known.length === 0) return null;
  const usual = known.map(usualOf).filter((size) => size > 0);
  const limit = Math.max(HARMLESS, EXPLODING * lowerMedian(usual));
  const calm = known.filter(({ range }) => sizeOf(range) <= limit).map(({ range }) => range);
  const limited = calm.length < known.length && usual.length > 0;
  const fit = Math.max(...calm.map(sizeOf), lowerMedian(usual));
  const onsets = known.flatMap(({ tile, range }) =>
    limited && sizeOf(range) > limit ? onsetOf(tile, ONSET * fit) : [],
  );
  const ranges = limited ? [...calm, ...onsets] : known.map(({ range }) => range);
  return {
    lo: Math.min(...ranges.map(([lo]) => lo)),
    hi: Math.max(...ranges.map(([, hi]) => hi)),
    // Those of beginnings depend on how records are pooled, which must not decide about the axis.
    sizes: [...(limited ? calm : ranges).map(sizeOf), ...usual].filter(
      (size) => size > 0 && (!limited || size <= ONSET * fit),
    ),
  };
}

/** Sizes of all runs, and of the middle of each. */
export function sizesOf(tiles: readonly Tile[]): readonly number[] {
  return withRange(tiles)
    .flatMap((known) => [sizeOf(known.range), usualOf(known)])
    .filter((size) => size > 0);
}

/** The part of an exploding run before it leaves the axis; nothing when it is too large from the start. */
function onsetOf({ columns }: Tile, most: number): readonly ValueRange[] {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < columns.length; c++) {
    const reach = DEVIATIONS * columns.std[c]!;
    const lo = Math.max(columns.min[c]!, columns.mean[c]! - reach);
    const hi = Math.min(columns.max[c]!, columns.mean[c]! + reach);
    const size = sizeOf([lo, hi]);
    // Columns of zeros alone say nothing about the size of a run.
    if (!(lo <= hi && size > 0 && size <= most)) continue;
    least = Math.min(least, lo);
    greatest = Math.max(greatest, hi);
  }
  return least <= greatest ? [[least, greatest]] : [];
}

interface Known {
  readonly tile: Tile;
  readonly range: ValueRange;
}

function withRange(tiles: readonly Tile[]): Known[] {
  return tiles.flatMap((tile) => (tile.range === null ? [] : [{ tile, range: tile.range }]));
}

/** A few tall records of a mostly flat series may lie beyond its central range. */
function usualOf({ tile, range }: Known): number {
  return Math.min(tile.usual, sizeOf(range));
}

function sizeOf([lo, hi]: ValueRange): number {
  return Math.max(Math.abs(lo), Math.abs(hi));
}

function lowerMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}

/** The value axis of panels that are compared: range and kind of scale, from their tiles and the settings. */

import { commonRange, sizesOf } from "../../math/common_range";
import { chosenRange } from "../../math/range";
import type { Tile } from "../../math/tile";
import { defaultLinthresh, ValueScale } from "../../math/value_scale";
import * as settings from "../settings/settings";

/** Ranges of runs further apart than this cannot be read on one linear axis. */
const SYMLOG_FROM = 12;
/** A symlog axis has at most this many decades; where all values are asked for, as many as float32 has. */
const AUTO_DECADES = 8;
const ALL_DECADES = 76;
/** Moving both ends of an axis to cells adds at most these rows. */
const MOVED_ROWS = 2;

/**
 * `bins`: how many rows are wanted; the ends of a linear axis are moved outwards to lie between rows.
 * `kind`: of scale; what the settings say where it is not given.
 */
export function chooseScale(
  tiles: readonly Tile[],
  bins: number,
  kind: settings.ScaleChoice = settings.valueScale.value,
): ValueScale {
  const [lo, hi] = chosenRange(tiles, settings.range.value, settings.manualRange.value);
  if (kind === "native" && tiles.length > 0) return ValueScale.native(tiles, lo, hi);
  const auto = settings.range.value === "auto";
  const sizes = (auto ? commonRange(tiles)?.sizes : sizesOf(tiles)) ?? [];
  if (kind === "symlog" || (kind === "auto" && isWide(sizes))) {
    return ValueScale.symlog(lo, hi, chooseLinthresh(sizes, lo, hi, auto ? AUTO_DECADES : ALL_DECADES));
  }
  if (settings.range.value === "manual") return ValueScale.linear(lo, hi);
  const cell = cellSize(lo, hi, bins - MOVED_ROWS);
  return ValueScale.linear(Math.floor(lo / cell) * cell, Math.ceil(hi / cell) * cell);
}

/**
 * Rows of a linear axis. Stored bins are merged within cells of a power of two, so rows that are such cells
 * cut none of them and have exact counts; hence from half of the wanted number up to all of it.
 */
export function rowsOf(scale: ValueScale, wanted: number): number {
  if (scale.kind !== "linear") return wanted;
  const cell = cellSize(scale.lo, scale.hi, wanted);
  const aligned = isNearInteger(scale.lo / cell) && isNearInteger(scale.hi / cell);
  return aligned ? Math.round((scale.hi - scale.lo) / cell) : wanted;
}

/** The nearest interval whose ends lie between rows of a linear axis. */
export function snap(scale: ValueScale, lo: number, hi: number, wanted: number): readonly [number, number] {
  if (scale.kind !== "linear" || !(hi > lo)) return [lo, hi];
  const cell = cellSize(lo, hi, wanted - MOVED_ROWS);
  return [Math.round(lo / cell) * cell, Math.round(hi / cell) * cell];
}

/** The smallest power of two of which `rows` cover the range. */
function cellSize(lo: number, hi: number, rows: number): number {
  return 2 ** Math.ceil(Math.log2((hi - lo) / Math.max(1, rows)));
}

function isNearInteger(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-9;
}

/** Whether sizes lie too far apart for one linear axis. */
export function isWide(sizes: readonly number[]): boolean {
  return sizes.length > 1 && Math.max(...sizes) > SYMLOG_FROM * Math.min(...sizes);
}

/**
 * A decade below the smallest size, and two or more below the larger end: the same rule as
 * notebook/value_range.py has.
 */
export function chooseLinthresh(sizes: readonly number[], lo: number, hi: number, decades: number): number {
  const most = Math.max(Math.abs(lo), Math.abs(hi));
  const least = Math.max(Math.min(most, ...sizes), most * 10 ** -decades);
  return Math.min(10 ** (Math.floor(Math.log10(least)) - 1), defaultLinthresh(lo, hi));
}

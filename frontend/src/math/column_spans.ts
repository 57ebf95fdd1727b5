/** Where the columns of a tile lie on a time axis, in its units, and which column is at a place. */

import { type AxisKind, type RunClock, toUnit } from "./step_axis";
import type { Columns } from "./tile";
import { lastAtMost } from "./value_scale";

/** Where each column lies, in units; ascending, not overlapping. Between end[c] and start[c+1] is a gap. */
export interface Places {
  readonly start: Float64Array;
  readonly end: Float64Array;
}

export interface Spans extends Places {
  readonly kind: AxisKind;
}

/** When the records of each column were made. */
export type ColumnTimes = Pick<
  Columns,
  "length" | "firstStep" | "lastStep" | "firstWallTime" | "lastWallTime" | "records"
>;

/** A distance this many times the usual one around it is a gap; one missing record makes it 2. */
const GAP = 1.5;
/** Randomly kept records lie exponentially far apart; chance goes beyond this factor in 0.3 % (simulated). */
const SAMPLED_GAP = 12;
const NEIGHBOURS = 3;

/**
 * Place a tile's columns on an axis. Each lasts until the next one, unless the distance is a gap. A run
 * that logged no epochs has no spans on their axis.
 */
export function columnSpans(columns: ColumnTimes, kind: AxisKind, clock: RunClock): Spans {
  const placed = kind !== "epoch" || (clock.epochs?.length ?? 0) > 1;
  const count = placed ? columns.length : 0;
  const start = new Float64Array(count);
  const end = new Float64Array(count);
  const steps = stepEnds(columns, clock.sampled ? SAMPLED_GAP : GAP);
  for (let c = 0; c < count; c++) {
    start[c] = toUnit(kind, columns.firstStep[c]!, columns.firstWallTime[c]!, clock);
    const next = c + 1 < count && steps[c] === columns.firstStep[c + 1] ? c + 1 : -1;
    end[c] =
      next >= 0
        ? toUnit(kind, columns.firstStep[next]!, columns.firstWallTime[next]!, clock)
        : toUnit(kind, steps[c]!, wallEnd(columns, c, steps[c]!), clock);
    // Equal wall times of two records must not make a column vanish or overlap.
    if (c > 0 && start[c]! < end[c - 1]!) start[c] = end[c - 1]!;
    if (end[c]! < start[c]!) end[c] = start[c]!;
  }
  return { kind, start, end };
}

/** The unit of a step of which no wall time is known: it has the one of its column. */
export function stepToUnit(kind: AxisKind, step: number, columns: ColumnTimes, clock: RunClock): number {
  if (kind !== "relative" && kind !== "wall") return toUnit(kind, step, Number.NaN, clock);
  const c = Math.max(0, lastAtMost(columns.firstStep, step));
  const first = columns.firstStep[c]!;
  const wall = columns.firstWallTime[c]!;
  const share = Math.min(1, (step - first) / Math.max(1, columns.lastStep[c]! - first));
  return toUnit(kind, step, wall + share * (columns.lastWallTime[c]! - wall), clock);
}

/** Until which unit the record at a step counts: it stands for the steps up to the next record, or the run's end. */
export function recordEnd(
  kind: AxisKind,
  step: number,
  columns: ColumnTimes,
  clock: RunClock,
  spans = columnSpans(columns, kind, clock),
): number {
  const c = Math.max(0, lastAtMost(columns.firstStep, step));
  const last = columns.lastStep[c]!;
  if (step >= last) return spans.end[c] ?? Number.NaN;
  const apart = (last - columns.firstStep[c]!) / Math.max(1, columns.records[c]! - 1);
  return stepToUnit(kind, Math.min(step + apart, last), columns, clock);
}

/** The column at a unit: the one that covers it, else the nearest; -1 when there is none. */
export function nearestColumn(spans: Places, unit: number): number {
  const before = lastAtMost(spans.start, unit);
  if (before < 0) return spans.start.length > 0 ? 0 : -1;
  if (unit < spans.end[before]! || before + 1 >= spans.start.length) return before;
  return unit - spans.end[before]! <= spans.start[before + 1]! - unit ? before : before + 1;
}

/** The column that covers a unit; -1 in gaps and outside. */
export function columnAt(spans: Spans, unit: number): number {
  const before = lastAtMost(spans.start, unit);
  if (before < 0) return -1;
  const last = before === spans.start.length - 1 && unit === spans.end[before];
  return unit < spans.end[before]! || last ? before : -1;
}

/** First and last column that reach between two units; null when none does. */
export function columnsIn(spans: Spans, lo: number, hi: number): readonly [number, number] | null {
  const first = spans.end.findIndex((end) => end > lo);
  const last = spans.start.findLastIndex((start) => start < hi);
  return first < 0 || last < first ? null : [first, last];
}

/** Whether a finer tile has all records of the whole one's columns from `first` to `last`. */
export function holdsColumns(fine: Columns, whole: Columns, first: number, last: number = first): boolean {
  return (
    fine.firstStep[0]! <= whole.firstStep[first]! && fine.lastStep[fine.length - 1]! >= whole.lastStep[last]!
  );
}

/** Wherever any of the spans starts; each lasts as long as the shortest that starts there. */
export function unionSpans(all: readonly Places[]): Places {
  const ends = new Map<number, number>();
  for (const spans of all)
    spans.start.forEach((start, c) => {
      ends.set(start, Math.min(spans.end[c]!, ends.get(start) ?? Number.POSITIVE_INFINITY));
    });
  const start = Float64Array.from(ends.keys()).sort();
  const end = start.map((unit, c) => Math.min(ends.get(unit)!, start[c + 1] ?? Number.POSITIVE_INFINITY));
  return { start, end };
}

/** From the first to the last unit of all spans; null without columns. */
export function joinSpans(all: readonly Spans[]): readonly [number, number] | null {
  const some = all.filter((spans) => spans.start.length > 0);
  if (some.length === 0) return null;
  const lo = Math.min(...some.map((spans) => spans.start[0]!));
  const hi = Math.max(...some.map((spans) => spans.end[spans.end.length - 1]!));
  return [lo, hi > lo ? hi : lo + 1];
}

/** Where each column ends, in steps. */
function stepEnds(columns: ColumnTimes, factor: number): Float64Array {
  const count = columns.length;
  const ends = new Float64Array(count);
  const distances = new Float64Array(Math.max(0, count - 1));
  const inner = new Float64Array(count);
  for (let c = 0; c < count; c++) {
    const pooled = columns.records[c]! - 1;
    inner[c] = pooled > 0 ? (columns.lastStep[c]! - columns.firstStep[c]!) / pooled : 0;
    if (c + 1 < count) distances[c] = columns.firstStep[c + 1]! - columns.lastStep[c]!;
  }
  for (let c = 0; c < count; c++) {
    const usual = Math.max(usualDistance(distances, inner, c, -1), usualDistance(distances, inner, c, 1));
    const cadence = usual > 0 ? usual : (distances[c] ?? 1);
    const gap = c + 1 >= count || distances[c]! > factor * cadence;
    ends[c] = gap ? columns.lastStep[c]! + cadence : columns.firstStep[c + 1]!;
    if (gap && c + 1 < count) ends[c] = Math.min(ends[c]!, columns.firstStep[c + 1]!);
  }
  return ends;
}

/** Median distance of the records on one side of the distance after column c; 0 when unknown. */
function usualDistance(distances: Float64Array, inner: Float64Array, c: number, side: number): number {
  const own = inner[side < 0 ? c : c + 1] ?? 0;
  if (own > 0) return own;
  const near: number[] = [];
  for (let i = c + side; near.length < NEIGHBOURS && i >= 0 && i < distances.length; i += side)
    near.push(distances[i]!);
  return near.sort((a, b) => a - b)[(near.length - 1) >> 1] ?? 0;
}

/** Wall time at the end of a column that nothing follows directly. */
function wallEnd(columns: ColumnTimes, c: number, endStep: number): number {
  const other = c > 0 ? c - 1 : c;
  const steps = columns.lastStep[c]! - columns.firstStep[other]!;
  const time_s = columns.lastWallTime[c]! - columns.firstWallTime[other]!;
  const perStep_s = steps > 0 ? time_s / steps : 0;
  return columns.lastWallTime[c]! + Math.max(0, perStep_s) * (endStep - columns.lastStep[c]!);
}

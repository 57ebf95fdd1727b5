/** A line over the columns of a heatmap. */

import type { Spans } from "./column_spans";

/** Columns end where the next ones start up to this part of their width. */
const ROUNDING = 1e-6;

/** A place on the time axis and a value there. */
export type LinePoint = readonly [unit: number, value: number];

const BREAK: LinePoint = [Number.NaN, Number.NaN];

/**
 * From the middle of each column to that of the next one. NaN breaks the line at gaps and where there is no
 * finite value; a column alone has a line as long as itself.
 */
export function linePoints({ start, end }: Spans, values: ArrayLike<number>): readonly LinePoint[] {
  const points: LinePoint[] = [];
  let joined = false;
  for (let c = 0; c < start.length; c++) {
    const value = values[c]!;
    if (!Number.isFinite(value)) continue;
    const [from, to] = [start[c]!, end[c]!];
    const joins = Number.isFinite(values[c + 1]) && start[c + 1]! - to <= ROUNDING * (to - from);
    if (joined || joins) points.push([(from + to) / 2, value]);
    else points.push([from, value], [to, value]);
    if (!joins) points.push(BREAK);
    joined = joins;
  }
  return points;
}

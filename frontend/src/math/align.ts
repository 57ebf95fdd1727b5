/** Which columns of two runs are compared with each other, and the words that say so. */

import { columnAt, columnSpans, nearestColumn, type Spans } from "./column_spans";
import { formatCounted, formatExact } from "./format";
import { AXIS_NAMES, type AxisKind, countsSteps, type RunClock, toUnit } from "./step_axis";
import type { Columns } from "./tile";

/** One run's columns with its clock. */
export interface Timed {
  readonly columns: Columns;
  readonly clock: RunClock;
}

export interface Alignment {
  /** For each column of A the column of B compared with it; -1: none. */
  readonly partners: Int32Array;
  readonly matched: number;
  /** A sentence for the panel. */
  readonly statement: string;
}

/**
 * Each column of A gets the column of B that covers the middle of its records on the axis; where none does, the
 * nearest one if its records lie less than half a column away. A column is drawn until the next one, so the
 * middle of what is drawn would pair step 10 of a run recorded at every 10th step with step 15.
 */
export function alignColumns(a: Timed, b: Timed, kind: AxisKind): Alignment {
  const unit = kind === "log_step" ? "step" : kind;
  const spansA = columnSpans(a.columns, unit, a.clock);
  const spansB = columnSpans(b.columns, unit, b.clock);
  const partners = new Int32Array(a.columns.length);
  let matched = 0;
  let apart = 0;
  for (let c = 0; c < partners.length; c++) {
    const width = spansA.end[c]! - spansA.start[c]!;
    const partner = partnerOf(columnMiddle(a, c, unit), width, b, spansB);
    partners[c] = partner;
    if (partner < 0) continue;
    matched++;
    apart = Math.max(apart, Math.abs(a.columns.firstStep[c]! - b.columns.firstStep[partner]!));
  }
  return { partners, matched, statement: statementOf(unit, matched, partners.length, apart) };
}

/** Rounding must not put a record before the start of its equal: a part of a column's width. */
const NUDGE = 1e-6;

function columnMiddle({ columns, clock }: Timed, c: number, kind: AxisKind): number {
  const step = (columns.firstStep[c]! + columns.lastStep[c]!) / 2;
  const wallTime = (columns.firstWallTime[c]! + columns.lastWallTime[c]!) / 2;
  return toUnit(kind, step, wallTime, clock);
}

function partnerOf(middle: number, width: number, b: Timed, spans: Spans): number {
  const place = middle + NUDGE * width;
  const covering = columnAt(spans, place);
  if (covering >= 0) return covering;
  const nearest = nearestColumn(spans, place);
  if (nearest < 0) return -1;
  const distance = Math.abs(columnMiddle(b, nearest, spans.kind) - middle);
  return distance < Math.max(width, spans.end[nearest]! - spans.start[nearest]!) / 2 ? nearest : -1;
}

function statementOf(kind: AxisKind, matched: number, columns: number, apart: number): string {
  if (matched === 0) return `No columns at the same ${AXIS_NAMES[kind]}.`;
  const some = matched === columns ? "all" : `${formatExact(matched)} of ${formatExact(columns)}`;
  const how = !countsSteps(kind)
    ? ""
    : apart === 0
      ? ", equal steps"
      : `, at most ${formatCounted(apart, "step")} apart`;
  return `Matched by ${AXIS_NAMES[kind]}: ${some} columns${how}.`;
}

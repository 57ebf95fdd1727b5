/** Which columns of two runs are compared with each other, and the words that say so. */

import type { Columns } from "../data/types";
import { formatExact } from "./format";
import { type AxisKind, columnAt, columnSpans, nearestColumn, type RunClock, type Spans } from "./step_axis";

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

const NAMES: Readonly<Record<AxisKind, string>> = {
  step: "step",
  log_step: "step",
  epoch: "epoch",
  relative: "time since start",
  wall: "wall time",
  share: "share of the run",
};

/**
 * Each column of A gets the column of B that covers the middle of its span on the axis; where none does, the
 * nearest one if that is less than one column width away.
 */
export function alignColumns(a: Timed, b: Timed, kind: AxisKind): Alignment {
  const unit = kind === "log_step" ? "step" : kind;
  const spansA = columnSpans(a.columns, unit, a.clock);
  const spansB = columnSpans(b.columns, unit, b.clock);
  const partners = new Int32Array(a.columns.length);
  let matched = 0;
  let apart = 0;
  for (let c = 0; c < partners.length; c++) {
    const partner = partnerOf(spansA, c, spansB);
    partners[c] = partner;
    if (partner < 0) continue;
    matched++;
    apart = Math.max(apart, Math.abs(a.columns.firstStep[c]! - b.columns.firstStep[partner]!));
  }
  return { partners, matched, statement: statementOf(kind, matched, partners.length, apart) };
}

function partnerOf(spansA: Spans, c: number, spansB: Spans): number {
  const start = spansA.start[c]!;
  const width = spansA.end[c]! - start;
  const middle = start + width / 2;
  const covering = columnAt(spansB, middle);
  if (covering >= 0) return covering;
  const nearest = nearestColumn(spansB, middle);
  if (nearest < 0) return -1;
  const distance = Math.max(spansB.start[nearest]! - middle, middle - spansB.end[nearest]!);
  return distance < Math.max(width, spansB.end[nearest]! - spansB.start[nearest]!) / 2 ? nearest : -1;
}

function statementOf(kind: AxisKind, matched: number, columns: number, apart: number): string {
  if (matched === 0) return `No columns at the same ${NAMES[kind]}.`;
  const some = matched === columns ? "all" : `${formatExact(matched)} of ${formatExact(columns)}`;
  const steps = kind === "step" || kind === "log_step";
  const how = !steps
    ? ""
    : apart === 0
      ? ", equal steps"
      : `, at most ${formatExact(apart)} ${apart === 1 ? "step" : "steps"} apart`;
  return `Matched by ${NAMES[kind]}: ${some} columns${how}.`;
}

import { describe, expect, it } from "vitest";
import {
  columnAt,
  columnSpans,
  columnsIn,
  holdsColumns,
  joinSpans,
  nearestColumn,
  recordEnd,
  stepToUnit,
  unionSpans,
} from "./column_spans";
import type { RunClock } from "./step_axis";
import type { Columns } from "./tile";
import { madeTile } from "./tile_fixture";

function columnsAt(steps: readonly number[], other: Partial<Columns> = {}): Columns {
  return madeTile({ edges: [0, 1], counts: [steps.map(() => 1)], steps, columns: other }).columns;
}

function clockOf(columns: Columns, other: Partial<RunClock> = {}): RunClock {
  const last = columns.length - 1;
  return {
    firstStep: columns.firstStep[0]!,
    lastStep: columns.lastStep[last]!,
    records: columns.length,
    startTime: 1000,
    ...other,
  };
}

function pairs(
  steps: readonly number[],
  other: Partial<Columns> = {},
  clock: Partial<RunClock> = {},
): number[][] {
  const columns = columnsAt(steps, other);
  const spans = columnSpans(columns, "step", clockOf(columns, clock));
  return steps.map((_, c) => [spans.start[c]!, spans.end[c]!]);
}

describe("columnSpans", () => {
  it("lets each record last until the next", () => {
    expect(pairs([0, 1, 2])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(pairs([9, 19, 29])).toEqual([
      [9, 19],
      [19, 29],
      [29, 39],
    ]);
  });

  it("draws a missing record and a pause as gaps", () => {
    expect(pairs([0, 10, 20, 40, 50, 60])[2]).toEqual([20, 30]);
    expect(pairs([0, 1, 2, 100, 101])[2]).toEqual([2, 3]);
  });

  it("sees no gap where recording is thinned out", () => {
    const steps = [0, 1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24];
    expect(
      pairs(steps)
        .slice(0, -1)
        .map(([, end]) => end),
    ).toEqual(steps.slice(1));
  });

  it("uses the spacing inside pooled columns", () => {
    const lastStep = Float64Array.of(3, 7, 103);
    const records = Float64Array.of(4, 4, 4);
    expect(pairs([0, 4, 100], { lastStep, records })).toEqual([
      [0, 4],
      [4, 8],
      [100, 104],
    ]);
  });

  it("takes only long pauses as gaps when records were dropped at random", () => {
    const steps = [0, 1, 4, 5, 8, 9, 11, 200, 202, 203];
    const spans = pairs(steps, {}, { sampled: true });
    expect(spans[1]).toEqual([1, 4]);
    expect(spans[6]![1]).toBeLessThan(20);
  });

  it("copes with no column and with one", () => {
    expect(pairs([])).toEqual([]);
    expect(pairs([7])).toEqual([[7, 8]]);
  });

  it("places columns by time, epoch and share of the run", () => {
    const columns = columnsAt([0, 1, 2, 3]);
    const clock = clockOf(columns, { epochSteps: [0, 2, 4], epochs: [0, 1, 2] });
    expect([...columnSpans(columns, "relative", clock).start]).toEqual([0, 1, 2, 3]);
    expect(columnSpans(columns, "wall", clock).end[3]).toBe(1004);
    expect([...columnSpans(columns, "epoch", clock).start]).toEqual([0, 0.5, 1, 1.5]);
    expect([...columnSpans(columns, "share", clock).end]).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it("ends at 100 % of the run at any cadence", () => {
    for (const steps of [[0, 10, 20, 30], [5], [0, 1, 2, 3, 100, 200]]) {
      const columns = columnsAt(steps);
      expect(columnSpans(columns, "share", clockOf(columns)).end.at(-1)).toBeCloseTo(1, 9);
    }
    const columns = columnsAt([0, 10, 20, 30]);
    expect([...columnSpans(columns, "share", clockOf(columns)).start]).toEqual([0, 0.25, 0.5, 0.75]);
  });

  it("has no place for a run without epochs on the axis of epochs", () => {
    const columns = columnsAt([0, 1, 2, 3]);
    for (const epochs of [[], [1]]) {
      const clock = clockOf(columns, { epochSteps: epochs, epochs });
      expect(columnSpans(columns, "epoch", clock).start.length).toBe(0);
    }
  });

  it("never lets columns overlap when clocks stand still", () => {
    const wall = Float64Array.of(1000, 1000, 999, 1002);
    const columns = columnsAt([0, 1, 2, 3], { firstWallTime: wall, lastWallTime: wall });
    const spans = columnSpans(columns, "relative", clockOf(columns));
    for (let c = 0; c < 4; c++) {
      expect(spans.end[c]).toBeGreaterThanOrEqual(spans.start[c]!);
      if (c > 0) expect(spans.start[c]).toBeGreaterThanOrEqual(spans.end[c - 1]!);
    }
  });
});

describe("finding columns", () => {
  const columns = columnsAt([0, 1, 2, 100, 101, 102]);
  const spans = columnSpans(columns, "step", clockOf(columns));

  it("gives the nearest one in gaps and outside", () => {
    expect([-5, 0, 1.99, 40, 60, 101, 999].map((unit) => nearestColumn(spans, unit))).toEqual([
      0, 0, 1, 2, 3, 4, 5,
    ]);
  });

  it("gives none in gaps and outside when it must be covered", () => {
    expect([-1, 2.5, 3, 50, 100, 103, 104].map((unit) => columnAt(spans, unit))).toEqual([
      -1, 2, -1, -1, 3, 5, -1,
    ]);
  });

  it("gives those that reach between two units", () => {
    expect(columnsIn(spans, 1.5, 100.5)).toEqual([1, 3]);
    expect(columnsIn(spans, 3, 100)).toBeNull();
  });

  it("knows whether a finer tile has them all", () => {
    const lastStep = Float64Array.of(3, 7, 11);
    const whole = columnsAt([0, 4, 8], { lastStep });
    const fine = columnsAt([4, 5, 6, 7]);
    expect(holdsColumns(fine, whole, 1)).toBe(true);
    expect(holdsColumns(fine, whole, 0)).toBe(false);
    expect(holdsColumns(fine, whole, 1, 2)).toBe(false);
    expect(holdsColumns(columnsAt([]), whole, 1)).toBe(false);
  });

  it("gives those of all runs together, the shortest where several start", () => {
    const pooled = columnSpans(columnsAt([0, 50, 100, 150]), "step", clockOf(columns));
    const { start, end } = unionSpans([spans, pooled]);
    expect([...start]).toEqual([0, 1, 2, 50, 100, 101, 102, 150]);
    expect([...end]).toEqual([1, 2, 3, 100, 101, 102, 103, 200]);
  });

  it("joins the spans of several runs", () => {
    const empty = columnSpans(columnsAt([]), "step", clockOf(columns));
    expect(joinSpans([spans, empty])).toEqual([0, 103]);
    expect(joinSpans([empty])).toBeNull();
  });
});

describe("stepToUnit", () => {
  // Two pooled columns with a night between them.
  const columns = columnsAt([0, 10], {
    lastStep: Float64Array.of(8, 18),
    firstWallTime: Float64Array.of(1000, 50_000),
    lastWallTime: Float64Array.of(1008, 50_080),
  });
  const at = (step: number, kind: "relative" | "step" = "relative") =>
    stepToUnit(kind, step, columns, clockOf(columns));

  it("takes times from the column of a step, whatever the others took", () => {
    expect([0, 4, 8].map((step) => at(step))).toEqual([0, 4, 8]);
    expect([10, 14, 18].map((step) => at(step))).toEqual([49_000, 49_040, 49_080]);
  });

  it("reaches into no pause and counts steps as they are", () => {
    expect(at(9)).toBe(8);
    expect(at(19)).toBe(49_080);
    expect(at(9, "step")).toBe(9);
  });
});

describe("recordEnd", () => {
  const endOf = (step: number, columns: Columns) => {
    return recordEnd("step", step, columns, clockOf(columns));
  };

  it("is where the next record begins, and for the last one where its picture ends", () => {
    const columns = columnsAt([0, 10, 20, 30]);
    expect(endOf(10, columns)).toBe(20);
    expect(endOf(30, columns)).toBe(40);
    expect(endOf(3, columnsAt([3]))).toBe(4);
  });

  it("lies within a column that pools records, where the column goes on", () => {
    const pooled = {
      firstStep: Float64Array.of(0, 40),
      lastStep: Float64Array.of(30, 70),
      records: Float64Array.of(4, 4),
    };
    const columns = columnsAt([0, 40], pooled);
    expect(endOf(10, columns)).toBe(20);
    expect(endOf(30, columns)).toBe(40);
    expect(endOf(70, columns)).toBe(80);
  });

  it("stops at a gap of the recording", () => {
    expect(endOf(2, columnsAt([0, 1, 2, 50, 51, 52]))).toBe(3);
  });
});

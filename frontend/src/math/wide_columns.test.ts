import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Spans } from "./column_spans";
import { StepAxis } from "./step_axis";
import { widenSpans } from "./wide_columns";

const spans = (...pairs: readonly (readonly [number, number])[]): Spans => ({
  kind: "step",
  start: Float64Array.from(pairs, ([start]) => start),
  end: Float64Array.from(pairs, ([, end]) => end),
});
const axis = new StepAxis("step", 0, 200);
const pairsOf = ({ start, end }: Spans) => Array.from(start, (from, c) => [from, end[c]]);

describe("widenSpans", () => {
  it("makes a single record visible from where it was recorded", () => {
    expect(pairsOf(widenSpans(spans([120, 121]), axis, 400, 6))).toEqual([[120, 123]]);
  });

  it("goes back where the axis ends", () => {
    expect(pairsOf(widenSpans(spans([199, 200]), axis, 400, 6))).toEqual([[197, 200]]);
  });

  it("leaves neighbours without a gap alone, and the same object where nothing is narrow", () => {
    const dense = spans([0, 1], [1, 2], [2, 200]);
    expect(pairsOf(widenSpans(dense, axis, 100, 6))).toEqual([
      [0, 1],
      [1, 2],
      [2, 200],
    ]);
    // A short run beside a longer one: its last record is no wider than the others.
    const short = spans([0, 1], [1, 2], [2, 60], [60, 61]);
    expect(widenSpans(short, axis, 400, 6)).toBe(short);
    const wide = spans([0, 100]);
    expect(widenSpans(wide, axis, 400, 6)).toBe(wide);
  });

  it("never makes columns overlap or shrink", () => {
    const steps = fc.uniqueArray(fc.integer({ min: 0, max: 199 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 20, max: 900 }), (found, width_px) => {
        const exact = spans(...found.sort((a, b) => a - b).map((step) => [step, step + 1] as const));
        const wide = widenSpans(exact, axis, width_px, 6);
        for (let c = 0; c < exact.start.length; c++) {
          expect(wide.start[c]).toBeLessThanOrEqual(exact.start[c]! + 1e-9);
          expect(wide.end[c]).toBeGreaterThanOrEqual(exact.end[c]! - 1e-9);
          if (c > 0) expect(wide.start[c]).toBeGreaterThanOrEqual(wide.end[c - 1]! - 1e-9);
        }
      }),
    );
  });
});

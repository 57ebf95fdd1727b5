import { describe, expect, it } from "vitest";
import { StepAxis } from "./step_axis";

describe("StepAxis", () => {
  it("goes from unit to px and back", () => {
    for (const kind of ["step", "log_step", "wall"] as const) {
      const axis = new StepAxis(kind, 10, 2000);
      for (const unit of [10, 11, 500, 2000]) {
        expect(axis.pxToUnit(axis.unitToPx(unit, 320), 320)).toBeCloseTo(unit, 6);
      }
    }
    expect(new StepAxis("step", 0, 200).unitToPx(50, 400)).toBe(100);
  });

  it("gives early steps more room on the log axis", () => {
    expect(new StepAxis("log_step", 0, 9999).unitToFraction(99)).toBeCloseTo(0.5, 9);
  });

  it("zooms about a point and pans", () => {
    const axis = new StepAxis("step", 0, 100);
    const zoomed = axis.zoomed(0.5, 0.25);
    expect([zoomed.lo, zoomed.hi]).toEqual([12.5, 62.5]);
    expect(zoomed.unitToFraction(25)).toBeCloseTo(0.25, 12);
    expect(axis.panned(0.1).lo).toBeCloseTo(10, 9);
    expect(axis.panned(0.1).hi).toBeCloseTo(110, 9);
  });

  it("has whole steps, round times and early decades as ticks", () => {
    const labels = (axis: StepAxis, count: number): string[] => axis.ticks(count).map((tick) => tick.label);
    expect(labels(new StepAxis("step", 0, 3), 10)).toEqual(["0", "1", "2", "3"]);
    expect(labels(new StepAxis("step", 0, 4000), 4)).toEqual(["0", "1,000", "2,000", "3,000", "4,000"]);
    expect(labels(new StepAxis("relative", 0, 7300), 4)).toEqual(["0 s", "30 m", "1 h", "1 h 30 m", "2 h"]);
    expect(labels(new StepAxis("log_step", 0, 9999), 5)).toEqual(["0", "10", "100", "1,000"]);
    expect(labels(new StepAxis("share", 0, 1), 4)).toEqual(["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
    expect(labels(new StepAxis("epoch", 0, 3), 3)).toEqual(["0", "1", "2", "3"]);
  });

  it("has round local times on the wall axis", () => {
    const noon = new Date(2026, 5, 1, 12, 0, 0).getTime() / 1000;
    const labels = new StepAxis("wall", noon - 50, noon + 250).ticks(3).map((tick) => tick.label);
    expect(labels).toEqual(["12:00:00", "12:02:00", "12:04:00"]);
  });

  it("has the first and the last step among its ticks where they are given, and one more", () => {
    const labels = (axis: StepAxis, count: number, ends: readonly [number, number]): string[] =>
      axis.ticks(count, ends).map((tick) => tick.label);
    expect(labels(new StepAxis("step", 1, 301), 2, [1, 300])).toEqual(["1", "150", "300"]);
    expect(labels(new StepAxis("step", 1, 301), 5, [1, 300])).toEqual([
      "1",
      "50",
      "100",
      "150",
      "200",
      "250",
      "300",
    ]);
    expect(labels(new StepAxis("step", 137, 149), 2, [137, 149])).toEqual(["137", "142", "149"]);
    expect(labels(new StepAxis("step", 5, 6), 2, [5, 5])).toEqual(["5"]);
    expect(labels(new StepAxis("log_step", 1, 1001), 3, [1, 1000])).toEqual(["1", "10", "100", "1,000"]);
  });

  it("tells ticks apart that are less than a second away from each other", () => {
    const noon = new Date(2026, 5, 1, 12, 0, 0).getTime() / 1000;
    const labels = (axis: StepAxis): string[] => axis.ticks(4).map((tick) => tick.label);
    expect(labels(new StepAxis("wall", noon, noon + 0.8))).toEqual([
      "12:00:00.0",
      "12:00:00.2",
      "12:00:00.4",
      "12:00:00.6",
      "12:00:00.8",
    ]);
    expect(labels(new StepAxis("relative", 100, 101))).toEqual([
      "100.0 s",
      "100.2 s",
      "100.4 s",
      "100.6 s",
      "100.8 s",
      "101.0 s",
    ]);
  });

  it("writes a unit in words", () => {
    expect(new StepAxis("step", 0, 9).format(1234.4)).toBe("1,234");
    expect(new StepAxis("epoch", 0, 9).format(1.5)).toBe("1.5");
    expect(new StepAxis("share", 0, 1).format(0.5)).toBe("50 %");
  });

  it("refuses an empty range", () => {
    expect(() => new StepAxis("step", 3, 3)).toThrow("finite lo < hi");
  });
});

import { describe, expect, it } from "vitest";
import { brushAxes } from "./brush_axes";

const PANEL = { height_px: 100, thin: false, values: false };

function drag(x_px: number, y_px: number, whole: Partial<typeof PANEL> = {}) {
  return brushAxes({ x_px: 200, y_px: 50 }, { x_px: 200 + x_px, y_px: 50 + y_px }, { ...PANEL, ...whole });
}

describe("axes of a drag", () => {
  it.each([
    [3, 3, null],
    [40, 0, "x"],
    [-40, 7, "x"],
    [400, 25, "x"],
    [400, -25, "x"],
    [60, 12, "x"],
    [60, 16, "both"],
    [-60, -40, "both"],
    [300, 45, "both"],
    [9, 9, "both"],
    [8, 30, "y"],
    [0, -9, "y"],
    [2, 7, null],
  ] as const)("%i px across and %i px up: %s", (x_px, y_px, axes) => {
    expect(drag(x_px, y_px)).toBe(axes);
  });

  it("are the values alone with Shift", () => {
    expect(drag(50, 30, { values: true })).toBe("y");
    expect(drag(50, 2, { values: true })).toBeNull();
  });

  it("are the time alone on a strip", () => {
    expect(drag(50, 40, { thin: true })).toBe("x");
    expect(drag(2, 40, { thin: true, values: true })).toBeNull();
  });
});

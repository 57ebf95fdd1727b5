import { describe, expect, it } from "vitest";
import { changeToShare, ribbonCells } from "./ribbon";
import { StepAxis } from "./step_axis";

const axis = new StepAxis("step", 0, 4);
const start = [0, 1, 2, 3];
const end = [1, 2, 3, 4];

describe("changeToShare", () => {
  it("is logarithmic between still and turned over", () => {
    expect([0, 0.02, 1, 50].map(changeToShare)).toEqual([0, 0, 1, 1]);
    expect(changeToShare(Math.sqrt(0.02))).toBeCloseTo(0.5);
  });
});

describe("ribbonCells", () => {
  it("puts the first layer on top and leaves unknown columns open", () => {
    const layers = [
      { values: [null, 1, 2, 3], start, end },
      { values: [4, 5, 6, null], start, end },
    ];
    expect([...ribbonCells(layers, axis, 4, 2)]).toEqual([-1, 1, 2, 3, 4, 5, 6, -1]);
  });

  it("keeps the largest change where layers or columns share a pixel", () => {
    const layers = [
      { values: [0, 9, 1, 1], start, end },
      { values: [2, 0, 0, 7], start, end },
    ];
    expect([...ribbonCells(layers, axis, 2, 1)]).toEqual([9, 7]);
  });

  it("gives a layer several rows where there is room", () => {
    const layers = [{ values: [1, 1, 1, 1], start, end }];
    expect([...ribbonCells(layers, axis, 2, 2)]).toEqual([1, 1, 1, 1]);
  });
});

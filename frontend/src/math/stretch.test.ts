import { describe, expect, test } from "vitest";
import { visiblePart } from "./stretch";

describe("visiblePart", () => {
  test("of a picture that did not move is all of it", () => {
    expect(visiblePart(0, 1)).toEqual({ source: [0, 1], target: [0, 1] });
  });

  test("of one that was zoomed into is its middle, over the whole room", () => {
    expect(visiblePart(-1, 3)).toEqual({ source: [0.25, 0.5], target: [0, 1] });
  });

  test("of one that was zoomed out of is all of it, in a part of the room", () => {
    expect(visiblePart(0.25, 0.75)).toEqual({ source: [0, 1], target: [0.25, 0.75] });
  });

  test("of one that was panned is what is left in sight", () => {
    expect(visiblePart(0.5, 1.5)).toEqual({ source: [0, 0.5], target: [0.5, 1] });
  });

  test("is nothing once it is out of sight", () => {
    expect(visiblePart(1, 2)).toBeNull();
    expect(visiblePart(-2, 0)).toBeNull();
    expect(visiblePart(Number.NaN, 1)).toBeNull();
  });
});

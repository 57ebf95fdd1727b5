import { describe, expect, it } from "vitest";
import { colourOfPlace } from "./run_colours";

describe("colourOfPlace", () => {
  it("begins with TensorBoard's palette", () => {
    expect([0, 1, 6].map((at) => colourOfPlace(at, false))).toEqual(["#425066", "#12b5cb", "#e8710a"]);
    expect(colourOfPlace(0, true)).toBe("#8e98a3");
  });

  it("tells 35 runs apart", () => {
    for (const dark of [false, true]) {
      const all = Array.from({ length: 35 }, (_, at) => colourOfPlace(at, dark));
      expect(new Set(all).size).toBe(35);
      for (const colour of all) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
    }
  });
});

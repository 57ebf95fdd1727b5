import { describe, expect, it } from "vitest";
import { areRegrouped, colourOfPlace } from "./run_colours";

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

  it("takes the colour that somebody picked in TensorBoard, and its own beyond seven runs", () => {
    expect(colourOfPlace(0, false, "#ff0000")).toBe("#ff0000");
    // TensorBoard begins anew there.
    expect(colourOfPlace(7, false, "#425066")).toBe(colourOfPlace(7, false));
    // As it was in the other theme.
    expect(colourOfPlace(0, true, "#425066")).toBe("#8e98a3");
  });

  it("takes all of TensorBoard's colours where it colours groups", () => {
    const names = ["a0", "a1", "b0"];
    const own = new Map([
      ["a0", "#425066"],
      ["a1", "#12b5cb"],
      ["b0", "#ff0000"],
    ]);
    expect(areRegrouped(names, own)).toBe(false);
    expect(areRegrouped(names, new Map(own).set("a1", "#425066"))).toBe(true);
    expect(colourOfPlace(7, false, "#425066", true)).toBe("#425066");
  });
});

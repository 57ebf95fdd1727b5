import { describe, expect, it } from "vitest";
import { columnSpans } from "../../math/column_spans";
import { StepAxis } from "../../math/step_axis";
import { madeTile } from "../../math/tile_fixture";
import { stripScene } from "./strip_scene";

describe("a strip of the explanation of a finding", () => {
  it("cuts no stored bin, so that each of its counts is whole", () => {
    // Octaves on both sides of zero: rows of equal height would cut them.
    const ends = Array.from({ length: 12 }, (_, at) => 2 ** (at - 6));
    const edges = [...ends.map((end) => -end).reverse(), ...ends];
    const counts = edges.slice(1).map((_, bin) => [bin + 1, 2 * bin + 3]);
    const tile = madeTile({ edges, counts });
    const clock = { firstStep: 0, lastStep: 1, records: 2, startTime: 0, sampled: false };
    const spans = columnSpans(tile.columns, "step", clock);
    const axis = new StepAxis("step", 0, 2);
    const { grid } = stripScene(tile, spans, axis, { width_px: 40, height_px: 26, ratio: 1 });
    expect(grid.split).toBe(false);
    expect(Array.from(grid.counts).every(Number.isInteger)).toBe(true);
    expect(grid.places).not.toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import type { Row } from "../selection/tree";
import { type PlacedRow, rowsBetween } from "./rows";

const PLACED: readonly PlacedRow[] = Array.from({ length: 100 }, (_, at) => ({
  row: { id: String(at) } as unknown as Row,
  top_px: at * 15,
  height_px: 15,
}));

describe("rowsBetween", () => {
  it("finds exactly the rows that are at least partly inside", () => {
    for (const [from, to] of [
      [0, 15],
      [7, 16],
      [-250, 100],
      [1490, 3000],
      [3000, 4000],
    ] as const) {
      const expected = PLACED.filter((placed) => placed.top_px < to && placed.top_px + 15 > from);
      expect(rowsBetween(PLACED, from, to)).toEqual(expected);
    }
  });
});

import { describe, expect, it } from "vitest";
import { parseStepRange } from "./step_range";

describe("parseStepRange", () => {
  it.each([
    ["100-150", 100, 150],
    ["100–150", 100, 150],
    [" 1,000 — 2 000 ", 1000, 2000],
    ["100:150", 100, 150],
    ["100 to 150", 100, 150],
    ["100:", 100, null],
    ["-50", null, 50],
    [":50", null, 50],
    ["120", 120, 120],
    ["", null, null],
  ])("reads %s", (text, first, last) => {
    expect(parseStepRange(text)).toEqual({ first, last });
  });

  it.each(["abc", "-", "1-2-3", "1.5-2", "150-100"])("says what is wrong with %s", (text) => {
    expect(parseStepRange(text)).toMatch(/100-150/);
  });
});

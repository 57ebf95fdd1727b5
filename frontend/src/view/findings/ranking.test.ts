import { describe, expect, it } from "vitest";
import type { FindingAnswer } from "../../series/types";
import { healthRanks } from "./ranking";

describe("healthRanks", () => {
  it("puts layers in the order of their worst findings and leaves out those without", () => {
    const found = (...tags: string[]) => ({ tags }) as unknown as FindingAnswer;
    const ranks = healthRanks([found("b"), found("c", "b"), found("a")]);
    expect([...ranks.keys()].sort((x, y) => ranks.get(y)! - ranks.get(x)!)).toEqual(["b", "c", "a"]);
    expect(Math.min(...ranks.values())).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from "vitest";
import { isUnder } from "./reveal";

describe("isUnder", () => {
  it("compares whole parts of names", () => {
    expect(isUnder("layer1.0.conv", "layer1")).toBe(true);
    expect(isUnder("block/2/relu", "block/2")).toBe(true);
    expect(isUnder("layer10.0.conv", "layer1")).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { hashToPairs, replacePairs } from "./hash";

describe("hashToPairs", () => {
  it("reads only our pairs and decodes them", () => {
    const hash = "#activation_hist&p.activation_hist.q=%2Fconv%5Cd%2F&p.other.q=1&runSelectionState=abc";
    expect([...hashToPairs(hash)]).toEqual([["q", "/conv\\d/"]]);
  });

  it("leaves out damaged parts", () => {
    expect([...hashToPairs("#activation_hist&p.activation_hist.q=%E0%A4%A&p.activation_hist.x")]).toEqual([]);
  });

  it("reads nothing from an empty hash", () => {
    expect(hashToPairs("").size).toBe(0);
  });
});

describe("replacePairs", () => {
  it("keeps the tab's bare token and the pairs of others", () => {
    const hash = "#activation_hist&p.activation_hist.old=1&_smoothingWeight=0.5";
    expect(replacePairs(hash, new Map([["x", "10,20"]]))).toBe(
      "#activation_hist&_smoothingWeight=0.5&p.activation_hist.x=10,20",
    );
  });

  it("round-trips any value", () => {
    const value = "a&b=c#d%e f/ü<b>";
    const hash = replacePairs("#activation_hist", new Map([["q", value]]));
    expect(hashToPairs(hash).get("q")).toBe(value);
  });

  it("removes our pairs when there are none left", () => {
    expect(replacePairs("#activation_hist&p.activation_hist.x=1", new Map())).toBe("#activation_hist");
    expect(replacePairs("", new Map())).toBe("");
  });
});

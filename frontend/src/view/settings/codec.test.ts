import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choice, choices, flag, integer, interval, keyed, limits, optional, texts } from "./codec";

describe("texts", () => {
  it("round-trips items with commas, backslashes and nothing in them", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }), (items) => {
        expect(texts.parse(texts.format(items))).toEqual(items);
      }),
    );
  });
});

describe("interval", () => {
  it("takes two ascending numbers only", () => {
    expect(interval.parse("1,2.5")).toEqual([1, 2.5]);
    for (const text of ["", "1", "2,1", "1,1", "1,2,3", "a,b", "1,Infinity", ",2"]) {
      expect(interval.parse(text)).toBeUndefined();
    }
  });
});

describe("choices", () => {
  it("refuses the whole when one item is unknown", () => {
    const codec = choices(["mean", "std"]);
    expect(codec.parse("std,mean")).toEqual(["std", "mean"]);
    expect(codec.parse("")).toEqual([]);
    expect(codec.parse("mean,mode")).toBeUndefined();
  });
});

describe("simple codecs", () => {
  it("refuse what is not allowed", () => {
    expect(choice(["a", "b"]).parse("c")).toBeUndefined();
    expect(flag.parse("yes")).toBeUndefined();
    expect(integer(1, 9).parse("10")).toBeUndefined();
    expect(integer(1, 9).parse("")).toBeUndefined();
    expect(integer(1, 9).parse("7")).toBe(7);
  });

  it("write nothing for null", () => {
    expect(optional(interval).parse(optional(interval).format(null))).toBeNull();
    expect(optional(texts).parse(optional(texts).format([]))).toEqual([]);
  });
});

describe("limits", () => {
  it("may be open at either end, and refuse what is not two ends", () => {
    for (const text of ["0.5,", ",2", ",", "1e-7,3"]) expect(limits.format(limits.parse(text)!)).toBe(text);
    for (const text of ["", "1", "2,1", "1,1", "a,b", "1,Infinity", "1,2,3"]) {
      expect(limits.parse(text)).toBeUndefined();
    }
  });

  it("are kept by name, whatever the names hold", () => {
    const codec = keyed(limits);
    const all = new Map([
      ["share", [null, 0.25] as const],
      ["share a;b~c%7e", [1e-6, null] as const],
    ]);
    expect(codec.parse(codec.format(all))).toEqual(all);
    expect(codec.parse("")).toEqual(new Map());
    for (const text of ["share", "share~", "share~1,2;x", "share~2,1"])
      expect(codec.parse(text)).toBeUndefined();
  });
});

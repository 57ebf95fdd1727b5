import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzyMatch } from "./fuzzy";

function best(query: string, ...texts: string[]): string | undefined {
  const found = texts.flatMap((text) => {
    const match = fuzzyMatch(query, text);
    return match === null ? [] : [{ text, score: match.score }];
  });
  return found.sort((a, b) => b.score - a.score)[0]?.text;
}

describe("finding by a few letters", () => {
  it("prefers whole words, then their beginnings, then letters one after another", () => {
    expect(best("log", "Values: symlog", "Colour as: log")).toBe("Colour as: log");
    expect(best("cmm", "Colour map: magma", "Compact")).toBe("Colour map: magma");
    expect(best("l2c1", "layer2.0.conv1", "layer1.2.conv1")).toBe("layer2.0.conv1");
    expect(best("magma map", "Colour map: magma", "Colour map: grey")).toBe("Colour map: magma");
  });

  it("finds nothing where a letter is missing or in the wrong order", () => {
    expect(fuzzyMatch("xyz", "Reset zoom")).toBeNull();
    expect(fuzzyMatch("moz", "zoom")).toBeNull();
    expect(fuzzyMatch("zoom layer", "Reset zoom")).toBeNull();
  });

  it("matches everything with an empty query", () => {
    expect(fuzzyMatch("  ", "Reset zoom")).toEqual({ score: 0, at: [] });
  });

  it("tells the places of the letters", () => {
    expect(fuzzyMatch("zo", "Reset zoom")?.at).toEqual([6, 7]);
    expect(fuzzyMatch("rz", "Reset zoom")?.at).toEqual([0, 6]);
  });

  it("matches any text that holds the letters in order, at places with those letters", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", ".", "_", "c"), maxLength: 12 });
    fc.assert(
      fc.property(letters, fc.array(fc.boolean(), { maxLength: 12 }), (text, kept) => {
        const query = [...text].filter((_, i) => kept[i]).join("");
        const match = fuzzyMatch(query, text);
        expect(match).not.toBeNull();
        expect(match!.at.map((place) => text[place]).join("")).toBe(query);
      }),
    );
  });
});

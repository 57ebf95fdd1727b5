import { expect, it } from "vitest";
import type { Series } from "../../series/types";
import { placeOf, repeatedPlaces, usualPlace } from "./places";

function series(layer: string, type = "Linear"): Series {
  return { layer, type } as Series;
}

it("leaves out the numbers of blocks and stages, and keeps those of names", () => {
  expect(placeOf(series("layer2.7.relu2", "ReLU"))).toBe("layer#.#.relu2 ReLU");
  expect(placeOf(series("transformer.h.0.mlp.c_fc"))).toBe("transformer.h.#.mlp.c_fc Linear");
  expect(placeOf(series("conv1", "Conv2d"))).toBe("conv1 Conv2d");
  expect(placeOf(series("3", "ReLU"))).toBe("# ReLU");
});

it("follows what the blocks hand on, and calls it by what comes after the block", () => {
  const blocks = Array.from({ length: 5 }, (_, at) => [series(`h.${at}.ln`), series(`h.${at}.mlp.out`)]);
  const places = repeatedPlaces([series("stem"), ...blocks.flat(), series("head")]);
  expect(places.map(({ label, count }) => [label, count])).toEqual([
    ["ln", 5],
    ["mlp.out", 5],
  ]);
  expect(usualPlace(places)?.label).toBe("mlp.out");
});

it("calls the places of a plain sequence by their types, and finds none without blocks", () => {
  const plain = Array.from({ length: 4 }, (_, at) => [series(`${2 * at}`), series(`${2 * at + 1}`, "ReLU")]);
  expect(repeatedPlaces(plain.flat()).map(({ label }) => label)).toEqual(["Linear", "ReLU"]);
  expect(repeatedPlaces([series("conv1"), series("fc")])).toEqual([]);
  expect(usualPlace([])).toBeUndefined();
});

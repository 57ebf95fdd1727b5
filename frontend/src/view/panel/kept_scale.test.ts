import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Tile } from "../../math/tile";
import { madeSeries, resetPage, showPage } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { KeptScale, ownScaleOf, switchScale } from "./kept_scale";

function tile(hi: number): Tile {
  const one = (value: number) => Float64Array.of(value);
  const columns = { length: 1, mean: one(0), std: one(hi), min: one(-hi), max: one(hi) };
  return { range: [-hi, hi], extent: [-hi, hi], usual: hi, columns } as unknown as Tile;
}

beforeAll(() => vi.stubGlobal("window", globalThis));
beforeEach(() => showPage(["one", "two"], [madeSeries("conv", 2)]));
afterEach(resetPage);

describe("KeptScale", () => {
  it("keeps its kind once all runs are there, until others are chosen or the settings say otherwise", () => {
    const kept = new KeptScale();
    expect(kept.choose([tile(1)], false, 64).kind).toBe("linear");
    expect(kept.choose([tile(1), tile(90)], true, 64).kind).toBe("symlog");
    expect(kept.choose([tile(1), tile(2)], true, 64).kind).toBe("symlog");
    settings.valueScale.value = "linear";
    expect(kept.choose([tile(1), tile(90)], true, 64).kind).toBe("linear");
    settings.valueScale.reset();
    settings.runs.value = ["one"];
    expect(kept.choose([tile(1)], true, 64).kind).toBe("linear");
  });
});

describe("switchScale", () => {
  it("switches a layer to the other kind and back", () => {
    switchScale("activations/conv", "linear");
    expect(ownScaleOf("activations/conv")).toBe("symlog");
    expect(ownScaleOf("conv")).toBeUndefined();
    switchScale("activations/conv", "symlog");
    expect(ownScaleOf("activations/conv")).toBe("linear");
    expect(settings.ownScales.value.length).toBe(1);
  });
});

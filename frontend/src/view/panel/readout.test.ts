import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { giveTile, madeSeries, panelViewsOf, resetPage, showPage, usualTile } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { summarise } from "./panel_summary";
import type { PanelView } from "./panel_view";
import { readPanel } from "./readout";
import { differenceToText, readoutToCells, readoutToSentence, readoutToText, TSV_HEAD } from "./readout_text";

const CONV = madeSeries("conv", 2);
let base: PanelView;
let panel: PanelView;

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  showPage(["one", "two"], [CONV]);
});

beforeEach(() => {
  settings.heatmapRows.value = 16;
  [base, panel] = panelViewsOf(CONV) as [PanelView, PanelView];
  giveTile(base);
  giveTile(panel);
});

afterEach(resetPage);

describe("a place of a panel", () => {
  it("says the step, the bin and its count", () => {
    const read = readPanel(panel, 3.5, 0.9, null)!;
    expect(read).toMatchObject({ firstStep: 3, lastStep: 3, count: 11 });
    expect(read.ends).toEqual([0.75, 1]);
    expect(read.share).toBeCloseTo(11 / read.n, 12);
    expect(readoutToSentence(read)).toMatch(/^step 3: 11 of 60 values \(18.* %\) in \[0\.75, 1/);
    expect(readoutToText(panel, read)).toMatch(/^two, conv, step 3, .*: 11 of 60 values, 18/);
  });

  it("says the size of updates beside that of the weights", () => {
    expect(readPanel(panel, 3.5, 0.9, null)!.time).not.toContain("update");
    const updates = madeSeries("fc.weight", 2, { kind: "updates" });
    showPage(["one"], [updates]);
    const [own] = panelViewsOf(updates) as [PanelView];
    const tile = usualTile(own);
    const [mean, std] = [3e-3, 4e-3].map((value) => tile.columns.mean.map(() => value)) as [
      Float64Array,
      Float64Array,
    ];
    giveTile(own, { ...tile, columns: { ...tile.columns, mean, std } });
    expect(readPanel(own, 3.5, 0.9, null)!.time).toContain("log10 update/weight −2.3");
    showPage(["one", "two"], [CONV]);
  });

  it("outside the value axis counts nothing, but has a step", () => {
    const read = readPanel(panel, 3.5, 99, null)!;
    expect(read).toMatchObject({ count: null, bin: "outside the value axis", firstStep: 3 });
    expect(readPanel(panel, 3.5, null, null)).toMatchObject({ count: null });
  });

  it("counts whole bins where the wanted rows would cut them", () => {
    settings.heatmapRows.value = 7;
    settings.range.value = "manual";
    settings.manualRange.value = [-0.9, 0.9];
    const { count, ends } = readPanel(panel, 0.5, 0.5, null)!;
    const { lower, upper } = usualTile(panel);
    expect(Number.isInteger(count)).toBe(true);
    expect(lower).toContain(ends![0]);
    expect(upper).toContain(ends![1]);
  });

  it("in a band says the share of all values", () => {
    const tile = usualTile(panel);
    giveTile(panel, { ...tile, columns: { ...tile.columns, nans: tile.columns.n.map((n) => n / 2) } });
    const read = readPanel(panel, 0.5, null, "nans")!;
    expect(read).toMatchObject({ bin: "NaN", share: 0.5, ends: null });
  });

  it("in the strip says its value, or why there is none", () => {
    expect(readPanel(panel, 0.5, null, "strip")!.bin).toBe("no strip: ");
    settings.strip.value = "zero";
    expect(readPanel(panel, 0.5, null, "strip")).toMatchObject({ share: 0, count: null });
    settings.strip.value = "saturated";
    expect(readPanel(panel, 0.5, null, "strip")!.bin).toBe("no strip: Linear cannot saturate");
  });

  it("is empty where there is no record", () => {
    expect(readPanel(panel, 10.5, 0, null)).toBeNull();
    panel.data.tile.value = null;
    expect(readPanel(panel, 3.5, 0, null)).toBeNull();
  });
});

describe("a difference", () => {
  it("is this run minus the baseline, and of no run to itself", () => {
    settings.difference.value = true;
    const counts = usualTile(base).counts.map((count, at) => (at >= 70 ? count : 0));
    giveTile(base, { ...usualTile(base), counts: Uint32Array.from(counts) });
    const read = readPanel(panel, 3.5, -0.9, null)!;
    expect(read.difference).toBeCloseTo(read.quantity, 12);
    expect(differenceToText(read)).toMatch(/^difference \+/);
    expect(differenceToText(readPanel(base, 3.5, -0.9, null)!)).toBe("");
  });
});

it("cells of a table stand under their names, numbers in full", () => {
  const cells = readoutToCells(panel, readPanel(panel, 3.5, 0.9, null)!);
  const row = Object.fromEntries(TSV_HEAD.map((name, at) => [name, cells[at]]));
  expect(cells.length).toBe(TSV_HEAD.length);
  expect(row).toMatchObject({
    run: "two",
    layer: "conv",
    first_step: 3,
    from: 0.75,
    count: 11,
    of: 60,
    difference: "",
  });
});

describe("a summary", () => {
  it("says records, steps, moments and what is counted apart at the last", () => {
    const tile = usualTile(panel);
    giveTile(panel, { ...tile, columns: { ...tile.columns, zeros: tile.columns.n.map((n) => n / 4) } });
    expect(summarise(panel)).toMatch(
      /^Heatmap of conv \(Linear\) in run two: 10 records, steps 0–9\. At the last: mean .*, 25 % exactly 0\.$/,
    );
  });

  it("says that there is nothing yet", () => {
    panel.data.tile.value = null;
    expect(summarise(panel)).toBe("Heatmap of conv (Linear) in run two, loading.");
  });
});

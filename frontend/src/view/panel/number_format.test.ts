import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { giveTile, madeSeries, panelViewsOf, resetPage, showPage, usualTile } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { limitLines, limitNotes, lostStrip } from "./number_format";
import type { PanelView } from "./panel_view";

const CONV = madeSeries("conv", 1, { dtypes: ["bfloat16"], bins: { scheme: "float_bits" } });
let panel: PanelView;

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  showPage(["one"], [CONV]);
});

beforeEach(() => {
  [panel] = panelViewsOf(CONV) as [PanelView];
  settings.numberFormat.value = "e4m3";
  giveTile(panel);
});

afterEach(resetPage);

it("lines are drawn where the value axis shows a limit, on both sides", () => {
  // Too near to 0 to be told from it.
  expect(limitLines(panel)).toEqual([]);
  settings.formatScale.value = -4;
  expect(limitLines(panel).map(({ points }) => points[0]![1])).toEqual([0.234375, -0.234375]);
  settings.formatScale.value = 9;
  expect(limitLines(panel).map(({ name }) => name)).toEqual(["e4m3: too large beyond ±0.906", ""]);
  settings.numberFormat.value = "off";
  expect(limitLines(panel)).toEqual([]);
});

it("a note says what the lines stand for", () => {
  expect(limitNotes()[0]!.short).toBe("e4m3: ±0.0146 to ±464");
  expect(limitNotes()[0]!.long).toContain("0 below ±9.77e−4 (dotted)");
});

it("the strip has the share that is lost, with its parts", () => {
  settings.formatScale.value = 9;
  const strip = lostStrip(panel);
  if (typeof strip === "string") throw new Error(strip);
  expect(strip.name).toBe("share lost in e4m3 at scale 2^9.");
  expect(strip.detail(0)).toMatch(/^0 % become 0, [\d.]+ % too large; 0 % subnormal$/);
  expect(strip.values[0]).toBeGreaterThan(0.05);
});

it("the strip says why there is none", () => {
  giveTile(panel, usualTile(panel, { source: "histograms" }));
  expect(lostStrip(panel)).toContain("another tool");
  // The stored bins are on their way.
  giveTile(panel, usualTile(panel, { unit: -3 }));
  expect(lostStrip(panel)).toBe("");
});

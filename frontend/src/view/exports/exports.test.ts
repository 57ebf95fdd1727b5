import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { stubCanvas } from "../../paint/fake_canvas";
import type { PanelLayer } from "../panel/panel_view";
import { giveTile, madeSeries, panelViewsOf, resetPage, showPage } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { zoomX } from "../settings/settings";
import { exportRow, readShownCells } from "./exports";

const CONV = madeSeries("conv", 2);
let layer: PanelLayer;

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  stubCanvas();
  showPage(["one", "two"], [CONV]);
});

beforeEach(() => {
  settings.heatmapRows.value = 8;
  layer = panelViewsOf(CONV)[0]!.layer;
  for (const panel of panelViewsOf(CONV)) giveTile(panel);
});

afterEach(resetPage);

async function linesOf(format: "csv" | "statistics"): Promise<string[]> {
  return (await (await exportRow(layer, format))!.text()).trim().split("\n");
}

describe("a file of a layer", () => {
  it("is none before there is anything to see", async () => {
    for (const panel of panelViewsOf(CONV)) panel.data.tile.value = null;
    expect(await exportRow(layer, "csv")).toBeNull();
  });

  it("is named after runs, layer and steps", async () => {
    const files = await Promise.all(
      (["csv", "json", "statistics"] as const).map((one) => exportRow(layer, one)),
    );
    expect(files.map((file) => file!.name)).toEqual([
      "one_two_activations-conv_0-9.csv",
      "one_two_activations-conv_0-9.json",
      "one_two_activations-conv_0-9.statistics.csv",
    ]);
    expect(files.map((file) => file!.type)).toEqual(["text/csv", "application/json", "text/csv"]);
  });

  it("has the shown steps alone", async () => {
    expect((await linesOf("statistics")).length).toBe(1 + 2 * 10);
    zoomX.value = new Map([["", [2, 5]]]);
    expect((await linesOf("statistics")).length).toBe(1 + 2 * 3);
    const shown = readShownCells(panelViewsOf(CONV)[0]!)!;
    expect([shown.from, shown.to]).toEqual([2, 5]);
  });

  it("has every count once", async () => {
    const [head, ...lines] = await linesOf("csv");
    const at = head!.split(",").indexOf("count");
    const sum = lines.reduce((total, line) => total + Number(line.split(",")[at]), 0);
    const all = panelViewsOf(CONV).flatMap((panel) => Array.from(panel.data.tile.value!.counts));
    expect(sum).toBe(all.reduce((total, count) => total + count, 0));
  });
});

describe("a picture of a layer", () => {
  async function svg(): Promise<string> {
    vi.stubGlobal("ImageData", FakeImageData);
    return (await exportRow(layer, "svg"))!.text();
  }

  it("has a heatmap per run, a title, and one colour bar for one scale", async () => {
    const text = await svg();
    expect(text).toContain("<title>conv (Linear), activations, train</title>");
    expect(text.match(/<image /g)!.length).toBe(2);
    expect([">one<", ">two<"].every((name) => text.includes(name))).toBe(true);
    expect(text.match(/>share[^<]*</g)!.length).toBe(1);
    settings.colourScope.value = "panel";
    giveTile(panelViewsOf(CONV)[1]!, { ...panelViewsOf(CONV)[0]!.data.tile.value!, run: "two", level: 1 });
    expect((await svg()).match(/>share[^<]*</g)!.length).toBe(2);
  });

  it("says what it is minus, and in its notes what is not shown as it is", async () => {
    settings.difference.value = true;
    const text = await svg();
    expect(text).toContain("two minus one");
    expect(text).toContain("This run minus the baseline");
  });
});

/** As the browser's, for canvases that are none. */
class FakeImageData {
  readonly data: Uint8ClampedArray;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
}

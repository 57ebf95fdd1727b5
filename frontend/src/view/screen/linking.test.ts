import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { madeTile } from "../../math/tile_fixture";
import { seriesId } from "../../series/series_id";
import { index } from "../catalog/catalog";
import { frame } from "../layout/metrics";
import { limitsOf, setLimits } from "../panel/contrast";
import { highlight } from "../panel/highlight";
import { clocks, fullAxis } from "../panel/known_panels";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";
import { NO_ZOOM, zoomX, zoomY } from "../settings/settings";
import { cursor, settle, zoomed } from "../settings/zoom";
import { layerViews } from "./views";
import { moveAll, panBy, startZooming, zoomBy, zoomTo } from "./zooming";

const BINS = 64;

function series(layer: string, kind: string) {
  const common = { phase: "train", order: 0, type: "", source: "blocks" as const, bins: {} };
  const ofRuns = {
    runs: [0, 1],
    shapes: [[1], [1]],
    dtypes: ["float32", "float32"],
    steps: [9, 9],
    times: [9, 9],
  };
  return { tag: `${kind}/${layer}`, layer, kind, ...common, ...ofRuns };
}

const CONV = series("conv", "activations");
const FC = series("fc", "activations");
const WEIGHT = series("fc", "weights");

/** A value in each bin of a range at each step. */
function fill(panel: PanelView, hi = 1, steps = 10): void {
  panel.data.tile.value = madeTile({
    edges: Array.from({ length: BINS + 1 }, (_, at) => hi * ((2 * at) / BINS - 1)),
    counts: Array.from({ length: BINS }, () => Array.from({ length: steps }, (_, step) => step + 1)),
  });
}

/** Two runs of a layer. */
function panelsOf(one: typeof CONV): readonly [PanelView, PanelView] {
  const [first, second] = layerViews.value.get(seriesId(one))?.panels.value ?? [];
  if (!first || !second) throw new Error("A layer of two runs has two panels.");
  return [first, second];
}

function shownSteps(panel: PanelView): readonly [number, number] {
  return [panel.axis.value.lo, panel.axis.value.hi];
}

beforeEach(async () => {
  vi.stubGlobal("window", globalThis);
  frame.value = { width_px: 1400, height_px: 4000 };
  const run = { start_time: 0, info: {}, scalars: [] };
  const runs = ["one", "two"].map((name) => ({ name, ...run }));
  index.value = { version: 1, revision: "1", runs, series: [CONV, FC, WEIGHT], warnings: [], replaced: 0 };
  for (const one of [CONV, FC]) for (const panel of panelsOf(one)) fill(panel);
  // New panels become known a moment after they were made.
  await Promise.resolve();
});

afterEach(() => {
  const { linked, axisScope, colourScope, colourLimits, kind, filter, valueScale, layout } = settings;
  for (const setting of [linked, axisScope, colourScope, colourLimits, kind, filter, valueScale, layout])
    setting.reset();
  settle();
  zoomX.value = NO_ZOOM;
  zoomY.value = NO_ZOOM;
  cursor.value = null;
  highlight.value = null;
});

describe("a zoom of the values", () => {
  it.each(["linear", "symlog", "native"] as const)("adds small movements up: %s", (kind) => {
    settings.valueScale.value = kind;
    const [panel] = panelsOf(CONV);
    const full = panel.fullScale.value;
    for (let at = 0; at < 40; at++) {
      zoomBy(panel, "y", 0.98, 0.5);
      settle();
    }
    const { lo, hi } = panel.scale.value;
    const share = full.valueToFraction(hi) - full.valueToFraction(lo);
    expect(share).toBeGreaterThan(0.98 ** 40 - 0.06);
    expect(share).toBeLessThan(0.98 ** 40 + 0.06);
  });

  it("is followed exactly while it moves and rests between rows", () => {
    const [panel] = panelsOf(CONV);
    const full = panel.fullScale.value;
    zoomBy(panel, "y", 0.61, 0.5);
    expect(full.valueToFraction(panel.liveScale.value.hi)).toBeCloseTo(0.5 + 0.61 / 2, 9);
    settle();
    const { lo, hi } = panel.liveScale.value;
    expect(panel.scale.value).toMatchObject({ lo, hi });
    expect([lo * 64, hi * 64].every(Number.isInteger)).toBe(true);
  });

  it("stops at the end of the axis when it is moved beyond", () => {
    const [panel] = panelsOf(CONV);
    zoomTo(panel, null, [0.25, 0.75]);
    panBy(panel, "y", 3);
    settle();
    const { lo, hi } = panel.scale.value;
    expect(hi).toBe(panel.fullScale.value.hi);
    expect(hi - lo).toBeCloseTo(0.5, 9);
  });

  it("is of all panels where all share one axis, as is the crosshair", () => {
    const [panel] = panelsOf(CONV);
    const [other] = panelsOf(FC);
    cursor.value = { panelId: panel.id, rowId: panel.layer.id, unit: 1, value: 0.5, band: null };
    expect(other.crossFraction.value).toBeNull();
    zoomTo(panel, null, [0.25, 0.75]);
    expect(other.scale.value).toBe(other.fullScale.value);
    settings.axisScope.value = "all";
    zoomTo(panel, null, [0.25, 0.75]);
    expect([other.scale.value.lo, other.scale.value.hi]).toEqual([0.25, 0.75]);
    expect(other.crossFraction.value).toBeCloseTo(0.5, 9);
  });
});

describe("an unlinked panel", () => {
  it("shows what all do until it is zoomed itself, also to everything", () => {
    settings.layout.value = "panels";
    settings.linked.value = false;
    const [panel, other] = panelsOf(CONV);
    moveAll(2, 6);
    settle();
    expect(shownSteps(panel)).toEqual([2, 6]);
    zoomTo(panel, [3, 5], null);
    expect(shownSteps(panel)).toEqual([3, 5]);
    expect(shownSteps(other)).toEqual([2, 6]);
    zoomTo(panel, [0, 10], null);
    expect(shownSteps(panel)).toEqual([fullAxis.value.lo, fullAxis.value.hi]);
    moveAll(1, 4);
    settle();
    expect([panel, other].map(shownSteps)).toEqual([
      [1, 4],
      [1, 4],
    ]);
  });

  it("has no axis of its own as a strip", () => {
    settings.layout.value = "strips";
    settings.linked.value = false;
    const [panel, other] = panelsOf(CONV);
    zoomTo(panel, [3, 5], null);
    expect(shownSteps(other)).toEqual([3, 5]);
  });

  it("loses its zooms when it is linked, so that they do not count", () => {
    startZooming();
    settings.linked.value = false;
    const [panel] = panelsOf(CONV);
    zoomTo(panel, [3, 5], [0.25, 0.75]);
    expect(zoomed.value).toBe(true);
    settings.linked.value = true;
    expect(zoomed.value).toBe(false);
    zoomTo(panel, [3, 5], [0.25, 0.75]);
    settings.linked.value = false;
    expect([zoomX.value.size, zoomY.value.size]).toEqual([1, 0]);
  });
});

describe("rows of cells", () => {
  it("are worked out once for the panels of a layer, unless each has its own axis", () => {
    const [first, second] = panelsOf(CONV);
    fill(first);
    fill(second, 3);
    expect(second.rows.value).toBe(first.rows.value);
    expect(second.rows.value.edges.at(-1)).toBeGreaterThanOrEqual(3);
    settings.axisScope.value = "panel";
    expect(second.rows.value).not.toBe(first.rows.value);
    expect(first.rows.value.edges.at(-1)).toBeLessThan(3);
  });
});

describe("newer columns of others", () => {
  it("leave the axis of a panel that waits for its own, but a zoom moves it", () => {
    const [first, second] = panelsOf(CONV);
    fill(first);
    fill(second);
    expect(shownSteps(second)).toEqual([0, 10]);
    second.data.awaited.value = true;
    fill(first, 1, 12);
    expect([shownSteps(first), shownSteps(second)]).toEqual([
      [0, 12],
      [0, 10],
    ]);
    settings.linked.value = true;
    zoomTo(first, [2, 5], null);
    settle();
    expect(shownSteps(second)).toEqual([2, 5]);
    zoomX.value = NO_ZOOM;
    second.data.awaited.value = false;
    expect(second.axis.value).toBe(first.axis.value);
  });
});

describe("an axis and colours of everything", () => {
  it("are those of the layers in view, whatever was there before", async () => {
    settings.axisScope.value = "all";
    settings.colourScope.value = "all";
    const [conv] = panelsOf(CONV);
    const shown = () => [conv.fullScale.value.hi, fullAxis.value.hi, conv.colours.value.hi];
    const before = shown();
    settings.kind.value = "weights";
    const [weight] = panelsOf(WEIGHT);
    fill(weight, 1000, 50);
    await Promise.resolve();
    expect(weight.fullScale.value.hi).toBeGreaterThan(900);
    expect(fullAxis.value.hi).toBe(50);
    settings.kind.reset();
    expect(shown()).toEqual(before);
    for (const panel of panelsOf(FC)) fill(panel, 100, 20);
    expect(shown()).not.toEqual(before);
    settings.filter.value = "conv";
    expect(shown()).toEqual(before);
  });
});

describe("limits and highlight of colours", () => {
  it("are a panel's own where each has its own scale", () => {
    settings.colourScope.value = "panel";
    const [panel, other] = panelsOf(CONV);
    const before = other.colours.value;
    setLimits(panel.scaleOwner, [null, 0.5]);
    highlight.value = { owner: panel.scaleOwner, colour: 0.5 };
    expect(panel.colours.value.hi).toBe(0.5);
    expect(other.colours.value).toEqual(before);
    expect([panel.highlighted.value, other.highlighted.value]).toEqual([0.5, null]);
    setLimits(panel.layer.id, [null, 0.25]);
    expect([panel.colours.value.hi, other.colours.value.hi]).toEqual([0.5, 0.25]);
  });

  it("can be open in a part of what is limited", () => {
    const { layer, id } = panelsOf(CONV)[0];
    setLimits("", [0.1, 0.2]);
    setLimits(id, [null, null]);
    expect(limitsOf(layer.id)).toEqual([0.1, 0.2]);
    expect(limitsOf(id)).toEqual([null, null]);
    setLimits(id, undefined);
    expect(limitsOf(id)).toEqual([0.1, 0.2]);
  });
});

describe("the clocks of the runs", () => {
  it("change with the records of a run, and not with each tile that says the same", () => {
    const before = clocks.value;
    expect([...before.values()].map(({ lastStep }) => lastStep)).toEqual([9, 9]);
    for (const one of [CONV, FC]) for (const panel of panelsOf(one)) fill(panel);
    expect(clocks.value).toBe(before);
    fill(panelsOf(CONV)[0], 1, 20);
    const grown = clocks.value;
    expect([...grown.values()].map(({ lastStep }) => lastStep)).toEqual([19, 9]);
    fill(panelsOf(FC)[0], 1, 20);
    expect(clocks.value).toBe(grown);
  });
});

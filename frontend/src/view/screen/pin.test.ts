import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Tile } from "../../math/tile";
import { madeTile } from "../../math/tile_fixture";
import type { RunAnswer, Series } from "../../series/types";
import { index } from "../catalog/catalog";
import { frame } from "../layout/metrics";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";
import { NO_ZOOM, zoomX } from "../settings/settings";
import { movePin, pinAt, pinFirst, pinnedColumn, pinnedStep, pinStep } from "./pin";
import { layerViews } from "./views";

const RUNS = ["long", "gap", "tenth"];
const TAG = "activations/conv1";

/** Columns of `pooled` records each, one record every `cadence` steps. */
function tileOf(run: string, from: number, to: number, pooled: number, cadence = 1): Tile {
  const steps: number[] = [];
  for (let step = from; step < to; step += pooled * cadence) steps.push(step);
  const lastStep = Float64Array.from(steps, (step) => step + (pooled - 1) * cadence);
  const records = new Float64Array(steps.length).fill(pooled);
  const tile = { run, level: Math.log2(pooled), records: (to - from) / cadence, lastStep: to - cadence };
  return madeTile({
    edges: [0, 1],
    counts: [steps.map(() => 1)],
    steps,
    columns: { lastStep, records },
    tile,
  });
}

function gapTile(): Tile {
  const steps = [0, 1, 2, 3, 96, 97, 98, 99];
  return madeTile({ edges: [0, 1], counts: [steps.map(() => 1)], steps });
}

let panels: readonly PanelView[] = [];

beforeAll(async () => {
  const info = { start_time: 1000, info: {}, scalars: [] };
  const runs: RunAnswer[] = RUNS.map((name) => ({ name, ...info }));
  const series: Series = {
    tag: TAG,
    layer: "conv1",
    kind: "activations",
    phase: "train",
    order: 0,
    type: "",
    source: "blocks",
    bins: {},
    runs: [0, 1, 2],
    shapes: [[], [], []],
    dtypes: ["", "", ""],
    steps: [2999, 99, 990],
    times: [2999, 99, 990],
  };
  index.value = { version: 1, revision: "1", runs, series: [series], warnings: [], replaced: 0 };
  frame.value = { width_px: 1400, height_px: 800 };
  panels = layerViews.value.get(TAG)?.panels.value ?? [];
  await Promise.resolve();
});

/** Shows one run alone; the other ones' tiles stay as they were. */
function show(run: string, tile: Tile, fine: Tile | null = null): PanelView {
  settings.runs.value = [...(settings.runs.peek() ?? []), run];
  const panel = panels[RUNS.indexOf(run)]!;
  panel.data.tile.value = tile;
  panel.data.fine.value = fine;
  return panel;
}

function pinned(panel: PanelView): [number, number] {
  const { tile, column } = pinnedColumn(panel)!;
  return [tile.columns.firstStep[column]!, tile.columns.lastStep[column]!];
}

beforeEach(() => {
  settings.runs.value = [];
});

afterEach(() => {
  settings.pinned.reset();
  settings.time.reset();
  zoomX.value = NO_ZOOM;
});

describe("a pin while a part is shown by a finer tile", () => {
  const zoomed = (): PanelView => {
    zoomX.value = new Map([["", [2000, 2200]]]);
    const panel = show("long", tileOf("long", 0, 3000, 4), tileOf("long", 1936, 2264, 1));
    expect(panel.shown.value).toBe(panel.data.fine.value);
    return panel;
  };

  it("stays where it is outside of the part", () => {
    const panel = zoomed();
    pinStep(100);
    expect(pinned(panel)).toEqual([100, 103]);
    // Without a pin the last step that is shown, which is not the newest where somebody zoomed.
    pinAt(null);
    expect(pinned(panel)).toEqual([2199, 2199]);
    pinFirst();
    expect(pinned(panel)).toEqual([0, 3]);
  });

  it("is as fine as the part inside of it", () => {
    const panel = zoomed();
    pinStep(2101);
    expect(pinned(panel)).toEqual([2101, 2101]);
    movePin(1);
    expect(pinned(panel)).toEqual([2102, 2102]);
  });

  it("goes on beyond the part's ends", () => {
    const panel = zoomed();
    pinStep(2263);
    movePin(1);
    expect(pinned(panel)).toEqual([2264, 2267]);
    movePin(-1);
    expect(pinned(panel)).toEqual([2263, 2263]);
  });
});

describe("the finer tile", () => {
  it("is shown as far as the run itself goes", () => {
    zoomX.value = new Map([["", [900, 1100]]]);
    show("long", tileOf("long", 0, 3000, 4));
    const panel = show("gap", tileOf("gap", 0, 1000, 4), tileOf("gap", 848, 1000, 1));
    expect(panel.shown.value).toBe(panel.data.fine.value);
    panel.data.fine.value = tileOf("gap", 904, 1000, 1);
    expect(panel.shown.value).toBe(panel.data.tile.value);
  });
});

describe("the pinned step", () => {
  it("is that of the record that is shown", () => {
    const panel = show("tenth", tileOf("tenth", 0, 1000, 1, 10));
    pinAt(96.3);
    expect(pinned(panel)).toEqual([90, 90]);
    expect(pinnedStep(96.3)).toBe(90);
    show("long", tileOf("long", 0, 3000, 4));
    expect(pinnedStep(96.3)).toBe(96);
  });

  it("moves over the steps of all runs", () => {
    const gap = show("gap", gapTile());
    const tenth = show("tenth", tileOf("tenth", 0, 1000, 1, 10));
    pinStep(3);
    movePin(1);
    expect([pinned(gap)[0], pinned(tenth)[0]]).toEqual([3, 10]);
    movePin(10);
    expect([pinned(gap)[0], pinned(tenth)[0]]).toEqual([97, 90]);
    movePin(1000);
    expect(settings.pinned.value).toBeNull();
  });
});

describe("a run without epochs", () => {
  it("has no place on their axis", () => {
    settings.time.value = "epoch";
    const panel = show("long", tileOf("long", 0, 3000, 4));
    expect(panel.spans.value?.start.length).toBe(0);
    expect(pinnedColumn(panel)).toBeNull();
  });
});

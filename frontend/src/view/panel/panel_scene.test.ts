import { effect } from "@preact/signals";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { rebin } from "../../math/rebin";
import { madeTile } from "../../math/tile_fixture";
import type { Series } from "../../series/types";
import { dark, index } from "../catalog/catalog";
import { frame, pixelRatio } from "../layout/metrics";
import { layerViews } from "../screen/views";
import * as settings from "../settings/settings";
import { NO_ZOOM, zoomX, zoomY } from "../settings/settings";
import { settle } from "../settings/zoom";
import { setLimits } from "./contrast";
import { highlight } from "./highlight";
import { sceneOf } from "./panel_scene";
import { epochs } from "./panel_times";
import type { PanelView } from "./panel_view";

vi.mock(import("../../math/rebin"), async (load) => {
  const real = await load();
  return { ...real, rebin: vi.fn(real.rebin) };
});

const SERIES: Series = {
  tag: "activations/conv",
  layer: "conv",
  kind: "activations",
  phase: "train",
  order: 0,
  type: "Tanh",
  source: "blocks",
  bins: {},
  runs: [0, 1],
  shapes: [[1], [1]],
  dtypes: ["float32", "float32"],
  steps: [9, 9],
  times: [9, 9],
};

/** The second of two runs; the first is the baseline. */
let panel: PanelView;
let stop: () => void;
let scenes = 0;

function tile(run: string, hi = 1) {
  const counts = Array.from({ length: 8 }, (_, bin) =>
    Array.from({ length: 10 }, (_, step) => bin + step + 1),
  );
  const edges = Array.from({ length: 9 }, (_, at) => hi * (at / 4 - 1));
  const zeros = Float64Array.from({ length: 10 }, () => 2);
  return madeTile({ edges, counts, columns: { zeros }, tile: { run, tag: SERIES.tag } });
}

function fill(): void {
  for (const one of panel.layer.panels.value) one.data.tile.value = tile(one.run);
}

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  const runs = ["one", "two"].map((name) => ({ name, start_time: 0, info: {}, scalars: [] }));
  index.value = { version: 1, revision: "1", runs, series: [SERIES], warnings: [], replaced: 0 };
  frame.value = { width_px: 1400, height_px: 800 };
});

beforeEach(() => {
  panel = layerViews.value.get(SERIES.tag)!.panels.value[1]!;
  fill();
  scenes = 0;
  stop = effect(() => {
    scenes++;
    void sceneOf(panel);
  });
});

afterEach(() => {
  stop();
  for (const setting of Object.values(settings))
    if (typeof setting === "object" && "reset" in setting) setting.reset();
  settle();
  zoomX.value = NO_ZOOM;
  zoomY.value = NO_ZOOM;
  dark.value = false;
  pixelRatio.value = 1;
  highlight.value = null;
  epochs.value = new Map();
});

const CHANGES: Readonly<Record<string, () => void>> = {
  quantity: () => (settings.quantity.value = "density"),
  curve: () => (settings.curve.value = "linear"),
  colormap: () => (settings.colormap.value = "magma"),
  contrast: () => (settings.contrast.value = "auto"),
  "colour limits": () => setLimits(panel.scaleOwner, [null, 0.1]),
  "a colour that is pointed at": () => (highlight.value = { owner: panel.scaleOwner, colour: 0.5 }),
  "colours of empty cells": () => (settings.emptyColoured.value = true),
  "zeros inside": () => (settings.zerosInside.value = true),
  "rows of cells": () => (settings.heatmapRows.value = 32),
  "kind of the value axis": () => (settings.valueScale.value = "symlog"),
  "time axis": () => (settings.time.value = "relative"),
  "zoom over time": () => (zoomX.value = new Map([["", [2, 6]]])),
  "zoom over values": () => (zoomY.value = new Map([[panel.keyY, [-0.5, 0.5]]])),
  "scope of colours": () => (settings.colourScope.value = "panel"),
  lines: () => (settings.overlays.value = ["mean"]),
  strip: () => (settings.strip.value = "zero"),
  "strip of distances": () => (settings.strip.value = "distance"),
  differences: () => (settings.difference.value = true),
  layout: () => (settings.layout.value = "strips"),
  density: () => (settings.density.value = "large"),
  width: () => (settings.panelWidth_px.value = 700),
  "dark colours": () => (dark.value = true),
  "pixels of the screen": () => (pixelRatio.value = 2),
  "its tile": () => (panel.data.tile.value = tile("two", 2)),
  "the tile of another run": () => (panel.layer.panels.value[0]!.data.tile.value = tile("one", 2)),
};

describe("the scene of a panel", () => {
  it.each(Object.keys(CHANGES))("is another one with %s", (name) => {
    CHANGES[name]!();
    expect(scenes).toBeGreaterThan(1);
  });

  it("stays while nothing that it shows changes", () => {
    settings.sliceLog.value = true;
    settings.pinned.value = 3;
    settings.filter.value = "con";
    expect(scenes).toBe(1);
  });

  it("is none before there is a tile", () => {
    panel.data.tile.value = null;
    expect(sceneOf(panel)).toBeNull();
  });

  it("has bands and a strip as a panel, marks at its edges as a strip", () => {
    const nans = Float64Array.from({ length: 10 }, () => 1);
    const plain = tile("two");
    panel.data.tile.value = { ...plain, columns: { ...plain.columns, nans } };
    settings.strip.value = "zero";
    const open = sceneOf(panel)!;
    expect(open.places.bands.map(({ band }) => band)).toContain("nans");
    expect([open.strip?.most, open.edgeInks, open.bandColours === null]).toEqual([1, null, false]);
    settings.layout.value = "strips";
    const strip = sceneOf(panel)!;
    expect([strip.strip, strip.bandColours, strip.edgeInks !== null]).toEqual([null, null, true]);
  });

  it("is compared with the baseline's columns", () => {
    settings.difference.value = true;
    const { base, colours } = sceneOf(panel)!;
    expect(base?.grid).toBe(panel.layer.panels.value[0]!.grid.value);
    expect(colours).not.toBe(sceneOf(panel.layer.panels.value[0]!)!.colours);
    expect(sceneOf(panel.layer.panels.value[0]!)!.base).toBeNull();
  });
});

describe("what follows a scene", () => {
  const names = ["zoom over values", "zeros inside", "its tile", "the tile of another run"];

  it.each(names)("learns of %s before the grid is worked out again", (name) => {
    stop();
    let changed = false;
    let due = true;
    // As `keepDrawn` does: it reads again when it is this panel's turn.
    stop = effect(() => {
      changed = !due;
      if (due) void sceneOf(panel);
      due = false;
    });
    vi.mocked(rebin).mockClear();
    CHANGES[name]!();
    expect(changed).toBe(true);
    expect(rebin).not.toHaveBeenCalled();
    void panel.grid.peek();
    expect(rebin).toHaveBeenCalledOnce();
  });
});

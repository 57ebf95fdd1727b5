/** What a page holds after 4,000 panels were scrolled past. */

import { batch, effect } from "@preact/signals";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { madeTile } from "../../math/tile_fixture";
import type { Series } from "../../series/types";
import { index } from "../catalog/catalog";
import { frame } from "../layout/metrics";
import { total_px } from "../layout/rows";
import { allTiles, fullAxis, panelStore } from "../panel/known_panels";
import { sceneOf } from "../panel/panel_scene";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";
import { scrollTop_px } from "./screen";
import { layerViews, visible } from "./views";

const LAYERS = 500;
const RUNS = 8;
const PAGE_PX = 400;
const MOST_HELD = 500;
const COLUMNS = 16;

function seriesOf(at: number): Series {
  const runs = Array.from({ length: RUNS }, (_, run) => run);
  const common = { kind: "activations", phase: "train", type: "", source: "blocks" as const, bins: {} };
  const ends = { steps: runs.map(() => 9), times: runs.map(() => 1009) };
  const facts = { shapes: runs.map(() => [1]), dtypes: runs.map(() => "float32"), ...ends };
  return { tag: `activations/layer${at}`, layer: `layer${at}`, order: at, ...common, runs, ...facts };
}

function fill(panel: PanelView): void {
  const counts = Array.from({ length: 8 }, (_, bin) => Array.from({ length: COLUMNS }, (_, c) => bin + c));
  const edges = Array.from({ length: 9 }, (_, at) => at - 4);
  const { run, seriesId: tag } = panel.data;
  panel.data.take("tile", madeTile({ edges, counts, tile: { run, tag } }), { run, tag, source: "blocks" });
}

/** Weak references to all that was on the screen. */
interface Seen {
  readonly views: WeakRef<object>[];
  readonly grids: WeakRef<object>[];
  readonly scenes: WeakRef<object>[];
  readonly tiles: WeakRef<object>[];
}

/** Shows all panels at a place of the page as the page does: loads, follows and draws them. */
function show(seen: Seen, held: object[] | null): void {
  const panels = visible.value;
  batch(() => {
    for (const panel of panels) if (panel.data.tile.peek() === null) fill(panel);
  });
  for (const panel of panels) {
    const stop = effect(() => {
      const scene = sceneOf(panel);
      void [panel.layer.colouring.value, panel.layer.layout.value, panel.liveScale.value];
      if (scene !== null) seen.scenes.push(new WeakRef(scene));
    });
    stop();
    seen.views.push(new WeakRef(panel));
    seen.grids.push(new WeakRef(panel.grid.peek()!));
    seen.tiles.push(new WeakRef(panel.data.tile.peek()!));
    held?.push(panel);
  }
  panelStore.release(new Set(panels.map(({ data }) => data)));
}

/** Scrolls from the top over a part of the page. */
async function scrollThrough(part = 1, held: object[] | null = null): Promise<Seen> {
  const seen: Seen = { views: [], grids: [], scenes: [], tiles: [] };
  // What the page follows all the time.
  const stop = effect(() => void [fullAxis.value, visible.value[0]?.colouring.value]);
  for (let top_px = 0; top_px < part * total_px.value; top_px += PAGE_PX) {
    scrollTop_px.value = top_px;
    show(seen, held);
    await Promise.resolve();
  }
  stop();
  return seen;
}

/** How many different objects are still there. */
async function alive(references: readonly WeakRef<object>[]): Promise<number> {
  for (let turn = 0; turn < 4; turn++) {
    // References made in a turn are kept until it ends.
    await new Promise((resolve) => setTimeout(resolve));
    globalThis.gc!();
  }
  return new Set(references.flatMap((reference) => reference.deref() ?? [])).size;
}

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  const run = { start_time: 0, info: {}, scalars: [] };
  const runs = Array.from({ length: RUNS }, (_, at) => ({ name: `run${at}`, ...run }));
  const series = Array.from({ length: LAYERS }, (_, at) => seriesOf(at));
  index.value = { version: 1, revision: "1", runs, series, warnings: [], replaced: 0 };
  settings.runs.value = runs.map(({ name }) => name);
  frame.value = { width_px: 2400, height_px: PAGE_PX };
});

describe("panels that were scrolled past", { timeout: 120_000 }, () => {
  it("are forgotten with all that was worked out for them", async () => {
    const seen = await scrollThrough();
    const onScreen = visible.peek().length;
    expect(seen.views.length).toBeGreaterThanOrEqual(LAYERS * RUNS);
    expect(await alive(seen.views)).toBeLessThanOrEqual(onScreen);
    expect(await alive(seen.grids)).toBeLessThanOrEqual(onScreen);
    expect(await alive(seen.scenes)).toBeLessThanOrEqual(onScreen);
    expect(await alive(seen.tiles)).toBeLessThanOrEqual(MOST_HELD);
    expect([...panelStore.all()].length).toBeLessThanOrEqual(MOST_HELD);
    expect(layerViews.peek().size * RUNS).toBe(onScreen);
  });

  it("are forgotten too where all have one colour scale", async () => {
    settings.colourScope.value = "all";
    const seen = await scrollThrough(0.3);
    // As the panels on the screen do, once more with what is known at the end.
    void [visible.peek()[0]?.colouring.peek(), allTiles.peek()];
    settings.colourScope.reset();
    expect(await alive(seen.views)).toBeLessThanOrEqual(visible.peek().length);
    // One layer may have been let go of in some of its runs only.
    expect(await alive(seen.tiles)).toBeLessThan(MOST_HELD + RUNS);
  });

  it("would be counted if anything held them", async () => {
    const held: object[] = [];
    const seen = await scrollThrough(0.3, held);
    expect(await alive(seen.views)).toBe(new Set(held).size);
    expect(await alive(seen.grids)).toBe(new Set(held).size);
    expect(new Set(held).size).toBeGreaterThan(2 * visible.peek().length);
  });
});

import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { frame, pixelRatio } from "../layout/metrics";
import { placedRows } from "../layout/rows";
import * as settings from "../settings/settings";
import { madeSeries, resetPage, showPage } from "./page_fixture";
import {
  columnsOnScreen,
  drawnOnce,
  guessFrame,
  lookAhead,
  rowsOnScreen,
  scrollLeft_px,
  scrollTop_px,
} from "./screen";
import { findPanel, inSight, layerViews, visible } from "./views";

const LAYERS = 100;
const RUNS = ["one", "two"];
const frames: (() => void)[] = [];

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => frames.push(call));
  showPage(
    RUNS,
    Array.from({ length: LAYERS }, (_, at) => madeSeries(`layer${at}`, 2)),
  );
  settings.sort.value = "name";
  frame.value = { width_px: 1400, height_px: 300 };
});

afterEach(() => {
  resetPage();
  settings.sort.value = "name";
  scrollTop_px.value = 0;
  scrollLeft_px.value = 0;
});

function ids(): string[] {
  return rowsOnScreen.value.map(({ row }) => row.id);
}

describe("what is on the screen", () => {
  it("is what lies at least partly within the frame", () => {
    const at = 40;
    const { top_px, height_px } = placedRows.value[at]!;
    scrollTop_px.value = top_px + height_px - 1;
    expect(ids()[0]).toBe(`activations/layer${at}`);
    expect(rowsOnScreen.value.at(-1)!.top_px).toBeLessThan(scrollTop_px.value + 300);
    scrollTop_px.value++;
    expect(ids()[0]).toBe(`activations/layer${at + 1}`);
    expect(visible.value.length).toBe(RUNS.length * ids().length);
  });

  it("stays the same list while a few pixels change nothing", () => {
    const before = rowsOnScreen.value;
    scrollTop_px.value = 1;
    expect(rowsOnScreen.value).toBe(before);
  });

  it("is nothing in a frame without a size", () => {
    const { value } = frame;
    frame.value = { width_px: 0, height_px: 0 };
    expect(ids()).toEqual([]);
    frame.value = value;
  });

  it("keeps a layer's view while it stays, and makes another one when it comes back", () => {
    const [first] = layerViews.value.values();
    const panel = first!.panels.value[0]!;
    expect(findPanel(panel.id)).toBe(panel);
    scrollTop_px.value = 3;
    expect(layerViews.value.get(first!.id)).toBe(first);
    scrollTop_px.value = 900;
    expect([layerViews.value.has(first!.id), findPanel(panel.id)]).toEqual([false, undefined]);
    scrollTop_px.value = 0;
    expect(layerViews.value.get(first!.id)).not.toBe(first);
    // What was loaded of it is still there.
    expect(findPanel(panel.id)!.data).toBe(panel.data);
  });

  it("keeps panels of runs that stay shown", () => {
    const [view] = layerViews.value.values();
    const [, two] = view!.panels.value;
    settings.runs.value = ["two"];
    expect(view!.panels.value).toEqual([two]);
  });

  it("is columns of layers where the page is transposed", () => {
    settings.transposed.value = "1";
    const { left_px } = columnsOnScreen.value[3]!;
    scrollLeft_px.value = left_px + 1;
    const [first] = columnsOnScreen.value;
    expect(first!.left_px).toBeLessThanOrEqual(left_px + 1);
    expect([...layerViews.value.keys()]).toEqual(columnsOnScreen.value.map(({ row }) => row.id));
  });
});

describe("before anything was measured", () => {
  it("the window's size stands for the frame's", () => {
    const { value } = frame;
    const probe = { style: {}, offsetWidth: 15, clientWidth: 0, remove() {} };
    vi.stubGlobal("document", { createElement: () => probe, body: { append() {} } });
    Object.assign(globalThis, { innerWidth: 1015, innerHeight: 893, devicePixelRatio: 4 });
    guessFrame();
    expect([frame.value, pixelRatio.value]).toEqual([{ width_px: 1000, height_px: 800 }, 3]);
    frame.value = value;
    pixelRatio.value = 1;
  });
});

describe("looking ahead", () => {
  it("begins two frames after what is in sight is there, and once", () => {
    expect(drawnOnce.value).toBe(false);
    const seen = inSight.value.size;
    lookAhead();
    frames.shift()!();
    expect(drawnOnce.value).toBe(false);
    frames.shift()!();
    expect(drawnOnce.value).toBe(true);
    expect(visible.value.length).toBeGreaterThan(seen);
    expect(inSight.value.size).toBe(seen);
    lookAhead();
    expect(frames).toEqual([]);
  });
});

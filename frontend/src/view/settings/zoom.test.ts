import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as settings from "./settings";
import { NO_ZOOM, zoomX, zoomY } from "./settings";
import { canGoBack, chooseRange, chooseTime, goBack, jumpTo } from "./zoom";

const STEPS = new Map([["", [50, 100] as const]]);
const VALUES = new Map([["row", [0, 1] as const]]);

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
  jumpTo(STEPS, VALUES);
  settings.pinned.value = 70.5;
});

afterEach(() => {
  for (const setting of [settings.time, settings.range, settings.manualRange]) setting.reset();
  vi.unstubAllGlobals();
});

describe("chooseTime", () => {
  it("keeps what is zoomed and pinned where the axis counts the same", () => {
    chooseTime("log_step");
    chooseTime("log_step");
    expect([zoomX.value, settings.pinned.value, settings.time.value]).toEqual([STEPS, 70.5, "log_step"]);
    expect(canGoBack.value).toBe(true);
  });

  it("shows the whole of an axis in other units, and has no way back to the old ones", () => {
    chooseTime("wall");
    expect([zoomX.value, settings.pinned.value, settings.time.value]).toEqual([NO_ZOOM, null, "wall"]);
    expect(zoomY.value).toBe(VALUES);
    expect(canGoBack.value).toBe(false);
  });
});

describe("chooseRange", () => {
  it("shows the range that was chosen, and leads back to the zoom", () => {
    chooseRange("manual", [-3, 3]);
    expect([settings.range.value, settings.manualRange.value]).toEqual(["manual", [-3, 3]]);
    expect([zoomX.value, zoomY.value]).toEqual([STEPS, NO_ZOOM]);
    goBack();
    expect(zoomY.value).toBe(VALUES);
  });
});

import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { now_ms } from "../catalog/catalog";
import { giveTile, madeSeries, panelViewsOf, resetPage, showPage } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { quiet_s } from "./growth";

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => call());
});

afterEach(resetPage);

it("tells how long panels have not grown; the board, which may show other runs, does not", () => {
  const layer = madeSeries("layer", 1);
  showPage(["one"], [layer]);
  // Its last record is of second 1009.
  giveTile(panelViewsOf(layer)[0]!);
  now_ms.value = 1_100_000;
  expect(quiet_s.value).toBe(0);
  now_ms.value = 1_509_000;
  expect(quiet_s.value).toBe(500);
  settings.view.value = "board";
  expect(quiet_s.value).toBeNull();
});

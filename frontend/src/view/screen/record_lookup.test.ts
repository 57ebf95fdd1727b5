import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { madeTile } from "../../math/tile_fixture";
import { client } from "../catalog/catalog";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";
import { cursor } from "../settings/zoom";
import { giveTile, madeSeries, panelViewsOf, resetPage, showPage } from "./page_fixture";
import { readRecord, startRecordLookup } from "./record_lookup";

const CONV = madeSeries("conv", 1);
const EDGES = [-1, -0.5, 0, 0.5, 1];
/** Record r of four has r + 1 values in each bin. */
const RECORDS = EDGES.slice(1).map(() => [1, 2, 3, 4]);
let panel: PanelView;

function pooledTile() {
  const tile = madeTile({ edges: EDGES, counts: RECORDS.map(() => [3, 7]), tile: { run: "one" } });
  const columns = {
    ...tile.columns,
    firstStep: Float64Array.of(0, 2),
    lastStep: Float64Array.of(1, 3),
    records: Float64Array.of(2, 2),
  };
  return { ...tile, level: 1, records: 4, lastStep: 3, columns };
}

/** Both records of the second column. */
function recordsTile() {
  const tile = madeTile({ edges: EDGES, counts: RECORDS.map((each) => each.slice(2)), tile: { run: "one" } });
  const columns = { ...tile.columns, firstStep: Float64Array.of(2, 3), lastStep: Float64Array.of(2, 3) };
  return { ...tile, columns };
}

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
  vi.useFakeTimers();
  showPage(["one"], [CONV]);
  settings.heatmapRows.value = 8;
  panel = panelViewsOf(CONV)[0]!;
  giveTile(panel, pooledTile());
});

afterEach(() => {
  resetPage();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a record under the crosshair, where a column pools two", () => {
  it("is looked up when the crosshair rests, and told alone", async () => {
    const asked = vi.spyOn(client, "tiles").mockResolvedValue([recordsTile()]);
    const stop = startRecordLookup();
    expect(readRecord(panel, 3.4, 0.7, null)).toMatchObject({ records: 2, count: 7, steps: "2–3" });
    const at = { panelId: panel.id, rowId: panel.layer.id, value: 0.7, band: null };
    cursor.value = { ...at, unit: 2.2 };
    vi.advanceTimersByTime(60);
    cursor.value = { ...at, unit: 3.4 };
    vi.advanceTimersByTime(60);
    expect(asked).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toHaveBeenCalledOnce();
    expect(asked.mock.calls[0]![0]).toMatchObject([{ run: "one", steps: [2, 3], columns: 2, rows: 0 }]);
    expect(readRecord(panel, 3.4, 0.7, null)).toMatchObject({ records: 1, count: 4, n: 16, steps: "3" });
    expect(readRecord(panel, 2.4, 0.7, null)).toMatchObject({ records: 1, count: 3, steps: "2" });
    // The first column was not asked about.
    expect(readRecord(panel, 0.4, 0.7, null)).toMatchObject({ records: 2, count: 3, steps: "0–1" });
    // What is known is not asked for again.
    cursor.value = { ...at, unit: 2.6 };
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveBeenCalledOnce();
    stop();
  });

  it("stays the range where the server has no answer", async () => {
    giveTile(panel, { ...pooledTile(), revision: "other" });
    vi.spyOn(client, "tiles").mockRejectedValue(new Error("gone"));
    const stop = startRecordLookup();
    cursor.value = { panelId: panel.id, rowId: panel.layer.id, unit: 3.4, value: 0.7, band: null };
    await vi.advanceTimersByTimeAsync(200);
    expect(readRecord(panel, 3.4, 0.7, null)).toMatchObject({ records: 2, steps: "2–3" });
    stop();
  });
});

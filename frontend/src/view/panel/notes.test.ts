import { computed } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import type { Tile } from "../../math/tile";
import { madeTile } from "../../math/tile_fixture";
import { PanelData } from "../../series/panel_data";
import type { Series } from "../../series/types";
import { frame } from "../layout/metrics";
import { NO_ZOOM, zoomX } from "../settings/settings";
import { colouringOf, OPEN } from "./contrast";
import { LayerView } from "./layer_view";
import { noteTexts } from "./notes";
import { PanelView } from "./panel_view";

const SERIES: Series = {
  tag: "activations/fc",
  layer: "fc",
  kind: "activations",
  phase: "train",
  order: 0,
  type: "Linear",
  source: "blocks",
  bins: {},
  runs: [],
  shapes: [],
  dtypes: [],
  steps: [],
  times: [],
};

function notesOf(tile: Partial<Tile>, records = 100): string[] {
  const shared = computed(() => colouringOf([], OPEN));
  const panel = new PanelView(new PanelData("run", SERIES.tag), new LayerView(SERIES, shared));
  const counts = [Array.from({ length: records }, () => 1)];
  panel.data.tile.value = madeTile({ edges: [0, 1], counts, tile });
  return noteTexts(panel).map(({ short, long }) => `${short}: ${long}`);
}

function zoomTo(from: number, to: number): void {
  zoomX.value = new Map([["", [from, to]]]);
}

describe("noteTexts", () => {
  beforeEach(() => {
    frame.value = { width_px: 800, height_px: 600 };
    zoomX.value = NO_ZOOM;
  });

  it("says nothing where every record has a pixel of its own", () => {
    zoomTo(0, 100);
    expect(notesOf({})).toEqual([]);
  });

  it("says how many records share a column, or a pixel", () => {
    zoomTo(0, 100);
    expect(notesOf({ level: 2 })[0]).toContain("4 per column: 4 neighbouring records");
    zoomTo(0, 1e6);
    // The last one is drawn wider and has its middle elsewhere.
    expect(notesOf({}, 301)[0]).toContain("up to 300 per pixel: up to 300 neighbouring records");
    expect(notesOf({ level: 1 }, 301)[0]).toContain("up to 600 per pixel");
  });

  it("says which steps a run has when none of them is in view", () => {
    zoomTo(500, 600);
    expect(notesOf({})).toEqual(["no records in view: This run has steps 0–99"]);
  });

  it("says when no value is finite", () => {
    zoomTo(0, 100);
    expect(notesOf({ range: null })[0]).toContain("no finite values");
  });
});

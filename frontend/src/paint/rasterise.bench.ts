/**
 * Costs of one screen: 24 panels of 1,000 columns and 64 rows, 320 x 140 CSS px (npx vitest bench).
 * Budgets: re-binning 0.5 ms a panel; counts to pixels 9 ms at DPR 1, 24 ms at DPR 2; new colours 2 and 9 ms.
 */

import { bench, describe } from "vitest";
import { columnSpans } from "../math/column_spans";
import { cellExtent, colourScale } from "../math/normalise";
import { quantiles } from "../math/quantiles";
import { type CellGrid, rebin } from "../math/rebin";
import { StepAxis } from "../math/step_axis";
import type { Tile } from "../math/tile";
import { madeTile } from "../math/tile_fixture";
import { ValueScale } from "../math/value_scale";
import { colormapToLut, colourTable } from "./colormap";
import { type Cells, columnsToPixels, paintCells, poolCells } from "./rasterise";

const PANELS = 24;
const COLUMNS = 1000;
const BINS = 512;
const ROWS = 64;

/** ReLU-like: about half of the cells are empty. */
function realistic(): Tile {
  const edges = Array.from({ length: BINS + 1 }, (_, bin) => (8 * bin) / BINS);
  const counts = edges.slice(1).map((edge) =>
    Array.from({ length: COLUMNS }, (_, c) => {
      const spread = 0.6 + c / COLUMNS;
      return Math.floor(4000 * Math.exp(-((edge / spread) ** 2)) * (0.8 + 0.4 * Math.random()));
    }),
  );
  return madeTile({ edges, counts });
}

const tile = realistic();
const edges = ValueScale.symlog(-1, 8).edges(ROWS);
const wholeEdges = ValueScale.linear(0, 8).edges(ROWS);
const grid = rebin(tile, edges);
const clock = { firstStep: 0, lastStep: COLUMNS - 1, records: COLUMNS, startTime: 0 };
const spans = columnSpans(tile.columns, "step", clock);
const axis = new StepAxis("step", 0, COLUMNS);
const scale = colourScale("share", "log", cellExtent(grid, tile.columns, "share"));
const lut = colormapToLut("viridis");
const blanks = { zero: 0, gap: 0 };
const table = colourTable(scale, lut, blanks);

function repeat(work: () => void): void {
  for (let panel = 0; panel < PANELS; panel++) work();
}

describe("24 panels", () => {
  let reuse: CellGrid | undefined;
  bench("re-bin 512 to 64 rows, cut bins", () => {
    repeat(() => {
      reuse = rebin(tile, edges, reuse);
    });
  });
  bench("re-bin 512 to 64 rows, whole bins", () => {
    repeat(() => {
      reuse = rebin(tile, wholeEdges, reuse);
    });
  });
  bench("five percentiles", () => repeat(() => quantiles(tile)));
  bench("extent of cells", () => repeat(() => cellExtent(grid, tile.columns, "share")));
  for (const ratio of [1, 2]) {
    const width_px = 320 * ratio;
    const height_px = 140 * ratio;
    const out = new Uint32Array(width_px * height_px);
    const pixels = columnsToPixels(spans, axis, width_px);
    let cells: Cells = poolCells(grid, tile.columns, pixels, {
      quantity: "share",
      height_px,
    });
    const draw = (): void => {
      const columns = columnsToPixels(spans, axis, width_px);
      cells = poolCells(grid, tile.columns, columns, { quantity: "share", height_px, reuse: cells });
      paintCells(cells, table, height_px, out);
    };
    bench(`counts to pixels, DPR ${ratio}`, () => repeat(draw));
    bench(`new colours only, DPR ${ratio}`, () => repeat(() => paintCells(cells, table, height_px, out)));
  }
});

describe("once", () => {
  bench("colour table", () => {
    colourTable(scale, lut, blanks);
  });
});

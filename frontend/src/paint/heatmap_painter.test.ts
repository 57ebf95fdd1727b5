import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { columnSpans } from "../math/column_spans";
import { colourScale } from "../math/normalise";
import { rebin } from "../math/rebin";
import { StepAxis } from "../math/step_axis";
import type { Tile } from "../math/tile";
import { madeTile } from "../math/tile_fixture";
import { ValueScale } from "../math/value_scale";
import { areaIn } from "./canvas_area";
import { colormapToLut, colourTable, hexToColour, packColour } from "./colormap";
import { FakeCanvas, stubCanvas } from "./fake_canvas";
import { HeatmapPainter } from "./heatmap_painter";
import { columnsToPixels } from "./rasterise";
import { type PanelScene, STRIP_HEIGHT_PX, THIN_PX } from "./scene";

const COLUMNS = 8;
const HEAT_PX = 4;
const LEFT = 3;
const EMPTY = packColour(1, 2, 3);
const GAP = packColour(4, 5, 6);
const MOST = colormapToLut("viridis")[255]!;
const SCALE = colourScale("share", "linear", { least: 0, most: 1 });
const TABLE = colourTable(SCALE, colormapToLut("viridis"), { zero: EMPTY, gap: GAP });
const RED = hexToColour("#ff0000");
const BLUE = hexToColour("#0000ff");

/** All values of a step in one row: the lowest at step 0, then one higher at each, and round again. */
function stairs(): Tile {
  const counts = Array.from({ length: HEAT_PX }, (_, row) =>
    Array.from({ length: COLUMNS }, (_, c) => (c % HEAT_PX === row ? 10 : 0)),
  );
  return madeTile({ edges: [0, 1, 2, 3, 4], counts });
}

function sceneOf(tile = stairs(), changes: Partial<PanelScene> = {}): PanelScene {
  const clock = { firstStep: 0, lastStep: COLUMNS - 1, records: COLUMNS, startTime: 1000, sampled: false };
  const axis = changes.axis ?? new StepAxis("step", 0, COLUMNS);
  return {
    ratio: 1,
    places: { bands: [], heatTop_px: 0, heatHeight_px: HEAT_PX, stripTop_px: null, axisTop_px: HEAT_PX },
    axis,
    scale: ValueScale.linear(0, HEAT_PX),
    pixels: columnsToPixels(columnSpans(tile.columns, "step", clock), axis, COLUMNS),
    grid: rebin(tile, Float64Array.of(0, 1, 2, 3, 4)),
    columns: tile.columns,
    quantity: "share",
    base: null,
    colours: TABLE,
    bandColours: null,
    strip: null,
    lines: [],
    edgeInks: null,
    blank: "#0000ff",
    ...changes,
  };
}

let canvas: FakeCanvas;
let painter: HeatmapPainter;

function part() {
  return { context: canvas.getContext(), left_px: 1, heatLeft_px: LEFT - 1, heatWidth_px: COLUMNS };
}

/** Colours of the heatmap's pixels, from the left. */
function rowOf(y: number): number[] {
  return canvas.row(y).slice(LEFT, LEFT + COLUMNS);
}

beforeAll(stubCanvas);

beforeEach(() => {
  canvas = new FakeCanvas(16, 48);
  painter = new HeatmapPainter();
});

describe("a panel's picture", () => {
  it("has a cell per column and row, low values at the bottom, and nothing beside itself", () => {
    canvas.pixels.fill(RED);
    painter.paint(part(), sceneOf());
    for (let y = 0; y < HEAT_PX; y++) {
      const filled = HEAT_PX - 1 - y;
      const expected = Array.from({ length: COLUMNS }, (_, c) => (c % HEAT_PX === filled ? MOST : EMPTY));
      expect(rowOf(y)).toEqual(expected);
    }
    for (const x of [0, 1, LEFT - 1, LEFT + COLUMNS])
      expect(new Set(canvas.column(x))).toEqual(new Set([RED]));
    expect(new Set(canvas.row(HEAT_PX))).toEqual(new Set([RED]));
  });

  it("is the same for equal scenes", () => {
    painter.paint(part(), sceneOf());
    const first = canvas.pixels.slice();
    canvas.pixels.fill(0);
    new HeatmapPainter().paint(part(), sceneOf());
    expect(canvas.pixels).toEqual(first);
  });

  it("is twice as large where a pixel is two", () => {
    const small = sceneOf();
    const spans = {
      ...small,
      ratio: 2,
      pixels: { first: twice(small.pixels.first), last: twice(small.pixels.last) },
    };
    canvas = new FakeCanvas(32, 48);
    painter.paint(part(), spans);
    const row = canvas.row(2 * HEAT_PX - 1).slice(2 * LEFT, 2 * (LEFT + COLUMNS));
    expect(row).toEqual(
      Array.from({ length: 2 * COLUMNS }, (_, x) => (Math.floor(x / 2) % HEAT_PX ? EMPTY : MOST)),
    );
  });

  it("takes another look-up alone when only colours change", () => {
    const scene = sceneOf();
    painter.paint(part(), scene);
    // Who counts again would see this.
    scene.grid.counts.fill(0);
    const red = colourTable(SCALE, new Uint32Array(256).fill(RED), { zero: EMPTY, gap: GAP });
    painter.paint(part(), { ...scene, colours: red });
    expect(rowOf(HEAT_PX - 1)[0]).toBe(RED);
    painter.paint(part(), { ...scene, grid: { ...scene.grid } });
    expect(rowOf(HEAT_PX - 1)[0]).toBe(EMPTY);
  });

  it("shows the difference to a base, and gaps where that has no column", () => {
    const scene = sceneOf();
    const partners = Int32Array.from({ length: COLUMNS }, (_, c) => (c === 1 ? -1 : c));
    painter.paint(part(), { ...scene, base: { grid: scene.grid, columns: scene.columns, partners } });
    expect(rowOf(HEAT_PX - 1)).toEqual([EMPTY, GAP, ...Array.from({ length: COLUMNS - 2 }, () => EMPTY)]);
  });
});

describe("what is beside a heatmap", () => {
  const places = {
    bands: [{ band: "nans" as const, top_px: 0 }],
    heatTop_px: 10,
    heatHeight_px: HEAT_PX,
    stripTop_px: 20,
    axisTop_px: 40,
  };

  it("is a band for what lies in none of its rows", () => {
    const tile = stairs();
    const nans = tile.columns.n.map((n, c) => (c === 2 ? n : 0));
    const scene = sceneOf({ ...tile, columns: { ...tile.columns, nans } }, { places, bandColours: TABLE });
    painter.paint(part(), scene);
    expect(rowOf(0)).toEqual(Array.from({ length: COLUMNS }, (_, c) => (c === 2 ? MOST : EMPTY)));
    expect(rowOf(THIN_PX - 1)).toEqual(rowOf(0));
    expect(new Set(rowOf(THIN_PX))).toEqual(new Set([0]));
    expect(rowOf(10 + HEAT_PX - 1)[0]).toBe(MOST);
  });

  it("is a strip as high as its values, where there is one", () => {
    const values = Float64Array.from({ length: COLUMNS }, (_, c) => c / (COLUMNS - 1));
    painter.paint(part(), sceneOf(stairs(), { places, strip: { values, most: 1, colours: TABLE } }));
    const height = (c: number) =>
      canvas
        .column(LEFT + c)
        .slice(20, 20 + STRIP_HEIGHT_PX)
        .filter((pixel) => pixel === MOST).length;
    expect([height(0), height(COLUMNS - 1)]).toEqual([0, STRIP_HEIGHT_PX]);
    expect(height(4)).toBe(Math.ceil((4 / 7) * STRIP_HEIGHT_PX));
    painter.paint(part(), sceneOf(stairs(), { places }));
    expect(new Set(rowOf(20))).toEqual(new Set([0]));
  });

  it("is a mark at the edges of a strip, for more than some values beyond them or of none", () => {
    const tile = stairs();
    const nans = tile.columns.n.map((n, c) => (c === 1 ? n / 10 : 0));
    const edgeInks = { outside: "#0000ff", nonFinite: "#ff0000" };
    const scene = sceneOf({ ...tile, columns: { ...tile.columns, nans } }, { edgeInks });
    const above = scene.grid.above.map((_, c) => (c === 5 ? 1 : 0));
    painter.paint(part(), { ...scene, grid: { ...scene.grid, above } });
    expect([1, 5].map((c) => rowOf(0)[c])).toEqual([RED, BLUE]);
    expect(rowOf(HEAT_PX - 1).includes(BLUE)).toBe(false);
  });

  it("are lines with a dark seam, in device pixels", () => {
    const line = {
      name: "mean",
      points: [
        [0, 0],
        [COLUMNS, HEAT_PX],
      ] as const,
      width: 1.5,
      dash: [2, 1],
      colour: "",
    };
    painter.paint(part(), sceneOf(stairs(), { lines: [line] }));
    expect(canvas.strokes.map(({ width, dash }) => [width, dash])).toEqual([
      [3.1, [2, 1]],
      [1.5, [2, 1]],
    ]);
    expect(canvas.strokes[0]!.path.points).toEqual([
      [0, HEAT_PX],
      [COLUMNS, 0],
    ]);
  });
});

describe("while the axes move", () => {
  it("what was drawn is stretched, and blank where it does not reach", () => {
    const scene = sceneOf();
    painter.paint(part(), scene);
    const sharp = rowOf(HEAT_PX - 1);
    expect(painter.follow(part(), scene.axis, scene.scale)).toBe(false);
    // The first half fills the width.
    expect(painter.follow(part(), new StepAxis("step", 0, COLUMNS / 2), scene.scale)).toBe(true);
    expect(rowOf(HEAT_PX - 1)).toEqual(Array.from({ length: COLUMNS }, (_, x) => sharp[Math.floor(x / 2)]));
    expect(painter.follow(part(), new StepAxis("step", 0, 2 * COLUMNS), scene.scale)).toBe(true);
    expect(rowOf(HEAT_PX - 1).slice(COLUMNS / 2)).toEqual(Array.from({ length: COLUMNS / 2 }, () => BLUE));
    expect(painter.follow(part(), scene.axis, scene.scale)).toBe(false);
    expect(rowOf(HEAT_PX - 1)).toEqual(sharp);
  });

  it("follows the value axis, with the heatmap alone", () => {
    const places = { ...sceneOf().places, bands: [{ band: "zeros" as const, top_px: 10 }], axisTop_px: 16 };
    const scene = sceneOf(stairs(), { places, bandColours: TABLE });
    painter.paint(part(), scene);
    const band = rowOf(10);
    const before = rowOf(HEAT_PX - 1);
    painter.follow(part(), scene.axis, ValueScale.linear(-HEAT_PX, HEAT_PX));
    // Two rows in one pixel: the nearer one is seen.
    expect(rowOf(HEAT_PX / 2 - 1)).toEqual(before);
    expect(new Set(rowOf(HEAT_PX - 1))).toEqual(new Set([BLUE]));
    expect(rowOf(10)).toEqual(band);
  });

  it("is nothing to be moved before anything was drawn", () => {
    const { axis, scale } = sceneOf();
    expect(painter.follow(part(), axis, scale)).toBe(false);
  });
});

it("neighbouring parts touch at any ratio of pixels", () => {
  for (const ratio of [1, 1.25, 1.5, 2.75]) {
    const [upper, lower] = [areaIn(part(), 0, 5, ratio), areaIn(part(), 5, 7, ratio)];
    expect(upper.top + upper.height).toBe(lower.top);
  }
});

function twice(values: Int32Array): Int32Array {
  return Int32Array.from({ length: 2 * values.length }, (_, at) => values[Math.floor(at / 2)]!);
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnSpans, type Spans } from "../math/column_spans";
import { colourScale } from "../math/normalise";
import { rebin } from "../math/rebin";
import { StepAxis } from "../math/step_axis";
import { madeTile } from "../math/tile_fixture";
import { ValueScale } from "../math/value_scale";
import { areaCells, BANDS, bandCells, bandCounts, presentBands } from "./bands";
import { colormapToLut, colourTable, hexToColour, packColour, TABLE_SHIFT } from "./colormap";
import * as raster from "./rasterise";

function spansOf(pairs: readonly (readonly [number, number])[]): Spans {
  return {
    kind: "step",
    start: Float64Array.from(pairs, ([start]) => start),
    end: Float64Array.from(pairs, ([, end]) => end),
  };
}

function touching(columns: number): Spans {
  return spansOf(Array.from({ length: columns }, (_, c) => [c, c + 1] as const));
}

/** [first, last) of each pixel; null in gaps. */
function shown(pixels: raster.PixelColumns): ([number, number] | null)[] {
  return Array.from(pixels.first, (first, x) => (first < 0 ? null : [first, pixels.last[x]!]));
}

/** A table whose colour is the value itself, for values 0..255. */
function countTable(): Uint32Array {
  const table = new Uint32Array(1 << (32 - TABLE_SHIFT)).fill(packColour(9, 9, 9));
  for (let value = 0; value < 256; value++) {
    table[new Uint32Array(Float32Array.of(value).buffer)[0]! >>> TABLE_SHIFT] = packColour(value, 0, 0);
  }
  return table;
}

describe("columnsToPixels", () => {
  it("gives each column its pixels when they are wide", () => {
    const pixels = raster.columnsToPixels(touching(2), new StepAxis("step", 0, 2), 6);
    expect(shown(pixels)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });

  it("gives each pixel its columns when they are narrow", () => {
    const pixels = raster.columnsToPixels(touching(8), new StepAxis("step", 0, 8), 2);
    expect(shown(pixels)).toEqual([
      [0, 4],
      [4, 8],
    ]);
  });

  it("knows how many columns share a pixel", () => {
    const most = (columns: number, width: number): number =>
      raster.mostColumns(raster.columnsToPixels(touching(columns), new StepAxis("step", 0, columns), width));
    expect([most(8, 2), most(7, 2), most(2, 6)]).toEqual([4, 4, 1]);
    expect(raster.mostColumns({ first: Int32Array.of(-1), last: Int32Array.of(0) })).toBe(0);
  });

  it("leaves gaps empty, but never loses a single record", () => {
    const spans = spansOf([
      [0, 1],
      [50.2, 50.3],
      [99, 100],
    ]);
    const pixels = shown(raster.columnsToPixels(spans, new StepAxis("step", 0, 100), 10));
    expect(pixels[0]).toEqual([0, 1]);
    expect(pixels[5]).toEqual([1, 2]);
    expect(pixels[9]).toEqual([2, 3]);
    expect(pixels.filter((pixel) => pixel === null).length).toBe(7);
  });

  it("shows every column in view exactly once when all are narrower than a pixel", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 65, max: 400 }), (width, columns) => {
        const pixels = raster.columnsToPixels(touching(columns), new StepAxis("step", 0, columns), width);
        const seen = shown(pixels).flatMap((pixel) => {
          const [first, last] = pixel!;
          return Array.from({ length: last - first }, (_, i) => first + i);
        });
        expect(seen).toEqual(Array.from({ length: columns }, (_, c) => c));
      }),
    );
  });

  it("shows the part that is zoomed to", () => {
    const pixels = raster.columnsToPixels(touching(1000), new StepAxis("step", 500, 502), 4);
    expect(shown(pixels)).toEqual([
      [500, 501],
      [500, 501],
      [501, 502],
      [501, 502],
    ]);
    expect(shown(raster.columnsToPixels(touching(3), new StepAxis("step", 10, 20), 2))).toEqual([null, null]);
  });

  it("follows partners of another run", () => {
    const pixels = raster.columnsToPixels(touching(4), new StepAxis("step", 0, 4), 2);
    expect(shown(raster.matchPixels(pixels, Int32Array.of(7, 5, -1, -1)))).toEqual([[5, 8], null]);
  });
});

describe("poolCells", () => {
  const tile = madeTile({
    edges: [0, 1, 3],
    counts: [
      [1, 3, 0, 8],
      [3, 1, 4, 0],
    ],
    columns: { n: Float64Array.of(4, 4, 4, 8), records: Float64Array.of(1, 1, 1, 2) },
  });
  const grid = rebin(tile, Float64Array.of(0, 1, 3));
  const two = raster.columnsToPixels(touching(4), new StepAxis("step", 0, 4), 2);

  it.each([
    ["share", [0.5, 8 / 12, 0.5, 4 / 12]],
    ["count", [2, 8 / 3, 2, 4 / 3]],
    ["density", [0.5, 8 / 12, 0.25, 2 / 12]],
    ["peak", [1, 1, 1, 0.5]],
  ] as const)("%s of two columns per pixel", (quantity, values) => {
    const cells = raster.poolCells(grid, tile.columns, two, { quantity, height_px: 9 });
    expect([...cells.values]).toEqual([...Float32Array.from(values)]);
  });

  it("pools as the server pools: the same whether columns or pixels are pooled", () => {
    const pooled = madeTile({
      edges: [0, 1, 3],
      counts: [
        [4, 8],
        [4, 4],
      ],
      columns: { n: Float64Array.of(8, 12), records: Float64Array.of(2, 3) },
    });
    const coarse = rebin(pooled, Float64Array.of(0, 1, 3));
    const one = raster.columnsToPixels(touching(2), new StepAxis("step", 0, 2), 2);
    for (const quantity of ["share", "count", "density", "peak"] as const) {
      const options = { quantity, height_px: 9 };
      expect(raster.poolCells(coarse, pooled.columns, one, options)).toEqual(
        raster.poolCells(grid, tile.columns, two, options),
      );
    }
  });

  it("is NaN in gaps and 0 where a record has no values", () => {
    const empty = madeTile({ edges: [0, 1], counts: [[0, 1]], columns: { n: Float64Array.of(0, 1) } });
    const spans = spansOf([
      [0, 1],
      [3, 4],
    ]);
    const pixels = raster.columnsToPixels(spans, new StepAxis("step", 0, 4), 4);
    const options = { quantity: "share", height_px: 9 } as const;
    const cells = raster.poolCells(rebin(empty, Float64Array.of(0, 1)), empty.columns, pixels, options);
    expect([...cells.values]).toEqual([0, Number.NaN, Number.NaN, 1]);
  });

  it("pools rows when there are more than pixels", () => {
    const tall = madeTile({ edges: [0, 1, 2, 3, 4], counts: [[1], [3], [5], [7]] });
    const cells = rebin(tall, Float64Array.of(0, 1, 2, 3, 4));
    const pixels = raster.columnsToPixels(touching(1), new StepAxis("step", 0, 1), 1);
    const options = { quantity: "count", height_px: 2 } as const;
    expect([...raster.poolCells(cells, tall.columns, pixels, options).values]).toEqual([2, 6]);
  });

  it("overwrites cells it may reuse", () => {
    const options = { quantity: "share", height_px: 9 } as const;
    const first = raster.poolCells(grid, tile.columns, two, options);
    const wanted = [...raster.poolCells(grid, tile.columns, two, { ...options, quantity: "count" }).values];
    const again = raster.poolCells(grid, tile.columns, two, { ...options, quantity: "count", reuse: first });
    expect(again.values.buffer).toBe(first.values.buffer);
    expect([...again.values]).toEqual(wanted);
  });
});

describe("differenceCells", () => {
  it("is B - A, and nothing where either has a gap", () => {
    const a = { width: 3, rows: 1, values: Float32Array.of(0.25, Number.NaN, 0.5) };
    const b = { width: 3, rows: 1, values: Float32Array.of(0.75, 0.5, 0.25) };
    const difference = raster.differenceCells(a, b);
    expect([...difference.values]).toEqual([0.5, Number.NaN, -0.25]);
  });
});

describe("areaCells", () => {
  it("reaches as high as the largest column of each pixel, and is empty in gaps", () => {
    const pixels = { first: Int32Array.of(0, 2, -1, 3), last: Int32Array.of(2, 3, 0, 4) };
    const area = areaCells(Float64Array.of(1, 4, 0.01, Number.NaN), 4, pixels, 4);
    const heights = [0, 1, 2, 3].map(
      (x) => [0, 1, 2, 3].filter((row) => area.values[row * 4 + x] === 1).length,
    );
    // However little there is takes a row.
    expect(heights).toEqual([4, 1, 0, 0]);
  });
});

describe("paintCells", () => {
  it("paints byte for byte, highest value on top", () => {
    const cells = { width: 2, rows: 2, values: Float32Array.of(1, 2, 3, Number.NaN) };
    const out = new Uint32Array(2 * 4);
    raster.paintCells(cells, countTable(), 4, out);
    const row = (a: number[], b: number[]): number[] => [...a, ...b];
    const top = row([3, 0, 0, 255], [9, 9, 9, 255]);
    const bottom = row([1, 0, 0, 255], [2, 0, 0, 255]);
    expect([...new Uint8Array(out.buffer)]).toEqual([...top, ...top, ...bottom, ...bottom]);
  });

  it("fills every pixel when rows do not divide the height", () => {
    const cells = { width: 1, rows: 3, values: Float32Array.of(1, 2, 3) };
    const out = new Uint32Array(8);
    raster.paintCells(cells, countTable(), 8, out);
    const reds = [...new Uint8Array(out.buffer)].filter((_, i) => i % 4 === 0);
    expect(reds).toEqual([3, 3, 3, 2, 2, 1, 1, 1]);
    expect([0, 1, 2].map((index) => raster.rowTop(cells, index, 8))).toEqual([5, 3, 0]);
  });

  it("draws rows of unequal height where they lie, cut off at the ends of the axis", () => {
    const places = Float64Array.of(-0.1, 0.5, 0.75, 1.2);
    const cells = { width: 1, rows: 3, values: Float32Array.of(1, 2, 3), places };
    const out = new Uint32Array(8);
    raster.paintCells(cells, countTable(), 8, out);
    const reds = [...new Uint8Array(out.buffer)].filter((_, i) => i % 4 === 0);
    expect(reds).toEqual([3, 3, 2, 2, 1, 1, 1, 1]);
  });

  it("draws a tile from counts to bytes", () => {
    const tile = madeTile({
      edges: [0, 1, 2],
      counts: [
        [4, 0],
        [0, 4],
      ],
    });
    const grid = rebin(tile, ValueScale.linear(0, 2).edges(2));
    const clock = { firstStep: 0, lastStep: 1, records: 2, startTime: 0 };
    const spans = columnSpans(tile.columns, "step", clock);
    const pixels = raster.columnsToPixels(spans, new StepAxis("step", 0, 2), 2);
    const cells = raster.poolCells(grid, tile.columns, pixels, {
      quantity: "share",

      height_px: 2,
    });
    const zero = hexToColour("#ffffff");
    const lut = colormapToLut("viridis");
    const table = colourTable(colourScale("share", "linear", { least: 1, most: 1 }), lut, { zero, gap: 0 });
    const out = new Uint32Array(4);
    raster.paintCells(cells, table, 2, out);
    const full = [253, 231, 37, 255];
    const none = [255, 255, 255, 255];
    expect([...new Uint8Array(out.buffer)]).toEqual([...none, ...full, ...full, ...none]);
  });
});

describe("bands", () => {
  const tile = madeTile({
    edges: [0, 1, 2],
    counts: [
      [5, 5],
      [1, 0],
    ],
    columns: { n: Float64Array.of(10, 5), nans: Float64Array.of(4, 0), zeros: Float64Array.of(5, 0) },
  });
  const grid = rebin(tile, Float64Array.of(0, 1));

  it("are those that have values, in drawing order", () => {
    expect(presentBands(tile.columns, grid)).toEqual(["nans", "above", "zeros"]);
    expect(BANDS.length).toBe(6);
  });

  it("are shares of all values", () => {
    const pixels = raster.columnsToPixels(
      spansOf([
        [0, 1],
        [2, 3],
      ]),
      new StepAxis("step", 0, 3),
      3,
    );
    const share = (name: (typeof BANDS)[number]): number[] => [
      ...bandCells(bandCounts(name, tile.columns, grid), tile.columns.n, pixels).values,
    ];
    expect(share("zeros")).toEqual([0.5, Number.NaN, 0]);
    expect(share("nans")).toEqual([...Float32Array.of(0.4), Number.NaN, 0]);
    expect(share("above")).toEqual([...Float32Array.of(0.1), Number.NaN, 0]);
  });
});

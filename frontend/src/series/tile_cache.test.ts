import { describe, expect, it } from "vitest";
import type { Tile } from "../math/tile";
import { type Made, madeTile } from "../math/tile_fixture";
import { mergeTile } from "./merge_tile";
import { requestToKey, TileCache, tileBytes } from "./tile_cache";
import type { TileRequest } from "./types";

const request: TileRequest = { run: "r", tag: "activations/a", source: "blocks", columns: 512, rows: 64 };

function other(tag: string): TileRequest {
  return { ...request, tag };
}

/** Columns of two records each, from record `first` on. */
function pooled(first: number, made: Made, tile: Partial<Tile> = {}): Tile {
  const count = made.counts[0]!.length;
  const steps = Array.from({ length: count }, (_, c) => first + 2 * c);
  const where = { level: 1, firstColumn: first / 2, records: first + 2 * count };
  return madeTile({ steps, ...made, tile: { ...where, ...tile } });
}

function table(tile: Tile): number[][] {
  const width = tile.columns.length;
  return Array.from(tile.lower, (_, bin) => [...tile.counts.subarray(bin * width, (bin + 1) * width)]);
}

describe("TileCache", () => {
  const tile = madeTile({ edges: [0, 1], counts: [[1, 2]] });

  it("gives back what was put, by what was asked", () => {
    const cache = new TileCache();
    cache.put(request, tile);
    expect(cache.get({ ...request })).toBe(tile);
    expect(cache.get({ ...request, steps: [0, 5] })).toBeUndefined();
    expect(cache.get({ ...request, since: 7 })).toBe(tile);
    expect(requestToKey(request)).not.toBe(requestToKey({ ...request, rows: 32 }));
  });

  it("drops the least recently used tiles first", () => {
    const cache = new TileCache(2 * tileBytes(tile));
    cache.put(other("a"), tile);
    cache.put(other("b"), tile);
    cache.get(other("a"));
    cache.put(other("c"), tile);
    expect(["a", "b", "c"].map((tag) => cache.get(other(tag)) !== undefined)).toEqual([true, false, true]);
    expect(cache.bytes).toBe(2 * tileBytes(tile));
  });

  it("keeps a tile that is larger than itself, alone", () => {
    const cache = new TileCache(1);
    cache.put(other("a"), tile);
    cache.put(other("b"), tile);
    expect(cache.bytes).toBe(tileBytes(tile));
    cache.put(other("b"), tile);
    expect(cache.bytes).toBe(tileBytes(tile));
  });

  it("forgets tiles and counts their bytes off", () => {
    const cache = new TileCache();
    cache.put(other("a"), tile);
    cache.put(other("b"), { ...tile, run: "gone" });
    cache.remove((held) => held.run === "gone");
    expect(cache.bytes).toBe(tileBytes(tile));
    cache.remove(() => true);
    expect(cache.bytes).toBe(0);
  });

  it("counts all arrays of a tile", () => {
    expect(tileBytes(tile)).toBe(14 * 2 * 8 + 2 * 8 + 2 * 4);
  });

  it("asks for what is new from the last column on, with the held tile's unit", () => {
    const cache = new TileCache();
    expect(cache.newerRequest(request)).toEqual(request);
    cache.put(request, pooled(0, { edges: [0, 1], counts: [[1, 2, 3]] }, { unit: -4 }));
    const { rows: _, ...others } = request;
    expect(cache.newerRequest(request)).toEqual({ ...others, unit: -4, since: 4 });
  });

  it("joins the answer, unless the values outgrew the bins", () => {
    const cache = new TileCache();
    cache.put(request, pooled(0, { edges: [0, 1], counts: [[2, 1]] }, { unit: 0, range: [0, 64] }));
    const newer = pooled(2, { edges: [0, 1], counts: [[2, 2]] }, { unit: 0, range: [0, 64] });
    expect(cache.append(request, { ...newer, range: [0, 300] })).toBeNull();
    const joined = cache.append(request, newer);
    expect(table(joined!)).toEqual([[2, 2, 2]]);
    expect(cache.get(request)).toBe(joined);
  });
});

describe("mergeTile", () => {
  const held = pooled(
    0,
    {
      edges: [0, 1, 2],
      counts: [
        [5, 6, 1],
        [0, 2, 1],
      ],
    },
    { revision: "old" },
  );

  it("replaces the last column, which has grown, and goes on", () => {
    const newer = pooled(
      4,
      {
        edges: [0, 1, 2],
        counts: [
          [3, 4],
          [3, 4],
        ],
      },
      { revision: "new" },
    );
    const joined = mergeTile(held, newer)!;
    expect(table(joined)).toEqual([
      [5, 6, 3, 4],
      [0, 2, 3, 4],
    ]);
    expect([...joined.columns.firstStep]).toEqual([0, 2, 4, 6]);
    expect([...joined.columns.n]).toEqual([5, 8, 6, 8]);
    expect(joined).toMatchObject({ revision: "new", records: 8, firstColumn: 0 });
  });

  it("has the bins of both", () => {
    const newer = pooled(6, { lower: [-1, 1], upper: [0, 2], counts: [[7], [8]] });
    const joined = mergeTile(held, newer)!;
    expect([[...joined.lower], [...joined.upper]]).toEqual([
      [-1, 0, 1],
      [0, 1, 2],
    ]);
    expect(table(joined)).toEqual([
      [0, 0, 0, 7],
      [5, 6, 1, 0],
      [0, 2, 1, 8],
    ]);
  });

  it("makes one bin of what lies in one unit, but not of the zero bin", () => {
    const zero = 2 ** -130;
    const a = pooled(
      0,
      { lower: [-zero, 0.125, 1], upper: [zero, 0.25, 9], counts: [[1], [2], [3]] },
      { unit: 0 },
    );
    const b = pooled(
      2,
      { lower: [-zero, 0.5, 1], upper: [zero, 0.75, 9], counts: [[4], [5], [6]] },
      { unit: 0 },
    );
    const joined = mergeTile(a, b)!;
    expect([[...joined.lower], [...joined.upper]]).toEqual([
      [-zero, 0.125, 1],
      [zero, 0.75, 9],
    ]);
    expect(table(joined)).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it("holds counts beyond 32 bits when either does", () => {
    const newer = pooled(4, { edges: [0, 1, 2], counts: [[1], [1]] }, { revision: "old" });
    const joined = mergeTile(held, { ...newer, counts: Float64Array.of(2 ** 40, 1) })!;
    expect(table(joined)).toEqual([
      [5, 6, 2 ** 40],
      [0, 2, 1],
    ]);
  });

  it("is the held tile when nothing is new", () => {
    const nothing = pooled(6, { edges: [0, 1], counts: [[]] });
    expect(mergeTile(held, { ...nothing, records: held.records })).toBe(held);
  });

  it("is the newer tile where that has all columns, which pool more", () => {
    const newer = { ...pooled(0, { edges: [0, 1, 2], counts: [[11], [2]] }), level: 2 };
    expect(mergeTile(held, newer)).toBe(newer);
  });

  it.each([
    ["other pooling", { level: 2 }],
    ["other bins", { unit: 3 }],
    ["fewer records", { records: 2 }],
    ["as many records that are others", { revision: "new" }],
    ["columns apart", { firstColumn: 9 }],
    ["earlier columns", { firstColumn: -1 }],
  ])("gives up on %s", (_, tile: Partial<Tile>) => {
    const newer = pooled(4, { edges: [0, 1, 2], counts: [[3], [3]] }, { revision: "old" });
    expect(mergeTile(held, newer)).not.toBeNull();
    expect(mergeTile(held, { ...newer, ...tile })).toBeNull();
  });

  it("gives up when records were taken away, so that columns shifted", () => {
    const newer = pooled(4, { edges: [0, 1, 2], counts: [[3], [3]], steps: [5] });
    expect(mergeTile(held, newer)).toBeNull();
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tile } from "../math/tile";
import { decodeTiles, isTileError, WireError } from "./decode";
import type { TileError, TileHead, TilesHead } from "./types";

/** Arrays on the wire and where the page holds them. */
const COLUMNS = {
  first_step: "firstStep",
  last_step: "lastStep",
  first_wall_time: "firstWallTime",
  last_wall_time: "lastWallTime",
  records: "records",
  n: "n",
  zeros: "zeros",
  nans: "nans",
  pos_infs: "posInfs",
  neg_infs: "negInfs",
  mean: "mean",
  std: "std",
  min: "min",
  max: "max",
} as const;

interface Golden {
  readonly head: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, readonly (number | null)[]>>;
}

const folder = new URL("../../../tests/golden/", import.meta.url);

function golden(name: string): { buffer: ArrayBuffer; expected: (Golden | TileError)[] } {
  const bytes = readFileSync(new URL(`tiles_${name}.bin`, folder));
  const json = readFileSync(new URL(`tiles_${name}.json`, folder), "utf8");
  return {
    buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    expected: (JSON.parse(json) as { tiles: (Golden | TileError)[] }).tiles,
  };
}

/** The golden answer with a single tile: its head and the tile's arrays. */
function goldenParts(): { head: TilesHead; arrays: Uint8Array } {
  const { buffer } = golden("linear");
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as TilesHead;
  return { head, arrays: new Uint8Array(buffer, Math.ceil((4 + length) / 8) * 8) };
}

function answer(head: object, arrays: Uint8Array = new Uint8Array()): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const start = Math.ceil((4 + text.length) / 8) * 8;
  const bytes = new Uint8Array(start + arrays.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(arrays, start);
  return bytes.buffer;
}

function numbers(array: ArrayLike<number>): (number | null)[] {
  return Array.from(array, (value) => (Number.isFinite(value) ? value : null));
}

function check(tile: Tile, { head, arrays }: Golden): void {
  expect(tile).toMatchObject({
    run: head.run,
    tag: head.tag,
    source: head.source,
    revision: head.revision,
    records: head.records,
    missing: head.missing,
    hint: head.hint,
    level: head.level,
    firstColumn: head.first_column,
    unit: head.unit,
    range: head.range,
    extent: head.extent,
    usual: head.usual,
    firstStep: head.first_step,
    lastStep: head.last_step,
  });
  expect(tile.columns.length).toBe(head.columns);
  for (const [wire, name] of Object.entries(COLUMNS)) {
    expect(numbers(tile.columns[name]), wire).toEqual(arrays[wire]);
  }
  expect(numbers(tile.lower)).toEqual(arrays.lower);
  expect(numbers(tile.upper)).toEqual(arrays.upper);
  expect(numbers(tile.counts)).toEqual(arrays.counts);
}

describe("decodeTiles", () => {
  it.each(["mixed", "wide", "linear", "empty"])("reads the golden answer %s", (name) => {
    const { buffer, expected } = golden(name);
    const tiles = decodeTiles(buffer);
    expect(tiles.length).toBe(expected.length);
    tiles.forEach((tile, i) => {
      const other = expected[i]!;
      if (isTileError(tile)) expect(tile).toEqual(other);
      else check(tile, other as Golden);
    });
  });

  it("counts every value of the golden tiles exactly once", () => {
    for (const tile of decodeTiles(golden("mixed").buffer)) {
      if (isTileError(tile) || tile.unit === null) continue;
      const { n, nans, posInfs, negInfs, length } = tile.columns;
      for (let c = 0; c < length; c++) {
        let sum = nans[c]! + posInfs[c]! + negInfs[c]!;
        for (let bin = 0; bin < tile.lower.length; bin++) sum += tile.counts[bin * length + c]!;
        expect(sum).toBe(n[c]);
      }
    }
  });

  it("says what to do about another version", () => {
    expect(() => decodeTiles(answer({ version: 3, tiles: [] }))).toThrow(
      /version 3.*reads version 2.*restart TensorBoard/,
    );
  });

  it("says which array is missing", () => {
    const { head, arrays } = goldenParts();
    const layout = head.arrays.map((array) => (array.name === "mean" ? { ...array, name: "median" } : array));
    expect(() => decodeTiles(answer({ ...head, arrays: layout }, arrays))).toThrow(
      /without 'mean'; restart TensorBoard/,
    );
  });

  it("passes over an array that this page does not know", () => {
    const { head, arrays } = goldenParts();
    const tiles = head.tiles.map((tile) => ({
      ...tile,
      bytes: arrays.length + 8 * (tile as TileHead).columns,
    }));
    const layout = [...head.arrays, { name: "median_of_all", dtype: "float64", shape: ["columns"] }];
    const longer = new Uint8Array(tiles[0]!.bytes);
    longer.set(arrays);
    const [tile] = decodeTiles(answer({ ...head, arrays: layout, tiles }, longer));
    const [plain] = decodeTiles(answer(head, arrays));
    expect(tile).toMatchObject({ counts: (plain as Tile).counts, lower: (plain as Tile).lower });
  });

  it("says when numbers have an unknown type", () => {
    const { head, arrays } = goldenParts();
    const layout = head.arrays.map((array) =>
      array.name === "mean" ? { ...array, dtype: "float16" } : array,
    );
    expect(() => decodeTiles(answer({ ...head, arrays: layout }, arrays))).toThrow(/does not fit its header/);
  });

  it.each([-1, 1])("refuses a tile whose number of bins is off by %i", (by) => {
    const { head, arrays } = goldenParts();
    const tiles = head.tiles.map((tile) => ({ ...tile, bins: (tile as TileHead).bins + by }));
    expect(() => decodeTiles(answer({ ...head, tiles }, arrays))).toThrow(WireError);
  });

  it("tells of a tile whose description is wrong, beside the others", () => {
    const { head, arrays } = goldenParts();
    const [tile] = head.tiles as TileHead[];
    const odd = [{ ...tile, bins: undefined }, { ...tile, hint: 5 }, null, { error: 3 }];
    const decoded = decodeTiles(answer({ ...head, tiles: [...odd, tile] }, arrays));
    expect(decoded.map(isTileError)).toEqual([true, true, true, true, false]);
    expect(decoded[0]).toMatchObject({ tag: tile!.tag, error: expect.stringContaining("'bins'") });
  });

  it("refuses an answer without a list of arrays and tiles", () => {
    const { head } = goldenParts();
    for (const odd of [
      { ...head, arrays: null },
      { ...head, tiles: {} },
      { ...head, arrays: [5] },
    ])
      expect(() => decodeTiles(answer(odd))).toThrow(/damaged or cut off/);
    for (const odd of [null, 5, [], "x"])
      expect(() => decodeTiles(answer(odd as unknown as object))).toThrow(WireError);
  });

  it("refuses a header that is not JSON", () => {
    const buffer = golden("linear").buffer;
    new Uint8Array(buffer)[4] = 0;
    expect(() => decodeTiles(buffer)).toThrow(/damaged or cut off/);
  });

  it.each([0, 3, 40, 2000])("refuses an answer cut off after %i bytes", (length) => {
    expect(() => decodeTiles(golden("mixed").buffer.slice(0, length))).toThrow(WireError);
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tile } from "../math/tile";
import { decodeTiles, isTileError, WireError } from "./decode";
import type { TileError } from "./types";

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
    const answer = new TextEncoder().encode('{"version": 2, "tiles": []}');
    const buffer = new Uint8Array(4 + answer.length);
    new DataView(buffer.buffer).setUint32(0, answer.length, true);
    buffer.set(answer, 4);
    expect(() => decodeTiles(buffer.buffer)).toThrow(/version 2.*reads version 1.*restart TensorBoard/);
  });

  it.each([0, 3, 40, 2000])("refuses an answer cut off after %i bytes", (length) => {
    expect(() => decodeTiles(golden("mixed").buffer.slice(0, length))).toThrow(WireError);
  });
});

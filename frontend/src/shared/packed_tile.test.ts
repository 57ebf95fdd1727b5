import { expect, test } from "vitest";
import { unpackTile } from "./packed_tile";

const AXIS = {
  first_step: [10, 2, 2],
  last_step: [11, 2, 1],
  first_wall_time: [1_700_000_000_500, 1000, 1000],
  last_wall_time: [1_700_000_001_500, 1000, 1000],
  records: [2, 2, 1],
};

const HEAD = {
  run: "a",
  tag: "activations/conv1",
  source: "blocks",
  revision: "r",
  records: 5,
  missing: 0,
  hint: "",
  level: 1,
  first_column: 0,
  columns: 3,
  bins: 2,
  unit: -3,
  range: [0, 2],
  extent: [0, 2.5],
  usual: 1.5,
  first_step: 10,
  last_step: 14,
  rounded: false,
  axis: 0,
};

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

function pack(head: object, arrays: Record<string, Numbers>): ArrayBuffer {
  const named = Object.entries(arrays).map(([name, values]) => [
    name,
    values.constructor.name.replace("Array", "").toLowerCase(),
  ]);
  const text = new TextEncoder().encode(JSON.stringify({ ...head, arrays: named }));
  const length = new Uint8Array(Uint32Array.of(text.length).buffer);
  const bytes = Object.values(arrays).flatMap((values) => {
    const raw = new Uint8Array(values.buffer);
    const width = values.BYTES_PER_ELEMENT;
    return Array.from(raw, (_, at) => raw[(at % values.length) * width + Math.floor(at / values.length)]!);
  });
  return Uint8Array.from([...length, ...text, ...bytes]).buffer;
}

/** Zigzag: 0, -1, 1, -2, 2 … are 0, 1, 2, 3, 4 … */
const ARRAYS = {
  n: Uint16Array.of(2000, 0, 1999),
  zeros: Uint8Array.of(6, 3, 0),
  nans: Uint8Array.of(0, 0, 0),
  pos_infs: Uint8Array.of(0, 0, 0),
  neg_infs: Uint8Array.of(0, 0, 0),
  mean: Float32Array.of(0.5, Number.NaN, 1),
  std: Float32Array.of(1, 2, 3),
  min: Float32Array.of(-1, -2, -3),
  max: Float32Array.of(1, 2, 3),
  lower: Float64Array.of(0, 1),
  upper: Float64Array.of(1, 2),
  counts: Uint16Array.of(600, 1, 2, 14, 13, 0),
};

test("a tile is as it was packed", () => {
  const tile = unpackTile(pack(HEAD, ARRAYS), [AXIS]);
  expect(tile).toMatchObject({ run: "a", tag: "activations/conv1", level: 1, firstColumn: 0, unit: -3 });
  expect(tile).toMatchObject({ range: [0, 2], extent: [0, 2.5], firstStep: 10, lastStep: 14, records: 5 });
  expect([...tile.columns.firstStep]).toEqual([10, 12, 14]);
  expect([...tile.columns.lastStep]).toEqual([11, 13, 14]);
  expect([...tile.columns.firstWallTime]).toEqual([1_700_000_000.5, 1_700_000_001.5, 1_700_000_002.5]);
  expect([...tile.columns.records]).toEqual([2, 2, 1]);
  expect([...tile.columns.n]).toEqual([1000, 1000, 0]);
  expect([...tile.columns.zeros]).toEqual([3, 1, 1]);
  expect([...tile.columns.mean]).toEqual([0.5, Number.NaN, 1]);
  expect([...tile.upper]).toEqual([1, 2]);
  expect([...tile.counts]).toEqual([300, 299, 300, 7, 0, 0]);
});

test("rounded counts are levels a square root apart", () => {
  const numbers = Uint16Array.of(0, 6, 6, 16, 1, 2);
  const tile = unpackTile(pack({ ...HEAD, rounded: true }, { ...ARRAYS, counts: numbers }), [AXIS]);
  // 0, 1, 2, 3, 4, 6, 8, 10, 13: as core in rounding.py has them.
  expect([...tile.counts]).toEqual([0, 3, 8, 13, 10, 13]);
});

test("counts beyond 32 bits stay whole", () => {
  const counts = Float64Array.of(2 ** 41, 1, 2, 0, 0, 0);
  const tile = unpackTile(pack(HEAD, { ...ARRAYS, counts }), [AXIS]);
  expect([...tile.counts].slice(0, 3)).toEqual([2 ** 40, 2 ** 40 - 1, 2 ** 40]);
});

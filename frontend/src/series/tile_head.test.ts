import { describe, expect, it } from "vitest";
import { areTileArrays, checkTileHead } from "./tile_head";
import type { TileError, TileHead } from "./types";

const HEAD: TileHead = {
  run: "a",
  tag: "activations/conv1",
  source: "blocks",
  revision: "0f",
  records: 12,
  missing: 0,
  hint: "",
  level: 1,
  first_column: 0,
  columns: 6,
  bins: 3,
  unit: -4,
  range: [-1, 1.5],
  extent: null,
  usual: 1.5,
  first_step: -1,
  last_step: 2 ** 62,
  dtypes: { step: "int64", count: "uint32" },
  offset: 0,
  bytes: 800,
};
const ERROR: TileError = { run: "a", tag: "b", source: "histograms", error: "no", status: 404 };

const ODD: readonly unknown[] = [
  ...[undefined, null, true, -1, 0.5, 2 ** 60, Number.POSITIVE_INFINITY, "x", "__proto__"],
  ...[[], [null], [1, 0], [1], [0, "1"], {}, { step: "int32" }, { step: "float", count: "uint32" }, [[{}]]],
];

/** Values of a field that are odd and yet right. */
const RIGHT: Readonly<Record<string, readonly unknown[]>> = {
  run: ["x", "__proto__"],
  tag: ["x", "__proto__"],
  revision: ["x", "__proto__"],
  hint: ["x", "__proto__"],
  error: ["x", "__proto__"],
  unit: [null, -1],
  range: [null],
  extent: [null],
  usual: [-1, 0.5, 2 ** 60],
  first_step: [-1, 0.5, 2 ** 60],
  last_step: [-1, 0.5, 2 ** 60],
  status: [-1, 0.5, 2 ** 60],
};

describe("the head of a tile", () => {
  it("stays as it is where it is right", () => {
    expect(checkTileHead(HEAD)).toBe(HEAD);
    expect(checkTileHead(ERROR)).toBe(ERROR);
  });

  it.each(Object.keys(HEAD))("is an error of its own for an odd %s", (name) => {
    for (const odd of ODD.filter((value) => !RIGHT[name]?.includes(value))) {
      const checked = checkTileHead({ ...HEAD, [name]: odd });
      expect(checked, JSON.stringify(odd)).toMatchObject({
        status: 500,
        error: expect.stringContaining(name),
      });
    }
  });

  it.each(Object.keys(ERROR))("is another error for an error with an odd %s", (name) => {
    for (const odd of ODD.filter((value) => !RIGHT[name]?.includes(value)))
      expect(checkTileHead({ ...ERROR, [name]: odd })).toMatchObject({ status: 500 });
  });

  it("is an error where it is no object", () => {
    for (const odd of [undefined, null, 0, "x", []])
      expect(checkTileHead(odd)).toMatchObject({ run: "", tag: "", source: "blocks", status: 500 });
  });
});

describe("the list of a tile's arrays", () => {
  it("has names, types and shapes", () => {
    const array = { name: "n", dtype: "count", shape: ["columns"] };
    expect(areTileArrays([array])).toBe(true);
    expect(areTileArrays([])).toBe(true);
    for (const odd of ODD) {
      expect(areTileArrays([odd])).toBe(false);
      for (const name of ["name", "dtype", "shape"])
        if (!(name !== "shape" && typeof odd === "string") && !(name === "shape" && String(odd) === ""))
          expect(areTileArrays([{ ...array, [name]: odd }]), `${name} ${JSON.stringify(odd)}`).toBe(false);
    }
  });
});

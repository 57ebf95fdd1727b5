/** Checks the head of a tiles answer where it arrives: each field is as promised, or it is named. */

import type { Tile } from "../math/tile";
import type { TileArray, TileError, TileHead } from "./types";

type Check = (value: unknown) => boolean;
type Checks<Fields> = { readonly [Name in keyof Fields]-?: Check };

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = Number.isFinite;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isRange: Check = (value) =>
  value === null ||
  (Array.isArray(value) && value.length === 2 && value.every(isNumber) && value[0] <= value[1]);

function isOneOf(...words: readonly string[]): Check {
  return (value) => words.includes(value as string);
}

const isSource = isOneOf("blocks", "histograms");

const ARRAY: Checks<TileArray> = {
  name: isText,
  dtype: isText,
  shape: (value) => Array.isArray(value) && value.every(isOneOf("columns", "bins")),
};

const DTYPES: Checks<TileHead["dtypes"]> = {
  step: isOneOf("int32", "int64"),
  count: isOneOf("uint32", "uint64"),
};

const TILE: Checks<TileHead> = {
  run: isText,
  tag: isText,
  source: isSource,
  revision: isText,
  records: isCount,
  missing: isCount,
  hint: isText,
  level: (value) => isCount(value) && (value as number) <= 53,
  first_column: isCount,
  columns: isCount,
  bins: isCount,
  unit: (value) => value === null || (Number.isSafeInteger(value) && Math.abs(value as number) <= 1074),
  range: isRange,
  extent: isRange,
  usual: isNumber,
  first_step: isNumber,
  last_step: isNumber,
  dtypes: (value) => misfit(value, DTYPES) === null,
  offset: isCount,
  bytes: isCount,
};

const ERROR: Checks<TileError> = {
  run: isText,
  tag: isText,
  source: isSource,
  error: isText,
  status: isNumber,
};

/** The first field that is not as promised; "" where the value is no object, null where all is well. */
function misfit<Fields>(value: unknown, checks: Checks<Fields>): string | null {
  if (typeof value !== "object" || value === null) return "";
  const fields = value as Record<string, unknown>;
  const wrong = Object.entries<Check>(checks).find(([name, check]) => !check(fields[name]));
  return wrong?.[0] ?? null;
}

/** Whether a value is the list of a tile's arrays. */
export function areTileArrays(value: unknown): value is readonly TileArray[] {
  return Array.isArray(value) && value.every((array) => misfit(array, ARRAY) === null);
}

/** A tile's entry as it was sent; in place of one that is not as promised, an error that says so. */
export function checkTileHead(value: unknown): TileHead | TileError {
  const isError = typeof value === "object" && value !== null && "error" in value;
  const wrong = isError ? misfit(value, ERROR) : misfit(value, TILE);
  if (wrong === null) return value as TileHead | TileError;
  const { run, tag, source } = (value ?? {}) as Record<string, unknown>;
  const what = wrong === "" ? "is no object" : `has a '${wrong}' that this page cannot read`;
  return {
    run: isText(run) ? (run as string) : "",
    tag: isText(tag) ? (tag as string) : "",
    source: isSource(source) ? (source as TileError["source"]) : "blocks",
    error: `The server's description of this tile ${what}; restart TensorBoard and reload the page.`,
    status: 500,
  };
}

/** What a tile says of itself, by the page's names. */
export function headToFacts(head: TileHead): Omit<Tile, "columns" | "lower" | "upper" | "counts"> {
  const { run, tag, source, revision, records, missing, hint, level, unit, range, extent, usual } = head;
  return {
    ...{ run, tag, source, revision, records, missing, hint, level, unit, range, extent, usual },
    firstColumn: head.first_column,
    firstStep: head.first_step,
    lastStep: head.last_step,
  };
}

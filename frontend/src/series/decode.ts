/** The binary answer of the tiles route (plugin/http_api.md) as tiles. */

import type { Tile } from "../math/tile";
import { areTileArrays, checkTileHead, headToFacts } from "./tile_head";
import {
  TILE_ARRAYS,
  TILES_VERSION,
  type TileArray,
  type TileError,
  type TileHead,
  type TilesHead,
} from "./types";

/** The answer is not what this page understands; the message says what to do. */
export class WireError extends Error {
  override readonly name = "WireError";
}

type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** By the page's names. One value a column or bin is a float64, whatever it was; the many cells stay as sent. */
type TileArrays = {
  readonly [Name in (typeof TILE_ARRAYS)[number] as CamelCase<Name>]: Name extends "counts"
    ? Tile["counts"]
    : Float64Array;
};

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const ALIGNMENT = 8;

/** Whether a tile could not be made. */
export function isTileError(tile: Tile | TileError): tile is TileError {
  return "error" in tile;
}

/** Decode one answer; tiles stand in the order in which they were asked for. */
export function decodeTiles(buffer: ArrayBuffer): (Tile | TileError)[] {
  const { head, end } = readHead(buffer);
  checkVersion(head.version, TILES_VERSION);
  if (!areTileArrays(head.arrays) || !Array.isArray(head.tiles)) throw damaged(buffer);
  const layout = toPageNames(head.arrays);
  const start = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
  return head.tiles.map((entry) => {
    const tile = checkTileHead(entry);
    return "error" in tile ? tile : decodeTile(tile, layout, buffer, start + tile.offset);
  });
}

/** Refuse an answer of another version than this page was built for. */
export function checkVersion(given: unknown, known: number): void {
  if (given === known) return;
  throw new WireError(
    `The server speaks version ${given}, this page reads version ${known}; restart TensorBoard and reload the page.`,
  );
}

/** The head as it was sent, of which any part may be anything. */
type UncheckedHead = { readonly [Name in keyof TilesHead]?: unknown };

function readHead(buffer: ArrayBuffer): { readonly head: UncheckedHead; readonly end: number } {
  try {
    const length = new DataView(buffer).getUint32(0, true);
    const text = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
    return { head: { ...JSON.parse(text) }, end: 4 + length };
  } catch {
    throw damaged(buffer);
  }
}

function damaged(buffer: ArrayBuffer): WireError {
  return new WireError(
    `The tiles answer is damaged or cut off (${buffer.byteLength} bytes); reload the page.`,
  );
}

/** An array that this page does not know does no harm. */
function toPageNames(arrays: readonly TileArray[]): readonly TileArray[] {
  const absent = TILE_ARRAYS.find((name) => !arrays.some((array) => array.name === name));
  if (absent !== undefined) {
    throw new WireError(
      `The server sends tiles without '${absent}'; restart TensorBoard and reload the page.`,
    );
  }
  return arrays.map((array) => ({ ...array, name: camelCase(array.name) }));
}

/** `firstStep` for `first_step`. */
export function camelCase(name: string): string {
  return name.replace(/_./g, (match) => match[1]!.toUpperCase());
}

function decodeTile(head: TileHead, layout: readonly TileArray[], buffer: ArrayBuffer, start: number): Tile {
  const { lower, upper, counts, ...columns } = decodeArrays(head, layout, buffer, start);
  return {
    ...headToFacts(head),
    columns: { length: head.columns, ...columns },
    lower,
    upper,
    counts,
  };
}

function decodeArrays(
  head: TileHead,
  layout: readonly TileArray[],
  buffer: ArrayBuffer,
  start: number,
): TileArrays {
  const resolved = layout.map(({ name, dtype, shape }) => ({
    name,
    dtype: dtype === "step" || dtype === "count" ? head.dtypes[dtype] : dtype,
    length: shape.reduce((size, axis) => size * head[axis], 1),
    isCells: shape.length > 1,
  }));
  const bytes = resolved.reduce((sum, { dtype, length }) => sum + (length * Number(dtype.slice(-2))) / 8, 0);
  if (bytes !== head.bytes || start + bytes > buffer.byteLength) {
    throw new WireError(`The tile of '${head.tag}' does not fit its header; reload the page.`);
  }
  const reader = new ArrayReader(new Uint8Array(buffer, start, bytes));
  const arrays: Record<string, Float64Array | Uint32Array> = {};
  for (const { name, dtype, length, isCells } of resolved) {
    const values = reader.read(dtype, length);
    arrays[name] = isCells ? values : toFloat64(values);
  }
  return arrays as unknown as TileArrays;
}

function toFloat64(values: Uint32Array | Float64Array): Float64Array {
  return values instanceof Float64Array ? values : new Float64Array(values);
}

/** Reads byte-shuffled arrays (all first bytes, then all second bytes, ...) one after another. */
class ArrayReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  read(dtype: string, length: number): Uint32Array | Float64Array {
    if (dtype === "float64") return this.float64(length);
    if (dtype === "uint32") return this.uint32(length);
    if (dtype === "int32") return new Float64Array(new Int32Array(this.uint32(length).buffer));
    return this.int64(length, dtype === "int64");
  }

  private uint32(length: number): Uint32Array<ArrayBuffer> {
    const from = this.take(length * 4);
    const { bytes } = this;
    const values = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const low = bytes[from + i]! | (bytes[from + length + i]! << 8);
      const high = bytes[from + 2 * length + i]! | (bytes[from + 3 * length + i]! << 8);
      values[i] = low | (high << 16);
    }
    return values;
  }

  private float64(length: number): Float64Array {
    const from = this.take(length * 8);
    const values = new Float64Array(length);
    const target = new Uint8Array(values.buffer);
    for (let byte = 0; byte < 8; byte++) {
      const place = LITTLE_ENDIAN ? byte : 7 - byte;
      const source = from + byte * length;
      for (let i = 0; i < length; i++) target[i * 8 + place] = this.bytes[source + i]!;
    }
    return values;
  }

  /** Integers of 64 bits as numbers: exact up to 2**53. */
  private int64(length: number, signed: boolean): Float64Array {
    const words = new Uint32Array(this.float64(length).buffer);
    const low = LITTLE_ENDIAN ? 0 : 1;
    return Float64Array.from({ length }, (_, i) => {
      const high = words[2 * i + 1 - low]!;
      return (signed ? high | 0 : high) * 2 ** 32 + words[2 * i + low]!;
    });
  }

  private take(size: number): number {
    const from = this.at;
    this.at += size;
    return from;
  }
}

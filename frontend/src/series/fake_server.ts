/** A server that answers as a test says, call by call. */

import type { Tile } from "../math/tile";
import { Client, type Transport } from "./client";
import { camelCase } from "./decode";
import {
  TILE_ARRAYS,
  TILES_VERSION,
  type TileArray,
  type TileError,
  type TileHead,
  type TileRequest,
  type TilesHead,
} from "./types";

export interface Call {
  readonly url: string;
  readonly init: RequestInit;
  readonly answer: (response: Response) => void;
  readonly fail: (error: Error) => void;
}

export class FakeServer {
  readonly calls: Call[] = [];
  readonly waits: number[] = [];
  readonly client: Client;

  constructor() {
    const transport: Transport = {
      base: "http://localhost:6006/prefix/data/plugin/activation_hist/",
      fetch: (url, init = {}) =>
        new Promise((answer, fail) => {
          init.signal?.addEventListener("abort", () => fail(init.signal!.reason as Error));
          this.calls.push({ url: String(url), init, answer, fail });
        }),
      wait: async (delay_ms) => {
        this.waits.push(delay_ms);
      },
    };
    this.client = new Client(transport);
  }

  /** Let pending promises go on until there is a call of this number. */
  async call(i: number): Promise<Call> {
    for (let turn = 0; turn < 50 && this.calls.length <= i; turn++) await Promise.resolve();
    return this.calls[i]!;
  }
}

/** The tiles that a call asks for. */
export function askedTiles({ init }: Call): TileRequest[] {
  return (JSON.parse(String(init.body)) as { tiles: TileRequest[] }).tiles;
}

/** All arrays of a tile with one value a column or bin are sent as float64. */
const LAYOUT: readonly TileArray[] = TILE_ARRAYS.map((name) => {
  if (name === "counts") return { name, dtype: "uint32", shape: ["bins", "columns"] };
  return { name, dtype: "float64", shape: [name === "lower" || name === "upper" ? "bins" : "columns"] };
});

/** The answer of the tiles route (plugin/http_api.md). */
export function tilesToResponse(tiles: readonly (Tile | TileError)[]): Response {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const heads = tiles.map((tile) => {
    if ("error" in tile) return tile;
    const arrays = tileToArrays(tile);
    parts.push(...arrays);
    const bytes = arrays.reduce((sum, array) => sum + array.length, 0);
    offset += bytes;
    return headOf(tile, offset - bytes, bytes);
  });
  const head: TilesHead = { version: TILES_VERSION, arrays: LAYOUT, tiles: heads };
  return new Response(joinAnswer(new TextEncoder().encode(JSON.stringify(head)), parts, offset));
}

function joinAnswer(head: Uint8Array, parts: readonly Uint8Array[], size: number): ArrayBuffer {
  const start = Math.ceil((4 + head.length) / 8) * 8;
  const body = new Uint8Array(start + size);
  new DataView(body.buffer).setUint32(0, head.length, true);
  body.set(head, 4);
  let at = start;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body.buffer;
}

function headOf(tile: Tile, offset: number, bytes: number): TileHead {
  const { run, tag, source, revision, records, missing, hint, level, unit, range, extent, usual } = tile;
  return {
    ...{
      run,
      tag,
      source,
      revision,
      records,
      missing,
      hint,
      level,
      unit,
      range,
      extent,
      usual,
      offset,
      bytes,
    },
    first_column: tile.firstColumn,
    columns: tile.columns.length,
    bins: tile.lower.length,
    first_step: tile.firstStep,
    last_step: tile.lastStep,
    dtypes: { step: "int32", count: "uint32" },
  };
}

function tileToArrays({ columns, lower, upper, counts }: Tile): Uint8Array[] {
  const arrays: Record<string, unknown> = { ...columns, lower, upper, counts };
  return LAYOUT.map(({ name, dtype }) => {
    const values = arrays[camelCase(name)] as ArrayLike<number>;
    const typed = dtype === "float64" ? Float64Array.from(values) : Uint32Array.from(values);
    return shuffle(new Uint8Array(typed.buffer), typed.BYTES_PER_ELEMENT);
  });
}

/** All first bytes, then all second bytes, … */
function shuffle(bytes: Uint8Array, size: number): Uint8Array {
  const length = bytes.length / size;
  return Uint8Array.from(bytes, (_, at) => bytes[(at % length) * size + Math.floor(at / length)]!);
}

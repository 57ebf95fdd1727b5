/** A server that answers as a test says, call by call. */

import type { Tile } from "../math/tile";
import { Client, type Transport } from "./client";
import type { TileError, TileRequest } from "./types";

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

/** The answer of the tiles route (plugin/http_api.md). Counts and steps take 4 bytes. */
export function tilesToResponse(tiles: readonly (Tile | TileError)[]): Response {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const headers = tiles.map((tile) => {
    if ("error" in tile) return tile;
    const arrays = tileToArrays(tile);
    const bytes = arrays.reduce((sum, array) => sum + array.length, 0);
    const header = { ...headerOf(tile), offset, bytes };
    const padding = new Uint8Array((8 - (bytes % 8)) % 8);
    parts.push(...arrays, padding);
    offset += bytes + padding.length;
    return header;
  });
  const head = new TextEncoder().encode(JSON.stringify({ version: 1, tiles: headers }));
  const start = Math.ceil((4 + head.length) / 8) * 8;
  const body = new Uint8Array(start + offset);
  new DataView(body.buffer).setUint32(0, head.length, true);
  body.set(head, 4);
  let at = start;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return new Response(body);
}

function headerOf(tile: Tile) {
  const { run, tag, source, revision, records, missing, hint, level, unit, range, extent } = tile;
  return {
    ...{ run, tag, source, revision, records, missing, hint, level, unit, range, extent },
    first_column: tile.firstColumn,
    columns: tile.columns.length,
    bins: tile.lower.length,
    first_step: tile.firstStep,
    last_step: tile.lastStep,
    count_bytes: 4,
  };
}

function tileToArrays({ columns, lower, upper, counts }: Tile): Uint8Array[] {
  const int = (values: ArrayLike<number>) => shuffle(new Uint8Array(Int32Array.from(values).buffer), 4);
  const float = (values: ArrayLike<number>) => shuffle(new Uint8Array(Float64Array.from(values).buffer), 8);
  const { firstStep, lastStep, firstWallTime, lastWallTime, records, n, zeros, nans, posInfs, negInfs } =
    columns;
  return [
    ...[firstStep, lastStep].map(int),
    ...[firstWallTime, lastWallTime].map(float),
    ...[records, n, zeros, nans, posInfs, negInfs].map(int),
    ...[columns.mean, columns.std, columns.min, columns.max, lower, upper].map(float),
    int(counts),
  ];
}

/** All first bytes, then all second bytes, … */
function shuffle(bytes: Uint8Array, size: number): Uint8Array {
  const length = bytes.length / size;
  return Uint8Array.from(bytes, (_, at) => bytes[(at % length) * size + Math.floor(at / length)]!);
}

/** Tiles that were fetched, the least recently used ones dropped first. */

import type { Tile } from "../math/tile";
import { mergeTile } from "./merge_tile";
import { DEFAULT_ROWS, type TileRequest } from "./types";

/** 64 MB hold some 250 panels of 1,000 columns and 64 rows. */
export const CACHE_BYTES = 64 * 2 ** 20;

/** What a tile shows, apart from how new it is: two requests with equal keys ask for the same picture. */
export function requestToKey(request: TileRequest): string {
  const { run, tag, source, steps, columns, rows, unit } = request;
  return JSON.stringify([source, tag, run, steps ?? null, columns ?? null, rows ?? null, unit ?? null]);
}

/** Bytes of a tile's arrays. */
export function tileBytes(tile: Tile): number {
  const columns = Object.values(tile.columns) as readonly (number | ArrayBufferView)[];
  const arrays = [...columns, tile.lower, tile.upper, tile.counts];
  return arrays.reduce<number>((sum, array) => sum + (typeof array === "number" ? 0 : array.byteLength), 0);
}

/**
 * Holds the newest known tile of each request. A held tile may be older than the server's: compare its
 * `revision`; the page goes on showing it until its successor arrives.
 */
export class TileCache {
  /** Map keeps insertion order, so the first entry is the least recently used one. */
  private readonly held = new Map<string, { readonly tile: Tile; readonly bytes: number }>();
  private used_bytes = 0;

  /** capacity_bytes: at least the tile put last is always kept. */
  constructor(private readonly capacity_bytes: number = CACHE_BYTES) {}

  get bytes(): number {
    return this.used_bytes;
  }

  /** The tile of a request, now the most recently used; undefined when it is not held. */
  get(request: TileRequest): Tile | undefined {
    const key = requestToKey(request);
    const entry = this.held.get(key);
    if (entry === undefined) return undefined;
    this.held.delete(key);
    this.held.set(key, entry);
    return entry.tile;
  }

  put(request: TileRequest, tile: Tile): void {
    const key = requestToKey(request);
    this.drop(key);
    const bytes = tileBytes(tile);
    this.held.set(key, { tile, bytes });
    this.used_bytes += bytes;
    for (const oldest of this.held.keys()) {
      if (this.used_bytes <= this.capacity_bytes || oldest === key) break;
      this.drop(oldest);
    }
  }

  /** What to ask for to bring a held tile up to date: the columns from its last one on, with its bins. */
  newerRequest(request: TileRequest): TileRequest {
    const tile = this.held.get(requestToKey(request))?.tile;
    if (tile === undefined || tile.columns.length === 0) return request;
    const last = tile.firstColumn + tile.columns.length - 1;
    const since = last * 2 ** tile.level;
    if (tile.unit === null || request.unit !== undefined) return { ...request, since };
    const { rows: _, ...others } = request;
    return { ...others, unit: tile.unit, since };
  }

  /**
   * Join the answer to `newerRequest` with the held tile; the joined tile, or null when they do not fit
   * (or the values have left the range its bins were chosen for) and the whole tile must be asked for.
   */
  append(request: TileRequest, newer: Tile): Tile | null {
    const held = this.held.get(requestToKey(request))?.tile;
    const joined = held === undefined || outgrown(request, newer) ? null : mergeTile(held, newer);
    if (joined !== null) this.put(request, joined);
    return joined;
  }

  /** Forget the tiles for which `unwanted` holds, such as those of a run that is gone. */
  remove(unwanted: (tile: Tile) => boolean): void {
    for (const [key, { tile }] of this.held) if (unwanted(tile)) this.drop(key);
  }

  private drop(key: string): void {
    this.used_bytes -= this.held.get(key)?.bytes ?? 0;
    this.held.delete(key);
  }
}

/** The server chooses a unit that gives `rows` to 2 * `rows` central rows; twice off either way is too far. */
function outgrown(request: TileRequest, newer: Tile): boolean {
  const wanted = request.rows ?? DEFAULT_ROWS;
  if (newer.unit === null || newer.range === null || request.unit !== undefined || wanted === 0) return false;
  const rows = (newer.range[1] - newer.range[0]) / 2 ** newer.unit;
  return rows < wanted / 2 || rows > wanted * 4;
}

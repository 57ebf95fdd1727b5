/** What is held of one layer in one run. */

import { type Signal, signal } from "@preact/signals";
import type { Tile } from "../math/tile";
import type { TileRequest } from "./types";

/** Only ids of panels have a line break. */
export function panelId(run: string, seriesId: string): string {
  return `${run}\n${seriesId}`;
}

/** Which of a panel's two tiles: all steps at the resolution of the page, or the zoomed part, sharper. */
export type TileSlot = "tile" | "fine";

export class PanelData {
  readonly id: string;
  readonly tile: Signal<Tile | null> = signal(null);
  readonly fine: Signal<Tile | null> = signal(null);
  /** Why something could not be loaded, "" where nothing failed; and whether that was the whole or the zoomed part. */
  readonly error = signal("");
  failed: TileSlot = "tile";

  /** Whether newer columns of it are under way. */
  readonly awaited = signal(false);

  /** What the tiles were asked for with; null before an answer. */
  readonly requests: Record<TileSlot, TileRequest | null> = { tile: null, fine: null };
  /** Count of reloads, and revision of the index when the whole was last asked for. */
  reloads = 0;
  revision = "";

  constructor(
    readonly run: string,
    readonly seriesId: string,
  ) {
    this.id = panelId(run, seriesId);
  }

  take(part: TileSlot, tile: Tile | null, request: TileRequest | null): void {
    this[part].value = tile;
    this.requests[part] = request;
  }

  fail(part: TileSlot, request: TileRequest, error: unknown): void {
    this.requests[part] = request;
    this.failed = part;
    this.error.value = error instanceof Error ? error.message : String(error);
  }

  /** Takes a failure back, where it was of this part. */
  recover(part: TileSlot): void {
    if (this.failed === part) this.error.value = "";
  }
}

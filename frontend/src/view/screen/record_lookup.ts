/** Single records where a column pools several: looked up when the crosshair rests on it. */

import { effect, signal } from "@preact/signals";
import { columnAt, nearestColumn } from "../../math/column_spans";
import type { Tile } from "../../math/tile";
import { isTileError } from "../../series/decode";
import { requestToKey } from "../../series/tile_cache";
import type { TileRequest } from "../../series/types";
import { client } from "../catalog/catalog";
import { spansOf } from "../panel/panel_times";
import { type PanelView, rebinned } from "../panel/panel_view";
import { type Readout, readColumn, readPanel } from "../panel/readout";
import { remember } from "../reactive/memo";
import { type Cursor, cursor, type ThinPart } from "../settings/zoom";
import { findPanel } from "./views";

/** So long the crosshair is on one column before its records are asked for. */
const REST_MS = 120;
const MOST_HELD = 48;
/** More records than this are not told apart by any pointer. */
const MOST_RECORDS = 8192;
/** All stored bins, so that no row of a panel cuts one. */
const UNMERGED = 0;

/** The records of columns, by what they were asked with and the revision of the series. */
const held = new Map<string, Tile>();
/** Grows when `held` has more. */
const answers = signal(0);

/** What the crosshair reads: one record where it is known, else the column that is drawn. */
export function readRecord(
  panel: PanelView,
  unit: number,
  value: number | null,
  part: ThinPart | null,
): Readout | null {
  const drawn = readPanel(panel, unit, value, part);
  const request = part === "strip" ? null : requestAt(panel, unit);
  void answers.value;
  const tile = request && held.get(keyOf(panel, request));
  const spans = tile && spansOf(tile, panel.clock.value);
  if (drawn === null || !tile || !spans) return drawn;
  const column = nearestColumn(spans, unit);
  if (column < 0) return drawn;
  // What is compared with the baseline is what is drawn.
  const { difference } = drawn;
  return { ...readColumn(panel, { tile, grid: rebinned(tile, panel), column }, value, part), difference };
}

/** The records of the column at a place; null where it is one record already, and in gaps. */
function requestAt(panel: PanelView, unit: number): TileRequest | null {
  const shown = panel.shown.value;
  const spans = panel.spans.value;
  const column = spans === null ? -1 : columnAt(spans, unit);
  const records = shown?.columns.records[column] ?? 1;
  if (shown === null || records <= 1) return null;
  const { run, tag, source, columns } = shown;
  return {
    run,
    tag,
    source,
    steps: [columns.firstStep[column] ?? 0, columns.lastStep[column] ?? 0],
    columns: Math.min(MOST_RECORDS, records),
    rows: UNMERGED,
  };
}

function keyOf(panel: PanelView, request: TileRequest): string {
  return `${panel.data.tile.peek()?.revision} ${requestToKey(request)}`;
}

/** Call once; gives what ends it. */
export function startRecordLookup(): () => void {
  let timer = 0;
  let abort = new AbortController();
  const stop = effect(() => {
    const at = cursor.value;
    window.clearTimeout(timer);
    abort.abort();
    if (at === null) return;
    abort = new AbortController();
    const { signal: stopped } = abort;
    timer = window.setTimeout(() => void lookUp(at, stopped), REST_MS);
  });
  return () => {
    stop();
    window.clearTimeout(timer);
    abort.abort();
  };
}

/** Asks for the records in all runs of the row; without them the range is shown, so a failed request does no harm. */
async function lookUp({ panelId, unit }: Cursor, stopped: AbortSignal): Promise<void> {
  const wanted = new Map<string, TileRequest>();
  for (const panel of findPanel(panelId)?.layer.panels.peek() ?? []) {
    const request = requestAt(panel, unit);
    if (request !== null && !held.has(keyOf(panel, request))) wanted.set(keyOf(panel, request), request);
  }
  if (wanted.size === 0) return;
  const found = await client.tiles([...wanted.values()], stopped).catch(() => []);
  [...wanted.keys()].forEach((key, at) => {
    const tile = found[at];
    if (tile && !isTileError(tile)) remember(held, key, tile, MOST_HELD);
  });
  answers.value++;
}

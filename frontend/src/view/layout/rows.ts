/** The rows of the page with their places, so that only those on the screen need to exist. */

import { computed, signal } from "@preact/signals";
import { STRIP_HEIGHT_PX } from "../../paint/scene";
import { seriesId } from "../../series/series_id";
import { isOpen, isTransposed, layers, orderRows } from "../selection/selection";
import type { Row } from "../selection/tree";
import * as settings from "../settings/settings";
import { effectivePanelHeight_px, GROUP_PX, narrow, STRIP_GAP_PX, strip_px, TITLE_PX } from "./metrics";

/** Height of a name above a strip. */
const STRIP_TITLE_PX = 16;

export interface PlacedRow {
  readonly row: Row;
  readonly top_px: number;
  readonly height_px: number;
}

/** How much layers change or differ; given by whoever has seen their tiles. */
export const ranks = signal<ReadonlyMap<string, number>>(new Map());

/** Tags of layers that are folded away because their runs are equal; given by whoever compared them. */
export const foldedTags = signal<ReadonlySet<string>>(new Set());

export const rows = computed<readonly Row[]>(() => {
  const full = settings.full.value;
  const all = layers.value.filter(({ tag }) => !foldedTags.value.has(tag));
  const only = full === "" ? [] : all.filter((series) => seriesId(series) === full);
  if (only.length > 0) return orderRows(only, "name", [], () => 0);
  const pins = settings.pinnedLayers.value;
  const pinned = all.filter((series) => pins.includes(seriesId(series)));
  const ranking = (series: (typeof all)[number]) => ranks.value.get(seriesId(series)) ?? -1;
  const rest = pinned.length === 0 ? all : all.filter((series) => !pinned.includes(series));
  return [
    ...orderRows(pinned, "name", [], ranking),
    ...orderRows(rest, settings.sort.value, isTransposed.value ? [] : settings.folded.value, ranking),
  ];
});

export const placedRows = computed<readonly PlacedRow[]>(() => {
  let top_px = 0;
  return rows.value.map((row) => {
    const placed = { row, top_px, height_px: rowHeight(row) };
    top_px += placed.height_px;
    return placed;
  });
});

export const total_px = computed(() => {
  const last = placedRows.value.at(-1);
  return last === undefined ? 0 : last.top_px + last.height_px;
});

/** Height of an expanded row. */
export const expanded_px = computed(() => {
  const share = settings.strip.value === "none" ? 0 : STRIP_HEIGHT_PX;
  return effectivePanelHeight_px.value + share + cellsTop_px(true);
});

/** Where a narrow page has no column of names they stand above the panels. */
export function cellsTop_px(expanded: boolean): number {
  if (!narrow.value) return 0;
  return expanded ? TITLE_PX : STRIP_TITLE_PX;
}

function rowHeight(row: Row): number {
  if (row.kind === "group") return GROUP_PX;
  if (isOpen(row.id)) return expanded_px.value;
  return strip_px.value + STRIP_GAP_PX + cellsTop_px(false);
}

/** The rows that lie at least partly between two heights. */
export function rowsBetween(
  placed: readonly PlacedRow[],
  from_px: number,
  to_px: number,
): readonly PlacedRow[] {
  let first = 0;
  let end = placed.length;
  while (first < end) {
    const middle = (first + end) >> 1;
    const row = placed[middle];
    if (row && row.top_px + row.height_px <= from_px) first = middle + 1;
    else end = middle;
  }
  let last = first;
  while (last < placed.length && (placed[last]?.top_px ?? 0) < to_px) last++;
  return placed.slice(first, last);
}

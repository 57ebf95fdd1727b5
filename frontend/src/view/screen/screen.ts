/** Which layers are on the screen; known before the page's elements exist, so that data is asked for at once. */

import { computed, signal } from "@preact/signals";
import { frame, noteWindow, page_px } from "../layout/metrics";
import { type PlacedRow, placedRows, rowsBetween } from "../layout/rows";
import { endOpening } from "../reactive/frame_budget";
import { stableList } from "../reactive/stable_list";
import { boardDrawn, boardOpen } from "../selection/selection";
import { columnsBetween, type PlacedColumn, placedColumns } from "./columns";

/** What is this far beyond the edge is fetched and drawn ahead. */
const AHEAD_PX = 250;
/** Height of the toolbar and the minimap, before they were measured. */
const USUAL_TOP_PX = 93;

/** Whether the page may be rendered: its first tiles have come, or were waited for long enough. */
export const opened = signal(false);

/** Nothing is made ahead before what is in sight was there once. */
const ahead_px = signal(0);

export const scrollTop_px = signal(0);
export const scrollLeft_px = signal(0);

/** Whether the heatmaps in sight, or the board's cells, were drawn once; what stands beside them waits for that. */
export const drawnOnce = computed(() => ahead_px.value > 0 || boardDrawn.value);

/** Layers that are drawn though they are not on the screen, for a picture of more than that. */
export const alsoDrawn = signal<ReadonlySet<string>>(new Set());

/** Rows and columns on the screen or just beyond its edge, and those drawn besides. */
export const rowsOnScreen = stableList(() => withOthers(rowsWithin(ahead_px.value), placedRows.value));
export const columnsOnScreen = stableList(() =>
  withOthers(columnsWithin(ahead_px.value), placedColumns.value),
);

function withOthers<Placed extends { readonly row: { readonly id: string } }>(
  near: readonly Placed[],
  all: readonly Placed[],
): readonly Placed[] {
  const also = alsoDrawn.value;
  return also.size === 0 ? near : all.filter((placed) => near.includes(placed) || also.has(placed.row.id));
}

/** Takes the window's size for the frame's until that was measured. */
export function guessFrame(): void {
  noteWindow();
  if (page_px.value === 0) return;
  const width_px = window.innerWidth - scrollBarWidth_px();
  frame.value = { width_px, height_px: page_px.value - USUAL_TOP_PX };
}

function scrollBarWidth_px(): number {
  const probe = document.createElement("div");
  probe.style.cssText = "position:absolute;overflow-y:scroll";
  document.body.append(probe);
  const width_px = probe.offsetWidth - probe.clientWidth;
  probe.remove();
  return width_px;
}

/** To be called when what is in sight is there; the first time it takes effect once that is drawn. */
export function lookAhead(): void {
  if (ahead_px.peek() > 0) return;
  const begin = () => {
    ahead_px.value = AHEAD_PX;
    endOpening();
  };
  requestAnimationFrame(() => requestAnimationFrame(begin));
}

/** Those that lie at least partly within the frame and `beyond_px` around it. */
export function rowsWithin(beyond_px: number): readonly PlacedRow[] {
  if (frame.value.width_px === 0 || boardOpen.value) return [];
  const from_px = scrollTop_px.value - beyond_px;
  return rowsBetween(placedRows.value, from_px, from_px + frame.value.height_px + 2 * beyond_px);
}

export function columnsWithin(beyond_px: number): readonly PlacedColumn[] {
  if (frame.value.width_px === 0 || boardOpen.value) return [];
  const from_px = scrollLeft_px.value - beyond_px;
  return columnsBetween(from_px, from_px + frame.value.width_px + 2 * beyond_px);
}

/** Keys of a panel that has the focus: they move the crosshair, which stays within what is shown. */

import type { PanelView } from "../../view/panel/panel_view";
import { columnNear, pinAt } from "../../view/screen/pin";
import { type Cursor, cursor, type ThinPart } from "../../view/settings/zoom";
import { eventToKey, type KeyRow } from "./key_names";
import { place, pointAt } from "./pointer";

interface CrosshairKeys extends KeyRow {
  /** `by`: below 0 for the first of the keys. */
  run(panel: PanelView, by: number): void;
}

export const CROSSHAIR_KEYS: readonly CrosshairKeys[] = [
  {
    keys: ["←", "→"],
    does: "On a panel: move the crosshair by one column (Shift: ten)",
    run: (panel, by) => moveCursor(panel, by, 0),
  },
  {
    keys: ["↓", "↑"],
    does: "On a panel: move the crosshair by one bin (Shift: ten)",
    run: (panel, by) => moveCursor(panel, 0, by),
  },
  {
    keys: ["Enter"],
    does: "On a panel: pin the step at the crosshair",
    run: () => pinAt(cursor.peek()?.unit ?? null),
  },
];

/** For a panel that has the focus, which it gets by keyboard only. */
export function crosshairKeys(event: KeyboardEvent, panel: PanelView): void {
  const name = eventToKey(event);
  const row = CROSSHAIR_KEYS.find(({ keys }) => keys.includes(name));
  if (row === undefined || (name === "Enter" && cursor.peek() === null)) return;
  row.run(panel, (name === row.keys[0] ? -1 : 1) * (event.shiftKey ? 10 : 1));
  placeTooltip(event.currentTarget as HTMLElement, panel);
  event.preventDefault();
  event.stopPropagation();
}

/** Beside the crosshair; the pointer may be anywhere. */
function placeTooltip(element: HTMLElement, panel: PanelView): void {
  const heat = element.querySelector(".heat")?.getBoundingClientRect();
  const now = cursor.peek();
  if (now === null || !heat) return;
  const { bands, heatTop_px } = panel.layer.layout.peek();
  const band = bands.find((placed) => placed.band === now.band);
  const down_px = band ? band.top_px - heatTop_px : (1 - (panel.crossFraction.peek() ?? 0)) * heat.height;
  place.value = {
    x: heat.left + panel.liveAxis.peek().unitToFraction(now.unit) * heat.width,
    y: heat.top + down_px,
  };
}

/** Columns and bins from where the crosshair is, or from the middle; it stays within what is shown. */
function moveCursor(panel: PanelView, columns: number, bins: number): void {
  const spans = panel.spans.peek();
  if (spans === null || spans.start.length === 0) return;
  const { lo, hi } = panel.axis.peek();
  const now = cursor.peek();
  const here = now?.rowId === panel.layer.id ? now : null;
  // A column that begins where the axis ends is not shown.
  const last = spans.start.findLastIndex((start) => start < hi);
  const next = columnNear(panel, here?.unit ?? (lo + hi) / 2) + columns;
  const column = Math.max(columnNear(panel, lo), Math.min(last, next));
  const from = Math.max(lo, spans.start[column] ?? lo);
  const to = Math.min(hi, spans.end[column] ?? hi);
  pointAt({
    panelId: panel.id,
    rowId: panel.layer.id,
    unit: (from + to) / 2,
    ...moveUp(panel, here?.band ?? null, bins),
  });
}

/** From bin to bin, and from the outermost ones on into the bands and the strip. */
function moveUp(panel: PanelView, band: ThinPart | null, bins: number): Pick<Cursor, "value" | "band"> {
  const rows = panel.grid.peek()?.rows ?? 1;
  const { bands, heatTop_px, stripTop_px } = panel.layer.layout.peek();
  // From the bottom to the top; bands are listed the other way round.
  const places: (ThinPart | number)[] = bands.map((placed) => placed.band).reverse();
  const lower = bands.filter(({ top_px }) => top_px > heatTop_px).length;
  places.splice(lower, 0, ...Array.from({ length: rows }, (_, row) => row));
  if (stripTop_px !== null) places.unshift("strip");
  const row = Math.min(rows - 1, Math.floor((panel.crossFraction.peek() ?? 0.5) * rows));
  const at = places.indexOf(band ?? row) + bins;
  const next = places[Math.min(places.length - 1, Math.max(0, at))] ?? row;
  return typeof next === "number"
    ? { value: panel.scale.peek().fractionToValue((next + 0.5) / rows), band: null }
    : { value: null, band: next };
}

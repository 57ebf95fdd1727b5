/** The keyboard, on a panel and everywhere. */

import { signal } from "@preact/signals";
import type { PanelView } from "../../view/panel/panel_view";
import { columnNear } from "../../view/panel/readout";
import { movePin, pinAt, pinFirst } from "../../view/screen/pin";
import { findPanel, inSight } from "../../view/screen/views";
import { panBy, zoomBy } from "../../view/screen/zooming";
import * as settings from "../../view/settings/settings";
import { type Cursor, cursor, goBack, resetZoom, type ThinPart } from "../../view/settings/zoom";
import { paletteOpen } from "../settings/pane_state";
import { copyCell } from "./copy_cell";
import { undoHandleDrag } from "./handle_drag";
import { endDrag, place, pointAt, spaceHeld } from "./pointer";

export const helpOpen = signal(false);

export interface KeyHelp {
  readonly keys: string;
  readonly does: string;
}

export const KEYS: readonly KeyHelp[] = [
  { keys: "Ctrl K  or  ⌘ K", does: "find a command, a layer or a finding by a few letters" },
  { keys: "/", does: "go to the layer filter" },
  { keys: "?", does: "show or hide this sheet" },
  { keys: "W S  or  + −", does: "zoom in and out of the time axis (Shift: of the values)" },
  { keys: "A D", does: "move along the time axis (Shift: along the values)" },
  { keys: "0  or  Esc", does: "show everything again" },
  { keys: "Z", does: "back to the zoom before" },
  { keys: "← →", does: "the pinned step back and forth (Shift: ten); on a panel the crosshair" },
  { keys: "↑ ↓", does: "on a panel: the crosshair from bin to bin" },
  { keys: "Home End", does: "pin the first step, follow the last" },
  { keys: "Enter", does: "on a panel: pin the step under the crosshair" },
  { keys: "C", does: "copy what the crosshair reads (Shift: as a table for a spreadsheet)" },
  { keys: "L", does: "link the panels' axes, or let each have its own" },
];

export const MOUSE: readonly KeyHelp[] = [
  { keys: "drag", does: "zoom the time axis of all panels; aslant: the values of the row too" },
  { keys: "Shift + drag", does: "zoom the values of the row (also straight up or down)" },
  { keys: "Ctrl + wheel, pinch", does: "zoom at the pointer (Shift, or fingers upright: values)" },
  { keys: "Space + drag", does: "move what is shown (also with Alt, or the middle button)" },
  { keys: "double-click", does: "show everything again" },
  { keys: "click, tap", does: "pin the step; on a strip: open it" },
  {
    keys: "colour bar",
    does: "point (or ← →) to see the cells of a colour; drag its ends for more contrast",
  },
];

const ZOOM_STEP = 0.7;
const PAN_STEP = 0.2;

/** Keys while a panel has the focus, which it gets by keyboard only. */
export function panelKeys(event: KeyboardEvent, panel: PanelView): void {
  const far = event.shiftKey ? 10 : 1;
  if (event.key === "ArrowLeft") moveCursor(panel, -far, 0);
  else if (event.key === "ArrowRight") moveCursor(panel, far, 0);
  else if (event.key === "ArrowUp") moveCursor(panel, 0, far);
  else if (event.key === "ArrowDown") moveCursor(panel, 0, -far);
  else if (event.key === "Enter" && cursor.peek() !== null) pinAt(cursor.peek()?.unit ?? null);
  else return;
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
  const down_px = band ? band.top_px - heatTop_px : (1 - (panel.crossShare.peek() ?? 0)) * heat.height;
  place.value = {
    x: heat.left + panel.liveAxis.peek().unitToShare(now.unit) * heat.width,
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
  const { bands, heatTop_px, shareTop_px } = panel.layer.layout.peek();
  // From the bottom to the top; bands are listed the other way round.
  const places: (ThinPart | number)[] = bands.map((placed) => placed.band).reverse();
  const lower = bands.filter(({ top_px }) => top_px > heatTop_px).length;
  places.splice(lower, 0, ...Array.from({ length: rows }, (_, row) => row));
  if (shareTop_px !== null) places.unshift("strip");
  const row = Math.min(rows - 1, Math.floor((panel.crossShare.peek() ?? 0.5) * rows));
  const at = places.indexOf(band ?? row) + bins;
  const next = places[Math.min(places.length - 1, Math.max(0, at))] ?? row;
  return typeof next === "number"
    ? { value: panel.scale.peek().shareToValue((next + 0.5) / rows), band: null }
    : { value: null, band: next };
}

/** Keys anywhere else; a text field keeps its own. */
export function globalKeys(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    paletteOpen.value = true;
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  // What lies behind a dialog stays as it is; the browser closes it with Esc.
  if (document.querySelector("dialog[open]") !== null && !(helpOpen.peek() && event.key === "?")) return;
  if (act(event)) event.preventDefault();
}

/** Space over a panel makes a drag move the view; a control that was reached by keyboard keeps it. */
function holdSpace(event: KeyboardEvent): boolean {
  const control = event.target instanceof Element && event.target.matches(CONTROLS);
  if (control || (cursor.peek() === null && !spaceHeld.peek())) return false;
  spaceHeld.value = true;
  return true;
}

const CONTROLS = ":is(button, a, summary, input, [role=slider], [role=option]):focus-visible";

export function releaseSpace(event: Event): void {
  if (!(event instanceof KeyboardEvent) || event.key === " ") spaceHeld.value = false;
}

function act(event: KeyboardEvent): boolean {
  const axis = event.shiftKey ? "y" : "x";
  const panel = activePanel();
  switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
    case "/":
      document.getElementById("layer-filter")?.focus();
      return true;
    case " ":
      return holdSpace(event);
    case "?":
      helpOpen.value = !helpOpen.peek();
      return true;
    case "0":
      return leave();
    case "Escape":
      if (endDrag() || undoHandleDrag()) return true;
      // The browser closes an open menu, unless the key counts as used.
      return document.querySelector(":popover-open") === null && leave();
    case "z":
      goBack();
      return true;
    case "l":
      settings.linked.value = !settings.linked.peek();
      return true;
    case "c":
      return copyCell(event.shiftKey);
    case "ArrowLeft":
      movePin(event.shiftKey ? -10 : -1);
      return true;
    case "ArrowRight":
      movePin(event.shiftKey ? 10 : 1);
      return true;
    case "Home":
      pinFirst();
      return true;
    case "End":
      pinAt(null);
      return true;
  }
  if (panel === undefined) return false;
  switch (event.key.toLowerCase()) {
    case "w":
    case "+":
    case "=":
      zoomBy(panel, axis, ZOOM_STEP, crosshairShare(panel, axis));
      return true;
    case "s":
    case "-":
    case "_":
      zoomBy(panel, axis, 1 / ZOOM_STEP, crosshairShare(panel, axis));
      return true;
    case "a":
      panBy(panel, axis, -PAN_STEP);
      return true;
    case "d":
      panBy(panel, axis, PAN_STEP);
      return true;
  }
  return false;
}

function leave(): boolean {
  if (settings.full.peek() !== "") settings.full.value = "";
  else resetZoom();
  return true;
}

/** The panel of the crosshair, else the one with the focus, else the first that can be seen. */
function activePanel(): PanelView | undefined {
  const focused = document.activeElement?.closest<HTMLElement>("[data-panel]")?.dataset.panel;
  return findPanel(cursor.peek()?.panelId ?? focused ?? "") ?? [...inSight.peek()][0];
}

/** Where the crosshair is on an axis, else its middle. */
function crosshairShare(panel: PanelView, axis: "x" | "y"): number {
  const at = cursor.peek();
  if (axis === "y") return panel.crossShare.peek() ?? 0.5;
  return at === null ? 0.5 : Math.min(1, Math.max(0, panel.liveAxis.peek().unitToShare(at.unit)));
}

/** Text and choices need all keys, sliders those that move them, boxes to be ticked none. */
function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("[type=range]")) return /^(Arrow|Home|End)/.test(key);
  return target.matches("input:not([type=checkbox]), select");
}

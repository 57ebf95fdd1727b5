/** What part of the axes is shown, where the pointer is, and the way back. */

import { batch, computed, signal } from "@preact/signals";
import { type AxisKind, countsSteps } from "../../math/step_axis";
import type { BandName } from "../../paint/bands";
import type { Interval } from "./codec";
import * as settings from "./settings";
import { NO_ZOOM, type Zooms, zoomX, zoomY } from "./settings";

/** Where a gesture under way has taken it; null between gestures. */
const moving = signal<{ readonly x: Zooms; readonly y: Zooms } | null>(null);
export const liveX = computed(() => moving.value?.x ?? zoomX.value);
export const liveY = computed(() => moving.value?.y ?? zoomY.value);
export const gesturing = computed(() => moving.value !== null);
export const zoomed = computed(() => zoomX.value.size + zoomY.value.size > 0);

interface ZoomState {
  readonly x: Zooms;
  readonly y: Zooms;
}

const HISTORY = 50;
const SETTLE_MS = 60;
const history = signal<readonly ZoomState[]>([]);
export const canGoBack = computed(() => history.value.length > 0);

/** Moves at once; the pictures become sharp when nothing moved for a moment. */
export function moveTo(x: Zooms, y: Zooms): void {
  moving.value = { x, y };
  window.clearTimeout(timer);
  timer = window.setTimeout(settle, SETTLE_MS);
}

let timer = 0;

/** Ends the gesture where it is; the place before it can be gone back to. */
export function settle(): void {
  window.clearTimeout(timer);
  const target = moving.peek();
  if (target === null) return;
  batch(() => {
    pushHistory();
    zoomX.value = target.x;
    zoomY.value = target.y;
    moving.value = null;
  });
}

/** Goes somewhere in one leap. */
export function jumpTo(x: Zooms, y: Zooms): void {
  moveTo(x, y);
  settle();
}

export function clearZoom(): void {
  if (zoomed.peek() || gesturing.peek()) jumpTo(NO_ZOOM, NO_ZOOM);
}

export function goBack(): void {
  const last = history.peek().at(-1);
  if (last === undefined) return;
  batch(() => {
    history.value = history.peek().slice(0, -1);
    moving.value = null;
    zoomX.value = last.x;
    zoomY.value = last.y;
  });
}

/** For whoever has gone back without `goBack`. */
export function forgetLastZoom(): void {
  history.value = history.peek().slice(0, -1);
}

function pushHistory(): void {
  const now = { x: zoomX.peek(), y: zoomY.peek() };
  history.value = [...history.peek(), now].slice(-HISTORY);
}

/** Another time axis. What is zoomed and pinned is kept only where the units stay the same. */
export function chooseTime(kind: AxisKind): void {
  const now = settings.time.peek();
  batch(() => {
    settings.time.value = kind;
    if (kind === now || (countsSteps(kind) && countsSteps(now))) return;
    settle();
    zoomX.value = NO_ZOOM;
    history.value = [];
    settings.pinned.value = null;
  });
}

/** Another range of the value axes; it is shown whole, since a zoom would hide the change. */
export function chooseRange(range: settings.Range, manual = settings.manualRange.peek()): void {
  settings.range.value = range;
  settings.manualRange.value = manual;
  if (liveY.peek().size > 0) jumpTo(liveX.peek(), NO_ZOOM);
}

/** A map with one interval set, or taken out with null. */
export function withZoom(all: Zooms, key: string, part: Interval | null): Zooms {
  const next = new Map(all);
  if (part === null) next.delete(key);
  else next.set(key, part);
  return next;
}

/** What lies beside a heatmap: its bands, and the strip under it. */
export type ThinPart = BandName | "strip";

/** Where the pointer or the arrow keys are, in units of the axes. */
export interface Cursor {
  readonly panelId: string;
  readonly rowId: string;
  readonly unit: number;
  /** null in the bands and outside the value axis. */
  readonly value: number | null;
  readonly band: ThinPart | null;
}

export const cursor = signal<Cursor | null>(null);

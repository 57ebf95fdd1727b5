/** Play: the pinned step moves through the shown part of the run, to its end. */

import { signal } from "@preact/signals";
import { nearestColumn, type Places } from "../../math/column_spans";
import { sharedAxis } from "../panel/known_panels";
import * as settings from "../settings/settings";
import { pinAt, spanMiddle, spansOnScreen } from "./pin";

const FRAME_MS = 100;
/** However long a run is, playing it takes no longer than this. */
const MOST_FRAMES = 120;

export const playing = signal(false);
let timer = 0;

export function togglePlay(): void {
  if (playing.peek()) stop();
  else start();
}

function stop(): void {
  window.clearTimeout(timer);
  playing.value = false;
}

/** From the pinned step; from the beginning where none is pinned, or the pin is at the end. */
function start(): void {
  const spans = spansOnScreen();
  const [first, last] = shownColumns(spans);
  if (last <= first) return;
  const at = pinnedColumn(spans);
  playing.value = true;
  if (at < first || at >= last) pinAt(spanMiddle(spans, first));
  timer = window.setTimeout(step, FRAME_MS);
}

function step(): void {
  const spans = spansOnScreen();
  const [first, last] = shownColumns(spans);
  const stride = Math.max(1, Math.ceil((last - first) / MOST_FRAMES));
  const next = Math.max(first, pinnedColumn(spans) + stride);
  if (next >= last) {
    // At the end of all there is, the newest step is followed again.
    pinAt(last === spans.start.length - 1 ? null : spanMiddle(spans, last));
    stop();
    return;
  }
  pinAt(spanMiddle(spans, next));
  timer = window.setTimeout(step, FRAME_MS);
}

function pinnedColumn(spans: Places): number {
  return nearestColumn(spans, settings.pinned.peek() ?? Number.POSITIVE_INFINITY);
}

/** First and last column that begin within what is shown. */
function shownColumns({ start: starts }: Places): readonly [number, number] {
  const { lo, hi } = sharedAxis.peek();
  const first = starts.findIndex((unit) => unit >= lo);
  return [Math.max(0, first), starts.findLastIndex((unit) => unit < hi)];
}

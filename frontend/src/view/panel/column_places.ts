/** Where columns lie, worked out once for all layers of a run that were recorded at the same steps. */

import { columnSpans, type Spans } from "../../math/column_spans";
import type { AxisKind, RunClock, StepAxis } from "../../math/step_axis";
import type { Columns, Tile } from "../../math/tile";
import { columnsToPixels, type PixelColumns } from "../../paint/rasterise";
import { remember } from "../reactive/memo";

interface Placed {
  readonly columns: Columns;
  readonly kind: AxisKind;
  readonly clock: RunClock;
  readonly spans: Spans;
}

/** By run and number of columns, so that tiles of several resolutions do not push each other out. */
const placed = new Map<string, Placed>();
const MOST_PLACED = 64;

export function placeColumns({ run, columns }: Tile, kind: AxisKind, clock: RunClock): Spans {
  const key = `${columns.length} ${run}`;
  const last = placed.get(key);
  if (last?.kind === kind && sameClock(last.clock, clock) && sameTimes(last.columns, columns))
    return last.spans;
  const spans = columnSpans(columns, kind, clock);
  return remember(placed, key, { columns, kind, clock, spans }, MOST_PLACED).spans;
}

export function sameClock(a: RunClock, b: RunClock): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof RunClock)[];
  return keys.every((key) => a[key] === b[key]);
}

/** What the places of columns depend on. */
const TIMES = ["firstStep", "lastStep", "firstWallTime", "lastWallTime", "records"] as const;

function sameTimes(a: Columns, b: Columns): boolean {
  return TIMES.every((name) => a[name].every((value, c) => value === b[name][c]));
}

interface PixelsOnAxis {
  readonly axis: StepAxis;
  readonly width_px: number;
  readonly pixels: PixelColumns;
}

const lastPixels = new WeakMap<Spans, PixelsOnAxis>();

/** Which columns each device pixel shows. */
export function pixelsOf(spans: Spans, axis: StepAxis, width_px: number): PixelColumns {
  const last = lastPixels.get(spans);
  if (last?.axis === axis && last.width_px === width_px) return last.pixels;
  const pixels = columnsToPixels(spans, axis, width_px);
  lastPixels.set(spans, { axis, width_px, pixels });
  return pixels;
}

/** Paints one chart of the depth view: layers to the right, sizes upwards on a log axis. */

import { formatTick } from "../../math/format";
import { Y_AXIS_PX } from "../../view/layout/metrics";
import type { DepthRun } from "../../view/profile/depth";

export interface DepthChart {
  readonly runs: readonly DepthRun[];
  readonly colours: readonly string[];
  readonly names: readonly string[];
  /** Of each layer, the line that it is on. */
  readonly lines: readonly string[];
  readonly extent: readonly [number, number];
  readonly width_px: number;
  readonly height_px: number;
  /** The layer under the pointer; -1: none. */
  readonly marked: number;
}

/** At the top what is NaN or infinite, at the foot what is exactly 0. */
const BROKEN_PX = 6;
const ZEROS_PX = 16;
const GAP_PX = 4;
const TICK_EVERY_PX = 24;
/** Bands are as wide as their room, less this. */
const BAND_GAP_PX = 1;
/** More runs than this would leave their bands too thin. */
const BANDS_FOR = 3;

/** The left end of a layer's room in the chart; of `at + 0.5`, its middle. */
export function layerLeft_px(at: number, count: number, width_px: number): number {
  return Y_AXIS_PX + (at * (width_px - Y_AXIS_PX)) / Math.max(1, count);
}

export function layerAt(x_px: number, count: number, width_px: number): number {
  const at = Math.floor(((x_px - Y_AXIS_PX) / (width_px - Y_AXIS_PX)) * count);
  return at >= 0 && at < count ? at : -1;
}

export function paintDepth(canvas: HTMLCanvasElement, chart: DepthChart, ratio: number): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const { names, width_px, height_px, marked } = chart;
  canvas.width = Math.round(width_px * ratio);
  canvas.height = Math.round(height_px * ratio);
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const tone = (name: string) => style.getPropertyValue(`--${name}`);
  const plot = { top_px: BROKEN_PX + GAP_PX, bottom_px: height_px - ZEROS_PX - GAP_PX };
  context.fillStyle = tone("plot-bg");
  context.fillRect(Y_AXIS_PX, 0, width_px - Y_AXIS_PX, height_px);
  if (marked >= 0) {
    context.fillStyle = tone("line");
    const left_px = layerLeft_px(marked, names.length, width_px);
    const right_px = layerLeft_px(marked + 1, names.length, width_px);
    context.fillRect(left_px, 0, Math.max(1, right_px - left_px), height_px);
  }
  const yOf = logScale(chart.extent, plot);
  paintTicks(context, chart, yOf, { line: tone("line"), text: tone("text-quiet") });
  chart.runs.forEach((run, at) => {
    paintRun(context, chart, run, at, { yOf, error: tone("error") });
  });
}

interface Plot {
  readonly top_px: number;
  readonly bottom_px: number;
}

type Scale = (size: number) => number;

function logScale([lo, hi]: readonly [number, number], { top_px, bottom_px }: Plot): Scale {
  const from = Math.log10(lo);
  const span = Math.max(1e-9, Math.log10(hi) - from);
  return (size) =>
    bottom_px - Math.min(1, Math.max(0, (Math.log10(size) - from) / span)) * (bottom_px - top_px);
}

function paintTicks(
  context: CanvasRenderingContext2D,
  { extent: [lo, hi], width_px, height_px }: DepthChart,
  yOf: Scale,
  colours: { readonly line: string; readonly text: string },
): void {
  context.font = getComputedStyle(context.canvas).font;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const [first, last] = [Math.ceil(Math.log10(lo)), Math.floor(Math.log10(hi))];
  const every = Math.max(
    1,
    Math.ceil((last - first + 1) / Math.max(2, Math.floor(height_px / TICK_EVERY_PX))),
  );
  const decades = Array.from(
    { length: Math.max(0, Math.floor((last - first) / every) + 1) },
    (_, at) => first + at * every,
  );
  // Where the chart spans less than two decades, its ends are labelled too.
  const sizes = decades.length > 1 ? decades.map((decade) => 10 ** decade) : [lo, hi];
  for (const size of sizes) {
    const y_px = Math.round(yOf(size)) + 0.5;
    context.fillStyle = colours.line;
    context.fillRect(Y_AXIS_PX, y_px - 0.5, width_px - Y_AXIS_PX, 1);
    context.fillStyle = colours.text;
    context.fillText(formatTick(Number(size.toPrecision(2))), Y_AXIS_PX - 6, y_px);
  }
  context.fillStyle = colours.text;
  context.fillText("= 0", Y_AXIS_PX - 6, height_px - ZEROS_PX / 2);
}

interface RunStyle {
  readonly yOf: Scale;
  readonly error: string;
}

function paintRun(
  context: CanvasRenderingContext2D,
  chart: DepthChart,
  { sizes }: DepthRun,
  at: number,
  { yOf, error }: RunStyle,
): void {
  const { names, lines, marked, runs, width_px, height_px } = chart;
  const colour = chart.colours[at] ?? error;
  const banded = runs.length <= BANDS_FOR;
  const beside = banded ? runs.length : 1;
  const room_px = layerLeft_px(1, names.length, width_px) - Y_AXIS_PX;
  const wide_px = Math.max(1, room_px / beside - BAND_GAP_PX);
  const sizeLines = new Map<string, Point[]>();
  names.forEach((name, layer) => {
    const { figures } = sizes.get(name) ?? {};
    if (figures === undefined) return;
    const left_px = layerLeft_px(layer, names.length, width_px) + (banded ? (at * room_px) / beside : 0);
    const bar = (top_px: number, tall_px: number) => context.fillRect(left_px, top_px, wide_px, tall_px);
    context.fillStyle = colour;
    if (banded)
      for (const [low, high, alpha] of BANDS) {
        const [from, to] = [figures[low], figures[high]];
        if (!from || !to) continue;
        context.globalAlpha = alpha;
        bar(yOf(to), Math.max(1, yOf(from) - yOf(to)));
      }
    context.globalAlpha = 0.7;
    const zeros_px = (figures.zeros ?? 0) * ZEROS_PX;
    bar(height_px - zeros_px, zeros_px);
    context.globalAlpha = 1;
    if (figures.broken) {
      context.fillStyle = error;
      bar(0, BROKEN_PX);
    }
    if (!figures.rms) return;
    const point: Point = [left_px + wide_px / 2, yOf(figures.rms)];
    const line = sizeLines.get(lines[layer] ?? "");
    if (line) line.push(point);
    else sizeLines.set(lines[layer] ?? "", [point]);
  });
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  for (const [line, points] of sizeLines) {
    // Of several lines, the one that is pointed at stands out.
    context.globalAlpha = marked < 0 || line === lines[marked] ? 1 : 0.35;
    context.beginPath();
    for (const [x_px, y_px] of points) context.lineTo(x_px, y_px);
    // A layer alone is a dash.
    if (points.length === 1) context.lineTo(points[0]![0] + 3, points[0]![1]);
    context.stroke();
  }
  context.globalAlpha = 1;
}

type Point = readonly [x_px: number, y_px: number];

const BANDS = [
  ["p05", "p95", 0.22],
  ["p25", "p75", 0.35],
] as const;

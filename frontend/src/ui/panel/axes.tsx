/** Ticks with numbers: on canvases in panels, of which there are many; as SVG in the heads of runs. */

import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { formatSteps, formatValue } from "../../math/format";
import type { StepAxis } from "../../math/step_axis";
import type { ValueScale } from "../../math/value_scale";
import { type AxisDrawing, type AxisText, drawAxis, numbersToText } from "../../paint/axis_canvas";
import { BAND_LABELS, type BandName } from "../../paint/bands";
import { STRIP_HEIGHT_PX, THIN_PX } from "../../paint/scene";
import { dark } from "../../view/catalog/catalog";
import { pixelRatio, plot_px, X_AXIS_PX, Y_AXIS_PX } from "../../view/layout/metrics";
import type { PanelLayout } from "../../view/layout/panel_layout";
import { endSteps, sharedLiveAxis } from "../../view/panel/known_panels";
import type { PanelView } from "../../view/panel/panel_view";
import { showsUnits } from "../../view/panel/shown_units";
import { drawSoon, forget } from "../../view/reactive/draw_queue";
import { columnNear } from "../../view/screen/pin";
import { findPanel } from "../../view/screen/views";
import * as settings from "../../view/settings/settings";
import { type Cursor, cursor, gesturing } from "../../view/settings/zoom";
import { box } from "../widgets/box";
import { canvasOf } from "./surface";

const TICK_EVERY_PX = 20;
const X_TICK_EVERY_PX = 80;
const LABEL_PX = 10;
const TEXT_PX = 11;
const NAME_PX = 9;

const SHORT: Readonly<Record<BandName, string>> = {
  zeros: "zeros",
  nans: "NaN",
  posInfs: "+∞",
  negInfs: "−∞",
  above: "▲",
  below: "▼",
};

const STRIP_SHORT: Readonly<Record<settings.StripContent, string>> = {
  none: "",
  near_zero: "≈0",
  zero: "=0",
  saturated: "sat.",
  change: "Δ column",
  distance: "Δ base",
  lost: "lost",
};

/** Numbers give way to the names of bands beside them; where that leaves one number, more are asked for. */
function valueTicks(scale: ValueScale, { heatTop_px, heatHeight_px, bands }: PanelLayout) {
  const taken = bands.map(({ top_px }) => top_px + THIN_PX / 2);
  const wanted = Math.max(2, Math.floor(heatHeight_px / TICK_EVERY_PX));
  const free = (count: number) =>
    scale
      .ticks(count)
      .map((tick) => ({ ...tick, y: heatTop_px + (1 - tick.share) * heatHeight_px }))
      .filter((tick) => taken.every((y) => Math.abs(y - tick.y) >= LABEL_PX))
      .filter(keepApart(LABEL_PX));
  const few = free(wanted);
  return few.length > 1 ? few : free(2 * wanted);
}

/** Leaves out what is nearer than a label to the tick kept before; the axis' 0 goes before its neighbours. */
function keepApart(least_px: number) {
  let last = Number.POSITIVE_INFINITY;
  return (
    { y, value }: { y: number; value: number },
    _: number,
    all: readonly { y: number; value: number }[],
  ) => {
    const zero = value === 0 ? undefined : all.find((tick) => tick.value === 0);
    if (Math.abs(y - last) < least_px || (zero && Math.abs(y - zero.y) < least_px)) return false;
    last = y;
    return true;
  };
}

/** Both axes of a panel, drawn onto the surface under it. */
export function AxesLabels({ panel }: { readonly panel: PanelView }) {
  const element = useRef<HTMLDivElement>(null);
  const parts = useMemo(() => ({ value: {}, time: {} }), []);
  useSignalEffect(() => {
    if (panel.data.tile.value === null) return;
    const drawing = valueAxisDrawing(panel);
    drawOn(panel, parts.value, [0, 0], drawing, (text) => {
      element.current?.setAttribute("data-y-ticks", text);
    });
  });
  useSignalEffect(() => {
    if (panel.data.tile.value === null) return;
    const drawing = timeAxisDrawing(panel.axis.value);
    const { axisTop_px } = panel.layer.layout.value;
    drawOn(panel, parts.time, [Y_AXIS_PX, axisTop_px], drawing, (text) => {
      element.current?.setAttribute("data-x-ticks", text);
    });
  });
  useEffect(
    () => () => {
      forget(parts.value);
      forget(parts.time);
    },
    [parts],
  );
  const style = useComputed(() => box({ width: Y_AXIS_PX, height: panel.layer.layout.value.axisTop_px }));
  const title = useComputed(() => bandTitles(panel));
  return <div ref={element} class="axes" title={title} style={style} />;
}

/** Draws soon; `tell` is given the numbers. */
function drawOn(
  panel: PanelView,
  target: object,
  [left_px, top_px]: readonly [number, number],
  drawing: AxisDrawing,
  tell: (text: string) => void,
): void {
  const canvas = canvasOf(panel).value;
  if (canvas === null) return;
  drawSoon(target, () => {
    const { ratio } = drawing;
    const corner = [Math.round((canvas.left_px + left_px) * ratio), Math.round(top_px * ratio)] as const;
    drawAxis(canvas.context, corner, drawing);
    tell(numbersToText(drawing));
  });
}

/** The axis alone, beside something that is no panel. */
export function ValueAxis({ panel }: { readonly panel: PanelView }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    const drawing = valueAxisDrawing(panel);
    drawSoon(canvas, () => {
      const context = canvas.current?.getContext("2d");
      if (!context) return;
      context.canvas.width = Math.round(drawing.width_px * drawing.ratio);
      context.canvas.height = Math.round(drawing.height_px * drawing.ratio);
      drawAxis(context, [0, 0], drawing);
    });
  });
  useEffect(() => () => forget(canvas), []);
  const style = box({ width: Y_AXIS_PX, height: panel.layer.layout.value.axisTop_px });
  return <canvas ref={canvas} class="axes" title={bandTitles(panel)} style={style} />;
}

function bandTitles(panel: PanelView): string {
  const { bands } = panel.layer.layout.value;
  return bands.map(({ band }) => `${SHORT[band]}: ${BAND_LABELS[band]}`).join("\n");
}

function valueAxisDrawing(panel: PanelView): AxisDrawing {
  const layout = panel.layer.layout.value;
  // Units in place of values say themselves which is where.
  const units = showsUnits(panel.layer.id);
  const ticks = panel.hasAxis && !units ? valueTicks(panel.liveScale.value, layout) : [];
  const text = (label: string, y_px: number, size_px: number): AxisText => ({
    label,
    x_px: Y_AXIS_PX - 7,
    y_px,
    anchor: "right",
    size_px,
  });
  const bands = units ? [] : layout.bands;
  const names = bands.map(({ band, top_px }) => text(SHORT[band], top_px + THIN_PX / 2, NAME_PX));
  if (layout.stripTop_px !== null && !units) {
    names.push(text(STRIP_SHORT[settings.strip.value], layout.stripTop_px + STRIP_HEIGHT_PX / 2, NAME_PX));
  }
  return {
    width_px: Y_AXIS_PX,
    height_px: layout.axisTop_px,
    ratio: pixelRatio.value,
    dark: dark.value,
    faint: false,
    lines: ticks.map(({ y }) => [Y_AXIS_PX - 4, y, Y_AXIS_PX, y]),
    texts: ticks.map(({ label, y }) => text(label, y, TEXT_PX)),
    names,
  };
}

/** The time axis of a panel; while a gesture lasts only the run heads have a live one, and this is faded. */
function timeAxisDrawing(axis: StepAxis): AxisDrawing {
  const width_px = plot_px.value;
  return {
    width_px,
    height_px: X_AXIS_PX,
    ratio: pixelRatio.value,
    dark: dark.value,
    faint: gesturing.value,
    ...tickDrawing(axis, width_px),
    names: [],
  };
}

function tickDrawing(axis: StepAxis, width_px: number): Pick<AxisDrawing, "lines" | "texts"> {
  const places = placeTicks(axis, width_px);
  return {
    lines: places.map(({ x }) => [x, 0, x, 4]),
    texts: places.map(({ label, x, anchor }) => ({
      label,
      // A canvas cuts what SVG lets hang over its edge.
      x_px: Math.min(width_px, Math.max(0, x)),
      y_px: 10,
      anchor,
      size_px: TEXT_PX,
    })),
  };
}

/** Numbers at the ends stay within the axis. */
function placeTicks(axis: StepAxis, width_px: number) {
  const ticks = axis.ticks(Math.max(2, Math.floor(width_px / X_TICK_EVERY_PX)), endSteps(axis));
  return ticks.map(({ label, share }) => {
    const x = share * width_px;
    const anchor = x < 12 ? "left" : x > width_px - 16 ? "right" : "center";
    return { label, x, anchor } as const;
  });
}

/** The time axis of a run's or a layer's head: few of them, always live, and readable as text. */
export function HeadAxis() {
  const svg = useRef<SVGSVGElement>(null);
  useSignalEffect(() => {
    if (svg.current) svg.current.innerHTML = ticksToMarkup(sharedLiveAxis.value, plot_px.value);
  });
  const width = plot_px.value;
  return (
    <div class="head-axis" style={box({ left: Y_AXIS_PX, width })}>
      <svg ref={svg} class="axis" width={width} height={X_AXIS_PX} aria-hidden="true" />
      <TimeMark />
    </div>
  );
}

/** Where the crosshair is in time, as a number on the axis. */
function TimeMark() {
  const place = useComputed(() => {
    const at = cursor.value;
    if (at === null) return null;
    const axis = sharedLiveAxis.value;
    const share = axis.unitToFraction(at.unit);
    return share < 0 || share > 1 ? null : { share, label: timeText(axis, at) };
  });
  if (place.value === null) return null;
  const { share, label } = place.value;
  return (
    <span class="axis-mark" style={{ left: `${share * 100}%`, transform: `translateX(-${share * 100}%)` }}>
      {label}
    </span>
  );
}

/** On an axis of steps, those of the column under the crosshair. */
function timeText(axis: StepAxis, { panelId, unit }: Cursor): string {
  const panel = findPanel(panelId);
  const columns = panel?.shown.value?.columns;
  if (!panel || !columns || (axis.kind !== "step" && axis.kind !== "log_step")) return axis.format(unit);
  const at = columnNear(panel, unit);
  return at < 0 ? axis.format(unit) : formatSteps(columns.firstStep[at] ?? 0, columns.lastStep[at] ?? 0);
}

/** Where the crosshair is among the values, as a number on the axis. */
export function ValueMark({ panel }: { readonly panel: PanelView }) {
  const place = useComputed(() => {
    const value = cursor.value?.value;
    const share = panel.crossFraction.value;
    if (share === null || value === undefined || value === null || !panel.hasAxis) return null;
    const { heatTop_px, heatHeight_px } = panel.layer.layout.value;
    return { top: heatTop_px + (1 - share) * heatHeight_px, label: formatValue(value) };
  });
  if (place.value === null) return null;
  return (
    <span class="axis-mark value-mark" style={box({ top: place.value.top, width: Y_AXIS_PX - 4 })}>
      {place.value.label}
    </span>
  );
}

const SVG_ANCHORS = { left: "start", center: "middle", right: "end" };

const lastMarkup = { axis: null as StepAxis | null, width_px: 0, markup: "" };

function ticksToMarkup(axis: StepAxis, width_px: number): string {
  if (lastMarkup.axis === axis && lastMarkup.width_px === width_px) return lastMarkup.markup;
  const ticks = placeTicks(axis, width_px).map(({ label, x, anchor }) => {
    const place = x.toFixed(1);
    return (
      `<line x1="${place}" x2="${place}" y2="4"/>` +
      `<text x="${place}" y="14" text-anchor="${SVG_ANCHORS[anchor]}">${label}</text>`
    );
  });
  Object.assign(lastMarkup, { axis, width_px, markup: ticks.join("") });
  return lastMarkup.markup;
}

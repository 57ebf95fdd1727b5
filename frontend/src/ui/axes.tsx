/** Ticks with numbers, as SVG so that they stay sharp and follow the theme. */

import { type ReadonlySignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { BAND_LABELS, type BandName } from "../draw/bands";
import type { StepAxis } from "../math/step_axis";
import type { ValueScale } from "../math/value_scale";
import { AXIS_PX, plot_px, SHARE_PX, THIN_PX, X_AXIS_PX } from "../state/metrics";
import type { PanelLayout } from "../state/panel_layout";
import type { PanelModel } from "../state/panels";
import * as settings from "../state/settings";
import { box } from "./box";

const TICK_EVERY_PX = 20;
const X_TICK_EVERY_PX = 80;
const LABEL_PX = 10;

const SHORT: Readonly<Record<BandName, string>> = {
  zeros: "0",
  nans: "NaN",
  posInfs: "+∞",
  negInfs: "−∞",
  above: "▲",
  below: "▼",
};

const STRIP_SHORT: Readonly<Record<settings.Strip, string>> = {
  none: "",
  near_zero: "≈0",
  zero: "=0",
  saturated: "sat.",
  change: "Δ step",
  distance: "Δ base",
};

/** Numbers give way to the names of bands beside them; where that leaves one number, more are asked for. */
function valueTicks(scale: ValueScale, { heatTop_px, heatHeight_px, bands }: PanelLayout) {
  const taken = bands.map(({ top_px }) => top_px + THIN_PX / 2);
  const wanted = Math.max(2, Math.floor(heatHeight_px / TICK_EVERY_PX));
  const free = (count: number) =>
    scale
      .ticks(count)
      .map((tick) => ({ ...tick, y: heatTop_px + (1 - tick.share) * heatHeight_px }))
      .filter((tick) => taken.every((y) => Math.abs(y - tick.y) >= LABEL_PX - 2));
  const few = free(wanted);
  return few.length > 1 ? few : free(2 * wanted);
}

export function ValueAxis({ panel }: { readonly panel: PanelModel }) {
  const scale = panel.liveScale.value;
  const layout = panel.row.layout.value;
  const { bands } = layout;
  const ticks = valueTicks(scale, layout);
  return (
    <svg class="axis y-axis" width={AXIS_PX} height={layout.axisTop_px} aria-hidden="true">
      {ticks.map((tick) => (
        <g key={tick.value} transform={`translate(0 ${tick.y.toFixed(1)})`}>
          <line x1={AXIS_PX - 4} x2={AXIS_PX} />
          <text x={AXIS_PX - 7} dy="0.32em" text-anchor="end">
            {tick.label}
          </text>
        </g>
      ))}
      {bands.map(({ band, top_px }) => (
        <text
          key={band}
          class="band-name"
          x={AXIS_PX - 7}
          y={top_px + THIN_PX / 2}
          dy="0.32em"
          text-anchor="end"
        >
          {SHORT[band]}
          <title>{BAND_LABELS[band]}</title>
        </text>
      ))}
      {layout.shareTop_px === null ? null : (
        <text
          class="band-name"
          x={AXIS_PX - 7}
          y={layout.shareTop_px + SHARE_PX / 2}
          dy="0.32em"
          text-anchor="end"
        >
          {STRIP_SHORT[settings.strip.value]}
        </text>
      )}
    </svg>
  );
}

interface TimeAxisProps {
  readonly axis: ReadonlySignal<StepAxis>;
  readonly top_px: number;
}

/**
 * Written as markup, which is the same for all linked panels. Text is what costs most in a frame, so while a
 * gesture lasts only the run heads have a live axis; those of the panels are faded until it ends.
 */
export function TimeAxis({ axis, top_px }: TimeAxisProps) {
  const svg = useRef<SVGSVGElement>(null);
  useSignalEffect(() => {
    if (svg.current) svg.current.innerHTML = ticksToMarkup(axis.value, plot_px.value);
  });
  return (
    <svg
      ref={svg}
      class="axis x-axis"
      style={box({ top: top_px, width: plot_px.value })}
      height={X_AXIS_PX}
      aria-hidden="true"
    />
  );
}

const lastMarkup = { axis: null as StepAxis | null, width_px: 0, markup: "" };

function ticksToMarkup(axis: StepAxis, width_px: number): string {
  if (lastMarkup.axis === axis && lastMarkup.width_px === width_px) return lastMarkup.markup;
  const ticks = axis.ticks(Math.max(2, Math.floor(width_px / X_TICK_EVERY_PX))).map((tick) => {
    const x = tick.share * width_px;
    const anchor = x < 12 ? "start" : x > width_px - 16 ? "end" : "middle";
    const place = x.toFixed(1);
    return (
      `<line x1="${place}" x2="${place}" y2="4"/>` +
      `<text x="${place}" y="14" text-anchor="${anchor}">${tick.label}</text>`
    );
  });
  Object.assign(lastMarkup, { axis, width_px, markup: ticks.join("") });
  return lastMarkup.markup;
}

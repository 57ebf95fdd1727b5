/** Ticks with numbers, as SVG so that they stay sharp and follow the theme. */

import { BAND_LABELS, type BandName } from "../draw/bands";
import type { StepAxis } from "../math/step_axis";
import type { ValueScale } from "../math/value_scale";
import { AXIS_PX, SHARE_PX, THIN_PX, X_AXIS_PX } from "../state/metrics";
import type { PanelLayout } from "../state/panel_layout";
import * as settings from "../state/settings";
import { box } from "./box";

const TICK_EVERY_PX = 26;
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

export function ValueAxis({ scale, layout }: { readonly scale: ValueScale; readonly layout: PanelLayout }) {
  const { heatTop_px, heatHeight_px, bands } = layout;
  const taken = bands.map(({ top_px }) => top_px + THIN_PX / 2);
  const ticks = scale
    .ticks(Math.max(2, Math.floor(heatHeight_px / TICK_EVERY_PX)))
    .map((tick) => ({ ...tick, y: heatTop_px + (1 - tick.share) * heatHeight_px }))
    // A number gives way to the name of a band beside it.
    .filter((tick) => taken.every((y) => Math.abs(y - tick.y) >= LABEL_PX - 2));
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
  readonly axis: StepAxis;
  readonly width_px: number;
  readonly top_px: number;
}

export function TimeAxis({ axis, width_px, top_px }: TimeAxisProps) {
  const ticks = axis.ticks(Math.max(2, Math.floor(width_px / X_TICK_EVERY_PX)));
  return (
    <svg
      class="axis x-axis"
      style={box({ top: top_px })}
      width={width_px}
      height={X_AXIS_PX}
      aria-hidden="true"
    >
      {ticks.map((tick) => {
        const x = tick.share * width_px;
        return (
          <g key={tick.value} transform={`translate(${x.toFixed(1)} 0)`}>
            <line y1="0" y2="4" />
            <text y="14" text-anchor={x < 12 ? "start" : x > width_px - 16 ? "end" : "middle"}>
              {tick.label}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

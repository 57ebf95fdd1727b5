/** The lines over a heatmap: mean, spread, percentiles, size; for the page and for pictures. */

import { linePoints } from "../../math/line_points";
import { quantiles } from "../../math/quantiles";
import type { OverlayLine } from "../../paint/scene";
import * as settings from "../settings/settings";
import { numberFormatPart } from "./number_format_later";
import type { PanelView } from "./panel_view";

const PERCENTILES = [
  { name: "5th and 95th percentile", at: [0, 4], width: 0.8, dash: [1.5, 2.5] },
  { name: "quartiles", at: [1, 3], width: 0.8, dash: [5, 3] },
  { name: "median", at: [2], width: 1.2, dash: [] },
] as const;

/** Root mean square of updates relative to the weights in a healthy training, roughly; core/update_ratio.py. */
const USUAL_UPDATE = 1e-3;

export function overlayLines(panel: PanelView): OverlayLine[] {
  const tile = panel.shown.value;
  const spans = panel.spans.value;
  if (tile === null || spans === null) return [];
  const chosen = settings.overlays.value;
  const { mean, std } = tile.columns;
  const lines: OverlayLine[] = [...(numberFormatPart()?.limitLines(panel) ?? [])];
  if (chosen.includes("percentiles")) {
    const all = quantiles(tile);
    for (const { at, name, ...look } of PERCENTILES) {
      at.forEach((which, i) => {
        const values = all[which];
        if (values) lines.push({ ...look, points: linePoints(spans, values), name: i === 0 ? name : "" });
      });
    }
  }
  if (chosen.includes("std")) {
    const look = { width: 1, dash: [4, 3] };
    for (const side of [1, -1]) {
      const values = mean.map((value, c) => value + side * (std[c] ?? 0));
      const name = side > 0 ? "mean ± standard deviation" : "";
      lines.push({ ...look, name, points: linePoints(spans, values) });
    }
  }
  if (chosen.includes("size")) {
    const look = { width: 1.5, dash: [] };
    const rms = mean.map((value, c) => Math.hypot(value, std[c] ?? 0));
    lines.push({ ...look, name: "root mean square", points: linePoints(spans, rms) });
    if (panel.layer.series.value.kind === "updates") {
      const usual = rms.map(() => USUAL_UPDATE);
      lines.push({ ...look, dash: [6, 3], name: "10⁻³ of the weights", points: linePoints(spans, usual) });
    }
  }
  if (chosen.includes("mean"))
    lines.push({ name: "mean", points: linePoints(spans, mean), width: 1.5, dash: [] });
  return lines;
}

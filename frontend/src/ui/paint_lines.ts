/** Lines and areas over the axes of a panel: mean, spread, percentiles, shares. */

import { dark } from "../state/catalog";
import { shareStrip } from "../state/compare";
import { overlayLines } from "../state/overlays";
import type { PanelModel } from "../state/panels";
import { type Area, clearArea, drawWithin } from "./canvas_area";

/** Draws the chosen lines over a heatmap that was just painted. */
export function paintOverlays(area: Area, panel: PanelModel, ratio: number): void {
  const lines = overlayLines(panel);
  if (lines.length > 0) drawWithin(area, () => drawLines(area, panel, lines, ratio));
}

function drawLines(
  area: Area,
  panel: PanelModel,
  lines: ReturnType<typeof overlayLines>,
  ratio: number,
): void {
  const { context } = area;
  const axis = panel.axis.value;
  const scale = panel.scale.value;
  context.lineJoin = "round";
  for (const { points, width, dash } of lines) {
    const path = new Path2D();
    let open = false;
    for (const [unit, value] of points) {
      const x = axis.unitToPx(unit, area.width);
      const y = (1 - scale.valueToShare(value)) * area.height;
      // The canvas passes over NaN.
      if (open) path.lineTo(x, y);
      else path.moveTo(x, y);
      open = !Number.isNaN(y);
    }
    // A dark seam keeps the line readable on the brightest colours of every map.
    context.setLineDash(dash.map((length) => length * ratio));
    context.strokeStyle = "rgb(0 0 0 / 65%)";
    context.lineWidth = (width + 1.6) * ratio;
    context.stroke(path);
    context.strokeStyle = "#fff";
    context.lineWidth = width * ratio;
    context.stroke(path);
  }
}

/** Draws the strip of shares, 0 to 100 % of its height. */
export function paintShares(area: Area, panel: PanelModel): void {
  const pixels = panel.pixels.value;
  if (pixels === null) return;
  clearArea(area);
  const strip = shareStrip(panel);
  if (strip === null) return;
  const { context, left, top, height } = area;
  context.fillStyle = dark.value ? "#b8b8b8" : "#6b6b6b";
  for (let x = 0; x < pixels.first.length; x++) {
    const first = pixels.first[x] ?? -1;
    let most = Number.NaN;
    for (let c = first; first >= 0 && c < (pixels.last[x] ?? 0); c++) {
      const value = strip.values[c] ?? Number.NaN;
      if (!(value <= most)) most = value;
    }
    const part = most / strip.most;
    if (part > 0) context.fillRect(left + x, top + height * (1 - part), 1, height * part);
  }
}

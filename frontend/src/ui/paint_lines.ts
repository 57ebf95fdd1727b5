/** Lines and areas over the axes of a panel: mean, spread, percentiles, shares. */

import { dark } from "../state/catalog";
import { shareStrip } from "../state/compare";
import { overlayLines } from "../state/overlays";
import type { PanelModel } from "../state/panels";

/** Draws the chosen lines over a heatmap that was just painted. */
export function paintOverlays(canvas: HTMLCanvasElement, panel: PanelModel, ratio: number): void {
  const context = canvas.getContext("2d");
  const spans = panel.spans.value;
  if (context === null || spans === null) return;
  const axis = panel.axis.value;
  const scale = panel.scale.value;
  context.save();
  context.lineJoin = "round";
  for (const { values, width, dash } of overlayLines(panel)) {
    const path = new Path2D();
    let open = false;
    for (let c = 0; c < values.length; c++) {
      const value = values[c] ?? Number.NaN;
      const x = axis.unitToPx(((spans.start[c] ?? 0) + (spans.end[c] ?? 0)) / 2, canvas.width);
      const y = (1 - scale.valueToShare(value)) * canvas.height;
      if (!Number.isFinite(y)) open = false;
      else if (open) path.lineTo(x, y);
      else path.moveTo(x, y);
      open = Number.isFinite(y);
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
  context.restore();
}

/** Draws the strip of shares as an area from 0 to 100 % of its height. */
export function paintShares(
  canvas: HTMLCanvasElement,
  panel: PanelModel,
  height_px: number,
  ratio: number,
): void {
  const pixels = panel.pixels.value;
  const context = canvas.getContext("2d");
  if (pixels === null || context === null) return;
  const width = pixels.first.length;
  const height = Math.round(height_px * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.clearRect(0, 0, width, height);
  const strip = shareStrip(panel);
  if (strip === null) return;
  context.fillStyle = dark.value ? "#b8b8b8" : "#6b6b6b";
  for (let x = 0; x < width; x++) {
    const first = pixels.first[x] ?? -1;
    let most = Number.NaN;
    for (let c = first; first >= 0 && c < (pixels.last[x] ?? 0); c++) {
      const value = strip.values[c] ?? Number.NaN;
      if (!(value <= most)) most = value;
    }
    const part = most / strip.most;
    if (part > 0) context.fillRect(x, height * (1 - part), 1, height * part);
  }
}

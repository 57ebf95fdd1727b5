/** Lines over the axes of a panel: mean, spread, percentiles. */

import { overlayLines } from "../../view/panel/overlays";
import type { PanelModel } from "../../view/panel/panels";
import { type Area, drawWithin } from "./canvas_area";

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

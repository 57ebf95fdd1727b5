/** Lines over a heatmap: mean, spread, percentiles. */

import { type CanvasArea, drawWithin } from "./canvas_area";
import type { PanelScene } from "./scene";

/** Draws the chosen lines over a heatmap that was just painted. */
export function paintLines(area: CanvasArea, scene: PanelScene): void {
  if (scene.lines.length > 0) drawWithin(area, () => drawLines(area, scene));
}

function drawLines({ context, width, height }: CanvasArea, { axis, scale, lines, ratio }: PanelScene): void {
  context.lineJoin = "round";
  for (const line of lines) {
    const path = new Path2D();
    let open = false;
    for (const [unit, value] of line.points) {
      const x = axis.unitToPx(unit, width);
      const y = (1 - scale.valueToFraction(value)) * height;
      // The canvas passes over NaN.
      if (open) path.lineTo(x, y);
      else path.moveTo(x, y);
      open = !Number.isNaN(y);
    }
    // A dark seam keeps the line readable on the brightest colours of every map.
    context.setLineDash(line.dash.map((length) => length * ratio));
    context.strokeStyle = "rgb(0 0 0 / 65%)";
    context.lineWidth = (line.width + 1.6) * ratio;
    context.stroke(path);
    context.strokeStyle = "#fff";
    context.lineWidth = line.width * ratio;
    context.stroke(path);
  }
}

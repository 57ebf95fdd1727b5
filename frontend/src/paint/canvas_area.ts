/** Parts of a canvas to draw in. */

/** The part of a canvas that belongs to one panel. */
export interface PanelCanvas {
  readonly context: CanvasRenderingContext2D;
  /** Left end of the panel, CSS px. */
  readonly left_px: number;
  /** Left end and width of its heatmap from there, CSS px. */
  readonly heatLeft_px: number;
  readonly heatWidth_px: number;
}

/** Device px; what lies outside belongs to others. */
export interface CanvasArea {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The width of a heatmap over a part of the panel's height. */
export function areaIn(canvas: PanelCanvas, top_px: number, height_px: number, ratio: number): CanvasArea {
  const top = Math.round(top_px * ratio);
  return {
    context: canvas.context,
    left: Math.round((canvas.left_px + canvas.heatLeft_px) * ratio),
    top,
    width: Math.round(canvas.heatWidth_px * ratio),
    height: Math.round((top_px + height_px) * ratio) - top,
  };
}

/** Draws with (0, 0) at the area's corner, and nothing beyond it. */
export function drawWithin({ context, left, top, width, height }: CanvasArea, draw: () => void): void {
  context.save();
  context.translate(left, top);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  draw();
  context.restore();
}

export function clearArea({ context, left, top, width, height }: CanvasArea): void {
  context.clearRect(left, top, width, height);
}

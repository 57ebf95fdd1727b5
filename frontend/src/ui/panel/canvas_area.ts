/** A part of a canvas to draw in. */

/** Device px; what lies outside belongs to others. */
export interface Area {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Draws with (0, 0) at the area's corner, and nothing beyond it. */
export function drawWithin({ context, left, top, width, height }: Area, draw: () => void): void {
  context.save();
  context.translate(left, top);
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  draw();
  context.restore();
}

export function clearArea({ context, left, top, width, height }: Area): void {
  context.clearRect(left, top, width, height);
}

/** Which axes a drag over a panel zooms. */

export interface PointerPosition {
  readonly x_px: number;
  readonly y_px: number;
}

export type BrushAxes = "x" | "y" | "both";

/** Movements shorter than this are clicks. */
export const CLICK_PX = 4;
/** A drag goes in a direction when it is longer than this in it. */
const MEANT_PX = 8;
/**
 * A hand that draws a line of 400 px sideways drifts by 10 to 30 px, so that 8 px alone would turn most
 * zooms over time into zooms of both axes. Up or down is meant when it is a quarter of the way sideways
 * (14 degrees), or two fifths of the heatmap's height.
 */
const MEANT_OF_WIDTH = 0.25;
const MEANT_OF_HEIGHT = 0.4;

interface Whole {
  readonly height_px: number;
  /** Too thin for zooming its values. */
  readonly thin: boolean;
  /** Only the values are to be zoomed. */
  readonly values: boolean;
}

/** null while it may still become a click. A drag straight up or down zooms the values, as it shows no time. */
export function brushAxes(
  from: PointerPosition,
  to: PointerPosition,
  { height_px, thin, values }: Whole,
): BrushAxes | null {
  const across_px = Math.abs(to.x_px - from.x_px);
  const up_px = Math.abs(to.y_px - from.y_px);
  if (thin) return across_px >= CLICK_PX ? "x" : null;
  if (values) return up_px >= CLICK_PX ? "y" : null;
  const meantUp = up_px >= MEANT_OF_WIDTH * across_px || up_px >= MEANT_OF_HEIGHT * height_px;
  if (up_px > MEANT_PX && meantUp) return across_px > MEANT_PX ? "both" : "y";
  return across_px >= CLICK_PX ? "x" : null;
}

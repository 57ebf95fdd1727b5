/** Mouse, pen and touch on a panel: hover, drag to zoom or move, pinch, wheel with Ctrl, click to pin. */

import { effect, signal } from "@preact/signals";
import { THIN_PX } from "../../paint/scene";
import { plot_px } from "../../view/layout/metrics";
import type { PanelView } from "../../view/panel/panel_view";
import { noteMovement } from "../../view/reactive/frame_budget";
import { pinAt } from "../../view/screen/pin";
import { panBy, zoomBy, zoomTo } from "../../view/screen/zooming";
import { toggleExpanded } from "../../view/selection/selection";
import { pinned } from "../../view/settings/settings";
import { type Cursor, clearZoom, cursor, type ThinPart } from "../../view/settings/zoom";
import { type BrushAxes, brushAxes, CLICK_PX, type PointerPosition } from "./brush_axes";

/** What is being dragged over: two corners in CSS px of the panel's plot, and the zooms that are meant. */
export interface Brush {
  readonly keyX: string;
  readonly keyY: string;
  readonly axes: BrushAxes;
  readonly from: PointerPosition;
  readonly to: PointerPosition;
}

export const brush = signal<Brush | null>(null);

/** While Space is held, a drag moves the view instead of zooming. */
export const spaceHeld = signal(false);

/** Where the pointer rests; what lies there changes with the view. */
const resting = signal<{ readonly on: PanelPointer; readonly at: PointerPosition } | null>(null);
effect(() => {
  const now = resting.value;
  if (now !== null) cursor.value = now.on.cursorAt(now.at);
});

/** What the tooltip stands beside, in px of the page: the pointer, or the crosshair moved by keys. */
export const place = signal({ x: 0, y: 0 });

/** Puts the crosshair elsewhere than at the pointer, or nowhere. */
export function pointAt(at: Cursor | null): void {
  resting.value = null;
  cursor.value = at;
}

/** Where the only drag under way began. */
let start: (PointerPosition & { readonly does: "zoom" | "zoom_y" | "pan" }) | null = null;

/** Ends a drag without what it was for; false when there is none. */
export function endDrag(): boolean {
  const drags = start !== null;
  start = null;
  brush.value = null;
  return drags;
}

const DOUBLE_CLICK_MS = 500;
const WHEEL_FACTOR = 0.0025;
/** Fingers cannot be closer, and their distance is a divisor. */
const LEAST_PINCH_PX = 10;

/** Handlers for the element that covers a panel's plot; its top is the panel's top. */
export class PanelPointer {
  private last: PointerPosition = { x_px: 0, y_px: 0 };
  private pinBefore: number | null = null;
  private clickedAt_ms = 0;
  private readonly touches = new Map<number, PointerPosition>();
  private pinchAxis: "x" | "y" = "x";

  constructor(private readonly panel: PanelView) {}

  readonly onPointerDown = (event: PointerEvent): void => {
    const at = pointOf(event);
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, at);
      this.choosePinchAxis();
      // A tap does not move.
      this.hover(at);
    }
    if (event.button > 1 || this.touches.size > 1) {
      endDrag();
      return;
    }
    const pans = event.button === 1 || event.altKey || spaceHeld.peek();
    start = { ...at, does: pans ? "pan" : event.shiftKey ? "zoom_y" : "zoom" };
    this.last = at;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  };

  /** A click takes no focus, so that the arrow keys after it move the pin and not this panel's crosshair. */
  readonly onMouseDown = (event: MouseEvent): void => {
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  };

  readonly onPointerMove = (event: PointerEvent): void => {
    noteMovement();
    const at = pointOf(event);
    if (this.touches.has(event.pointerId) && this.touches.size === 2) this.pinch(event.pointerId, at);
    else if (start?.does === "pan") this.pan(at);
    else if (start !== null && event.pointerType !== "touch") this.drag(at);
    this.hover(at);
  };

  readonly onPointerUp = (event: PointerEvent): void => {
    const at = pointOf(event);
    this.touches.delete(event.pointerId);
    const from = start;
    const chosen = brush.peek();
    endDrag();
    if (from === null || from.does === "pan") return;
    if (chosen !== null) this.zoomTo(chosen);
    else if (Math.hypot(at.x_px - from.x_px, at.y_px - from.y_px) < CLICK_PX)
      this.click(at, this.countClicks(event));
  };

  readonly onPointerCancel = (event: PointerEvent): void => {
    this.touches.delete(event.pointerId);
    endDrag();
  };

  /** Two fingers zoom; the browser would scroll with them and end the gesture. */
  readonly onTouch = (event: TouchEvent): void => {
    if (event.touches.length > 1 && event.cancelable) event.preventDefault();
  };

  /** A finger leaves when it is lifted; what it pointed at stays readable until the next touch. */
  readonly onPointerLeave = (event: PointerEvent): void => {
    if (start === null && event.pointerType !== "touch") pointAt(null);
  };

  readonly onDblClick = (): void => {
    if (!this.panel.layer.open.peek()) return;
    // The clicks that made it a double click were not meant to pin.
    pinAt(this.pinBefore);
    clearZoom();
  };

  /** A plain wheel scrolls the page. Trackpads report a pinch as a wheel with Ctrl. */
  readonly onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { x_px, y_px } = pointOf(event);
    const delta = event.deltaY === 0 ? event.deltaX : event.deltaY;
    const factor = Math.exp(Math.max(-100, Math.min(100, delta)) * WHEEL_FACTOR);
    if (event.shiftKey) zoomBy(this.panel, "y", factor, this.heightFraction(y_px));
    else zoomBy(this.panel, "x", factor, x_px / plot_px.peek());
  };

  /** Pointer events do not count clicks themselves. */
  private countClicks(event: PointerEvent): number {
    const again = event.timeStamp - this.clickedAt_ms < DOUBLE_CLICK_MS;
    this.clickedAt_ms = event.timeStamp;
    return again ? 2 : 1;
  }

  private hover(at: PointerPosition): void {
    resting.value = { on: this, at };
  }

  cursorAt({ x_px, y_px }: PointerPosition): Cursor {
    const share = this.heightFraction(y_px);
    return {
      panelId: this.panel.id,
      rowId: this.panel.layer.id,
      unit: this.panel.liveAxis.value.pxToUnit(clamp(x_px, plot_px.value), plot_px.value),
      value: share >= 0 && share <= 1 ? this.panel.liveScale.value.fractionToValue(share) : null,
      band: this.thinPart(y_px),
    };
  }

  /** The gaps between them count as well. */
  private thinPart(y_px: number): ThinPart | null {
    const { bands, stripTop_px } = this.panel.layer.layout.value;
    if (stripTop_px !== null && y_px >= stripTop_px) return "strip";
    return bands.find(({ top_px }) => y_px >= top_px - 1 && y_px < top_px + THIN_PX + 1)?.band ?? null;
  }

  private drag(at: PointerPosition): void {
    if (start === null || start.does === "pan") return;
    const { layer, keyX, keyY } = this.panel;
    const { heatTop_px, heatHeight_px } = layer.layout.peek();
    // A strip is too thin to be brushed over its height.
    const whole = { height_px: heatHeight_px, thin: !layer.open.peek(), values: start.does === "zoom_y" };
    const axes = brushAxes(start, at, whole);
    // Beyond the heatmap nothing is shown.
    const inside = ({ x_px, y_px }: PointerPosition) => ({
      x_px: clamp(x_px, plot_px.peek()),
      y_px: heatTop_px + clamp(y_px - heatTop_px, heatHeight_px),
    });
    brush.value = axes && { keyX, keyY, axes, from: inside(start), to: inside(at) };
  }

  private pan(at: PointerPosition): void {
    const { heatHeight_px } = this.panel.layer.layout.peek();
    panBy(this.panel, "x", (this.last.x_px - at.x_px) / plot_px.peek());
    if (this.panel.layer.open.peek()) panBy(this.panel, "y", (at.y_px - this.last.y_px) / heatHeight_px);
    this.last = at;
  }

  /** Two fingers stretch the axis along which they lie, and move it with them. */
  private pinch(id: number, at: PointerPosition): void {
    const other = [...this.touches].find(([key]) => key !== id)?.[1];
    const before = this.touches.get(id);
    if (!other || !before) return;
    this.touches.set(id, at);
    const { heatHeight_px } = this.panel.layer.layout.peek();
    if (this.pinchAxis === "y") {
      const factor = pinchFactor(before.y_px - other.y_px, at.y_px - other.y_px);
      zoomBy(this.panel, "y", factor, this.heightFraction((at.y_px + other.y_px) / 2));
      panBy(this.panel, "y", (at.y_px - before.y_px) / 2 / heatHeight_px);
      return;
    }
    const factor = pinchFactor(before.x_px - other.x_px, at.x_px - other.x_px);
    zoomBy(this.panel, "x", factor, (at.x_px + other.x_px) / 2 / plot_px.peek());
    panBy(this.panel, "x", (before.x_px - at.x_px) / 2 / plot_px.peek());
  }

  private choosePinchAxis(): void {
    const [one, two] = [...this.touches.values()];
    if (!one || !two) return;
    const upright = Math.abs(one.y_px - two.y_px) > Math.abs(one.x_px - two.x_px);
    this.pinchAxis = upright && this.panel.layer.open.peek() ? "y" : "x";
  }

  private click(at: PointerPosition, clicks: number): void {
    if (this.panel.layer.open.peek()) {
      if (clicks === 1) this.pinBefore = pinned.peek();
      pinAt(this.panel.axis.peek().pxToUnit(at.x_px, plot_px.peek()));
    } else toggleExpanded(this.panel.layer.id);
  }

  private zoomTo({ axes, from, to }: Brush): void {
    const axis = this.panel.axis.peek();
    const scale = this.panel.scale.peek();
    const unit = ({ x_px }: PointerPosition) => axis.pxToUnit(x_px, plot_px.peek());
    const value = ({ y_px }: PointerPosition) => scale.fractionToValue(this.heightFraction(y_px));
    zoomTo(
      this.panel,
      axes === "y" ? null : [unit(from), unit(to)],
      axes === "x" ? null : [value(from), value(to)],
    );
  }

  /** Height on the value axis: 0 at its low end, 1 at its high end. */
  private heightFraction(y_px: number): number {
    const { heatTop_px, heatHeight_px } = this.panel.layer.layout.peek();
    return 1 - (y_px - heatTop_px) / heatHeight_px;
  }
}

function clamp(at_px: number, end_px: number): number {
  return Math.min(end_px, Math.max(0, at_px));
}

/** How much less is shown when two fingers this far apart move to another distance. */
function pinchFactor(was_px: number, is_px: number): number {
  return Math.max(LEAST_PINCH_PX, Math.abs(was_px)) / Math.max(LEAST_PINCH_PX, Math.abs(is_px));
}

function pointOf(event: PointerEvent | WheelEvent): PointerPosition {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x_px: event.clientX - box.left, y_px: event.clientY - box.top };
}

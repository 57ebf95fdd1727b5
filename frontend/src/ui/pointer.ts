/** Mouse, pen and touch on a panel: hover, drag to zoom, pinch, wheel with Ctrl, click to pin. */

import { signal } from "@preact/signals";
import { plot_px, THIN_PX } from "../state/metrics";
import type { PanelModel } from "../state/panels";
import { pinAt } from "../state/pin";
import { toggleExpanded } from "../state/selection";
import { pinned } from "../state/settings";
import { cursor, resetZoom } from "../state/view";
import { panBy, zoomBy, zoomToUnits, zoomToValues } from "../state/zooming";

/** What is being dragged over, in CSS px of the panel's plot. */
export interface Brush {
  readonly panelId: string;
  readonly axis: "x" | "y";
  readonly from_px: number;
  readonly to_px: number;
}

export const brush = signal<Brush | null>(null);

/** Movements shorter than this are clicks. */
const CLICK_PX = 4;
const DOUBLE_CLICK_MS = 500;
const WHEEL_FACTOR = 0.0025;

interface Point {
  readonly x_px: number;
  readonly y_px: number;
}

/** Handlers for the element that covers a panel's plot; its top is the panel's top. */
export class PanelPointer {
  private start: (Point & { readonly axis: "x" | "y" | "pan" }) | null = null;
  private last: Point = { x_px: 0, y_px: 0 };
  private pinBefore: number | null = null;
  private clickedAt_ms = 0;
  private readonly touches = new Map<number, Point>();

  constructor(private readonly panel: PanelModel) {}

  readonly onPointerDown = (event: PointerEvent): void => {
    const at = pointOf(event);
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, at);
      // A tap does not move.
      this.hover(at);
    }
    if (event.button > 1 || this.touches.size > 1) {
      this.start = null;
      brush.value = null;
      return;
    }
    const pans = event.button === 1 || event.altKey;
    this.start = { ...at, axis: pans ? "pan" : event.shiftKey ? "y" : "x" };
    this.last = at;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  };

  /** A click takes no focus, so that the arrow keys after it move the pin and not this panel's crosshair. */
  readonly onMouseDown = (event: MouseEvent): void => {
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  };

  readonly onPointerMove = (event: PointerEvent): void => {
    const at = pointOf(event);
    if (this.touches.has(event.pointerId) && this.touches.size === 2) this.pinch(event.pointerId, at);
    else if (this.start?.axis === "pan") this.pan(at);
    else if (this.start !== null && event.pointerType !== "touch") this.drag(at);
    this.hover(at);
  };

  readonly onPointerUp = (event: PointerEvent): void => {
    const at = pointOf(event);
    this.touches.delete(event.pointerId);
    const { start } = this;
    this.start = null;
    const chosen = brush.peek();
    brush.value = null;
    if (start === null || start.axis === "pan") return;
    if (chosen !== null) {
      this.zoomTo(chosen);
      // The pointer has not moved, but what lies under it has.
      this.hover(at);
    } else if (Math.hypot(at.x_px - start.x_px, at.y_px - start.y_px) < CLICK_PX)
      this.click(at, this.countClicks(event));
  };

  readonly onPointerCancel = (event: PointerEvent): void => {
    this.touches.delete(event.pointerId);
    this.start = null;
    brush.value = null;
  };

  /** A finger leaves when it is lifted; what it pointed at stays readable until the next touch. */
  readonly onPointerLeave = (event: PointerEvent): void => {
    if (this.start === null && event.pointerType !== "touch") cursor.value = null;
  };

  readonly onDblClick = (): void => {
    if (!this.panel.row.expanded.peek()) return;
    // The clicks that made it a double click were not meant to pin.
    pinAt(this.pinBefore);
    resetZoom();
  };

  /** A plain wheel scrolls the page. Trackpads report a pinch as a wheel with Ctrl. */
  readonly onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { x_px, y_px } = pointOf(event);
    const delta = event.deltaY === 0 ? event.deltaX : event.deltaY;
    const factor = Math.exp(Math.max(-100, Math.min(100, delta)) * WHEEL_FACTOR);
    if (event.shiftKey) zoomBy(this.panel, "y", factor, this.heightShare(y_px));
    else zoomBy(this.panel, "x", factor, x_px / plot_px.peek());
  };

  /** Pointer events do not count clicks themselves. */
  private countClicks(event: PointerEvent): number {
    const again = event.timeStamp - this.clickedAt_ms < DOUBLE_CLICK_MS;
    this.clickedAt_ms = event.timeStamp;
    return again ? 2 : 1;
  }

  private hover({ x_px, y_px }: Point): void {
    const share = this.heightShare(y_px);
    const bands = this.panel.row.layout.peek().bands;
    const band = bands.find(({ top_px }) => y_px >= top_px - 1 && y_px < top_px + THIN_PX)?.band ?? null;
    const inside_px = Math.min(plot_px.peek(), Math.max(0, x_px));
    cursor.value = {
      panelId: this.panel.id,
      rowId: this.panel.row.id,
      unit: this.panel.liveAxis.peek().pxToUnit(inside_px, plot_px.peek()),
      value: share >= 0 && share <= 1 ? this.panel.liveScale.peek().shareToValue(share) : null,
      band,
    };
  }

  private drag(at: Point): void {
    const { start } = this;
    if (start === null || start.axis === "pan") return;
    const [from_px, to_px] = start.axis === "x" ? [start.x_px, at.x_px] : [start.y_px, at.y_px];
    const far = Math.abs(to_px - from_px) >= CLICK_PX;
    brush.value = far ? { panelId: this.panel.id, axis: start.axis, from_px, to_px } : null;
  }

  private pan(at: Point): void {
    panBy(this.panel, "x", (this.last.x_px - at.x_px) / plot_px.peek());
    this.last = at;
  }

  private pinch(id: number, at: Point): void {
    const other = [...this.touches].find(([key]) => key !== id)?.[1];
    const before = this.touches.get(id);
    if (!other || !before) return;
    const was_px = Math.max(10, Math.abs(before.x_px - other.x_px));
    const is_px = Math.max(10, Math.abs(at.x_px - other.x_px));
    zoomBy(this.panel, "x", was_px / is_px, (at.x_px + other.x_px) / 2 / plot_px.peek());
    this.touches.set(id, at);
  }

  private click(at: Point, clicks: number): void {
    if (this.panel.row.expanded.peek()) {
      if (clicks === 1) this.pinBefore = pinned.peek();
      pinAt(this.panel.axis.peek().pxToUnit(at.x_px, plot_px.peek()));
    } else toggleExpanded(this.panel.row.id);
  }

  private zoomTo({ axis, from_px, to_px }: Brush): void {
    if (axis === "x") {
      const now = this.panel.axis.peek();
      zoomToUnits(this.panel, now.pxToUnit(from_px, plot_px.peek()), now.pxToUnit(to_px, plot_px.peek()));
      return;
    }
    const scale = this.panel.scale.peek();
    const from = scale.shareToValue(this.heightShare(from_px));
    zoomToValues(this.panel, from, scale.shareToValue(this.heightShare(to_px)));
  }

  /** Height on the value axis: 0 at its low end, 1 at its high end. */
  private heightShare(y_px: number): number {
    const { heatTop_px, heatHeight_px } = this.panel.row.layout.peek();
    return 1 - (y_px - heatTop_px) / heatHeight_px;
  }
}

function pointOf(event: PointerEvent | WheelEvent): Point {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x_px: event.clientX - box.left, y_px: event.clientY - box.top };
}

/** Dragging over an axis zooms it, as dragging over a heatmap does: in a head, and at a panel. */

import { plot_px, X_AXIS_PX, Y_AXIS_PX } from "../../view/layout/metrics";
import { sharedAxis } from "../../view/panel/known_panels";
import type { PanelView } from "../../view/panel/panel_view";
import { findPanel } from "../../view/screen/views";
import { moveAll, zoomTo } from "../../view/screen/zooming";
import { CLICK_PX } from "../input/brush_axes";
import { dragHandle } from "../input/handle_drag";
import { box } from "../widgets/box";

const AXES = ".head-axis, .axes, .panel:not(.strip)";

/** An axis within its element, CSS px. */
interface Axis {
  readonly upright: boolean;
  readonly left_px: number;
  readonly top_px: number;
  readonly width_px: number;
  readonly height_px: number;
  /** from_px, to_px: from the left or top end of the axis. */
  zoom(from_px: number, to_px: number): void;
}

/** Heads and panels come and go: each takes part once the pointer has come to it. Returns what ends that. */
export function startAxisDrags(): () => void {
  const meet = ({ target }: PointerEvent) => {
    const element = target instanceof Element ? target.closest<HTMLElement>(AXES) : null;
    if (element !== null) element.onpointerdown = press;
  };
  document.addEventListener("pointerover", meet);
  return () => document.removeEventListener("pointerover", meet);
}

function press(event: PointerEvent): void {
  if (event.button !== 0) return;
  const element = event.currentTarget as HTMLElement;
  const axis = axisUnder(element, event);
  if (axis !== null) brush(element, axis, event);
}

function axisUnder(element: HTMLElement, { target, clientY }: PointerEvent): Axis | null {
  if (element.matches(".head-axis")) return headAxis(element);
  // What lies on a panel has gestures of its own.
  const panel =
    target === element ? findPanel(element.closest<HTMLElement>(".panel")?.dataset.panel ?? "") : undefined;
  if (panel === undefined) return null;
  if (element.matches(".axes")) return valueAxis(panel);
  const { axisTop_px } = panel.layer.layout.peek();
  return clientY - element.getBoundingClientRect().top < axisTop_px ? null : timeAxis(panel);
}

function headAxis({ clientWidth: width_px, clientHeight: height_px }: HTMLElement): Axis {
  const axis = sharedAxis.peek();
  return {
    ...{ upright: false, left_px: 0, top_px: 0, width_px, height_px },
    zoom: (from_px, to_px) => moveAll(axis.pxToUnit(from_px, width_px), axis.pxToUnit(to_px, width_px)),
  };
}

function timeAxis(panel: PanelView): Axis {
  const width_px = plot_px.peek();
  const axis = panel.axis.peek();
  const top_px = panel.layer.layout.peek().axisTop_px;
  return {
    ...{ upright: false, left_px: Y_AXIS_PX, top_px, width_px, height_px: X_AXIS_PX },
    zoom: (...ends) => {
      const [from, to] = ends.sort((a, b) => a - b).map((at_px) => axis.pxToUnit(at_px, width_px));
      zoomTo(panel, [from!, to!], null);
    },
  };
}

function valueAxis(panel: PanelView): Axis {
  const { heatTop_px: top_px, heatHeight_px: height_px } = panel.layer.layout.peek();
  const scale = panel.scale.peek();
  return {
    ...{ upright: true, left_px: 0, top_px, width_px: Y_AXIS_PX, height_px },
    zoom: (...ends) => {
      const [high, low] = ends
        .sort((a, b) => a - b)
        .map((at_px) => scale.fractionToValue(1 - at_px / height_px));
      zoomTo(panel, null, [low!, high!]);
    },
  };
}

function brush(element: HTMLElement, axis: Axis, event: PointerEvent): void {
  const { upright, left_px, top_px, width_px, height_px } = axis;
  const place = element.getBoundingClientRect();
  const length_px = upright ? height_px : width_px;
  const along = ({ clientX, clientY }: PointerEvent) => {
    const at_px = upright ? clientY - place.top - top_px : clientX - place.left - left_px;
    return Math.min(length_px, Math.max(0, at_px));
  };
  const from_px = along(event);
  let to_px = from_px;
  const shown = document.createElement("div");
  shown.className = "brush";
  element.append(shown);
  const show = () => {
    const start = Math.min(from_px, to_px);
    const size = Math.abs(to_px - from_px);
    const part = upright
      ? { left: left_px, width: width_px, top: top_px + start, height: size }
      : { left: left_px + start, width: size, top: top_px, height: height_px };
    shown.style.cssText = box(part);
  };
  show();
  dragHandle(
    event,
    (moved) => {
      to_px = along(moved);
      show();
    },
    () => {
      to_px = from_px;
    },
    () => {
      shown.remove();
      if (Math.abs(to_px - from_px) >= CLICK_PX) axis.zoom(from_px, to_px);
    },
  );
}

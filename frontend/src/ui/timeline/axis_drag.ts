/** Dragging over a time axis in a head zooms, as dragging over a heatmap does. */

import { sharedAxis } from "../../view/panel/known_panels";
import { moveAll } from "../../view/screen/zooming";
import { CLICK_PX } from "../input/brush_axes";
import { dragHandle } from "../input/handle_drag";

/** Heads come and go: each axis takes part once the pointer has come to it. Returns what ends that. */
export function startAxisDrags(): () => void {
  const meet = ({ target }: PointerEvent) => {
    const axis = target instanceof Element ? target.closest<HTMLElement>(".head-axis") : null;
    if (axis !== null) axis.onpointerdown = press;
  };
  document.addEventListener("pointerover", meet);
  return () => document.removeEventListener("pointerover", meet);
}

function press(event: PointerEvent): void {
  if (event.button !== 0) return;
  const element = event.currentTarget as HTMLElement;
  const place = element.getBoundingClientRect();
  const toX = ({ clientX }: PointerEvent) => Math.min(place.width, Math.max(0, clientX - place.left));
  const from_px = toX(event);
  let to_px = from_px;
  const shown = document.createElement("div");
  shown.className = "brush";
  element.append(shown);
  dragHandle(
    event,
    (moved) => {
      to_px = toX(moved);
      shown.style.left = `${Math.min(from_px, to_px)}px`;
      shown.style.width = `${Math.abs(to_px - from_px)}px`;
    },
    () => {
      to_px = from_px;
    },
    () => {
      shown.remove();
      if (Math.abs(to_px - from_px) < CLICK_PX) return;
      const axis = sharedAxis.peek();
      moveAll(axis.pxToUnit(from_px, place.width), axis.pxToUnit(to_px, place.width));
    },
  );
}

/** The shown part of the time axis on the whole of it: its ends, and moving them. */

import { fullAxis, sharedLiveAxis } from "../../view/panel/known_panels";
import { leastFraction, moveAll } from "../../view/screen/zooming";
import { dragHandle } from "../input/handle_drag";

export type Grip = "from" | "to" | "both";
export type AxisEnds = readonly [start: number, end: number];

/** Of the whole time axis, as shares. */
export function shownEnds(): AxisEnds {
  const { lo, hi } = sharedLiveAxis.value;
  const [from, to] = [lo, hi].map((unit) => Math.min(1, Math.max(0, fullAxis.value.unitToFraction(unit))));
  return [from ?? 0, to ?? 1];
}

/** From where the shown part was at first; each end stops at the other. */
export function moveEnds(grip: Grip, [start, end]: AxisEnds, by: number): void {
  const axis = fullAxis.peek();
  const room = Math.max(0, end - start - leastFraction(axis));
  const inside = Math.max(grip === "to" ? -room : -start, Math.min(grip === "from" ? room : 1 - end, by));
  moveAll(
    axis.fractionToUnit(grip === "to" ? start : start + inside),
    axis.fractionToUnit(grip === "from" ? end : end + inside),
  );
}

/** A pointer was pressed on a part of the window; `width_px`: of the whole axis. */
export function dragEnds(event: PointerEvent, grip: Grip, width_px: number, ended?: () => void): void {
  const ends = shownEnds();
  dragHandle(
    event,
    (moved) => moveEnds(grip, ends, (moved.clientX - event.clientX) / width_px),
    () => moveAll(fullAxis.peek().fractionToUnit(ends[0]), fullAxis.peek().fractionToUnit(ends[1])),
    ended,
  );
}

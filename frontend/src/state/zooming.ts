/** Zooming and panning of a panel's axes, shared with all panels that are linked to it. */

import { countsSteps, type StepAxis } from "../math/step_axis";
import type { ValueScale } from "../math/value_scale";
import type { Interval } from "./codec";
import { fullAxis, type PanelModel } from "./panels";
import { snap } from "./value_range";
import { jumpTo, keyOfX, liveX, liveY, moveTo, withZoom, type Zooms } from "./view";

/** Less than this share of everything is not a zoom any more: it shows everything. */
const NEARLY_ALL = 0.999;
const LEAST_SHARE = 1e-7;

/** Shows parts of the axes, in their units; null leaves an axis as it is. */
export function zoomTo(panel: PanelModel, units: Interval | null, values: Interval | null): void {
  jumpTo(
    units === null ? liveX.peek() : withX(panel, fitUnits(...units)),
    values === null ? liveY.peek() : withY(panel, fitValues(panel, ...values)),
  );
}

/** `factor` < 1 shows less; what is at `share` of the axis stays where it is. */
export function zoomBy(panel: PanelModel, axis: "x" | "y", factor: number, share: number): void {
  if (axis === "x") {
    const next = panel.liveAxis.peek().zoomed(factor, share);
    moveTo(withX(panel, fitUnits(next.lo, next.hi)), liveY.peek());
    return;
  }
  const scale = panel.liveScale.peek();
  const lo = scale.shareToValue(share - share * factor);
  const hi = scale.shareToValue(share + (1 - share) * factor);
  moveTo(liveX.peek(), withY(panel, fitValues(panel, lo, hi)));
}

/** Moves what is shown by a share of it: later or higher for shares above 0. */
export function panBy(panel: PanelModel, axis: "x" | "y", share: number): void {
  if (axis === "x") {
    const now = panel.liveAxis.peek();
    moveTo(withX(panel, keepUnits(now.panned(share))), liveY.peek());
    return;
  }
  const scale = panel.liveScale.peek();
  const full = panel.fullScale.peek();
  const next: Interval = [scale.shareToValue(share), scale.shareToValue(1 + share)];
  const inside = next[0] >= full.lo && next[1] <= full.hi;
  if (inside) moveTo(liveX.peek(), withY(panel, next));
}

/** Shows a part of the axis that all linked panels share, as the minimap does. */
export function moveShared(from: number, to: number): void {
  moveTo(withZoom(liveX.peek(), "", fitUnits(from, to)), liveY.peek());
}

function withX(panel: PanelModel, part: Interval | null): Zooms {
  return withZoom(liveX.peek(), keyOfX(panel.id), part);
}

function withY(panel: PanelModel, part: Interval | null): Zooms {
  return withZoom(liveY.peek(), panel.keyY, part);
}

/** Within the whole axis and not infinitely short; null for all of it. */
function fitUnits(from: number, to: number): Interval | null {
  const full = fullAxis.peek();
  const lo = Math.max(full.lo, Math.min(from, to));
  const hi = Math.min(full.hi, Math.max(from, to));
  const share = full.unitToShare(hi) - full.unitToShare(lo);
  if (share >= NEARLY_ALL) return null;
  if (share >= Math.min(0.5, leastShare(full))) return [lo, hi];
  const middle = full.unitToShare((lo + hi) / 2);
  const half = leastShare(full) / 2;
  return [full.shareToUnit(middle - half), full.shareToUnit(middle + half)];
}

/** Steps cannot be told apart below two of them; times can. */
function leastShare(full: StepAxis): number {
  return Math.max(LEAST_SHARE, countsSteps(full.kind) ? 2 / Math.max(2, full.hi - full.lo) : 0);
}

/** The same length, moved back inside the whole axis. */
function keepUnits(wanted: StepAxis): Interval | null {
  const full = fullAxis.peek();
  if (wanted.lo < full.lo) return fitUnits(full.lo, full.lo + (wanted.hi - wanted.lo));
  if (wanted.hi > full.hi) return fitUnits(full.hi - (wanted.hi - wanted.lo), full.hi);
  return fitUnits(wanted.lo, wanted.hi);
}

function fitValues(panel: PanelModel, from: number, to: number): Interval | null {
  const full: ValueScale = panel.fullScale.peek();
  const lo = Math.max(full.lo, Math.min(from, to));
  const hi = Math.min(full.hi, Math.max(from, to));
  const share = full.valueToShare(hi) - full.valueToShare(lo);
  if (share >= NEARLY_ALL || share <= LEAST_SHARE) return null;
  return snap(full, lo, hi, panel.row.bins.peek());
}

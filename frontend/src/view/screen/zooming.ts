/** Zooming and panning of a panel's axes, shared with all panels that are linked to it. */

import { effect } from "@preact/signals";
import { countsSteps, type StepAxis } from "../../math/step_axis";
import { effectiveAxisScope, fullAxis } from "../panel/known_panels";
import type { PanelView } from "../panel/panel_view";
import type { Interval } from "../settings/codec";
import * as settings from "../settings/settings";
import { NO_ZOOM, type Zooms, zoomX, zoomY } from "../settings/settings";
import { jumpTo, liveX, liveY, moveTo, withZoom } from "../settings/zoom";

/** Less than this share of everything is not a zoom any more: it shows everything. */
const NEARLY_ALL = 0.999;
const LEAST_SHARE = 1e-7;

/** Lets go of zooms that no axis follows any more: they would count as zooms and show nothing; call once. */
export function startZooming(): void {
  effect(() => {
    zoomX.value = only(zoomX.value, settings.linked.value ? KEYS.all : KEYS.any);
    zoomY.value = only(zoomY.value, KEYS[effectiveAxisScope()]);
  });
}

/** Keys of zooms by what they belong to: only ids of panels have a line break. */
const KEYS = { any: /^/, all: /^$/, row: /^[^\n]+$/, panel: /\n/ };

function only(zooms: Zooms, keys: RegExp): Zooms {
  const kept = [...zooms].filter(([key]) => keys.test(key));
  return kept.length === zooms.size ? zooms : new Map(kept);
}

/** Shows parts of the axes, in their units; null leaves an axis as it is. */
export function zoomTo(panel: PanelView, units: Interval | null, values: Interval | null): void {
  jumpTo(
    units === null ? liveX.peek() : withX(panel, fitUnits(...units)),
    values === null ? liveY.peek() : withY(panel, ...toShares(panel, values)),
  );
}

/** `factor` < 1 shows less; what is at `share` of the axis stays where it is. */
export function zoomBy(panel: PanelView, axis: "x" | "y", factor: number, share: number): void {
  if (axis === "x") {
    const next = panel.liveAxis.peek().zoomed(factor, share);
    moveTo(withX(panel, fitUnits(next.lo, next.hi)), liveY.peek());
    return;
  }
  const [lo, hi] = valuesShown(panel);
  const still = lo + share * (hi - lo);
  moveTo(liveX.peek(), withY(panel, still + (lo - still) * factor, still + (hi - still) * factor));
}

/** Moves what is shown by a share of it, as far as there is anything: later or higher for shares above 0. */
export function panBy(panel: PanelView, axis: "x" | "y", share: number): void {
  if (axis === "x") {
    const now = panel.liveAxis.peek();
    moveTo(withX(panel, keepUnits(now.panned(share))), liveY.peek());
    return;
  }
  const [lo, hi] = valuesShown(panel);
  const by = Math.max(-lo, Math.min(1 - hi, share * (hi - lo)));
  moveTo(liveX.peek(), withY(panel, lo + by, hi + by));
}

/** Shows a part of the time axis in all panels, also in those that had a part of their own, as the minimap does. */
export function moveAll(from: number, to: number): void {
  moveTo(withZoom(NO_ZOOM, "", fitUnits(from, to)), liveY.peek());
}

/** An unlinked panel shows what all do until it has a zoom of its own, which may be everything. */
function withX(panel: PanelView, part: Interval | null): Zooms {
  const { lo, hi } = fullAxis.peek();
  const own = panel.keyX !== "" && liveX.peek().has("");
  return withZoom(liveX.peek(), panel.keyX, part ?? (own ? [lo, hi] : null));
}

/** What is wanted of the values, as shares of all; the panel shows the nearest rows, but small movements add up. */
function valuesShown(panel: PanelView): Interval {
  const part = liveY.peek().get(panel.keyY);
  return part === undefined ? [0, 1] : toShares(panel, part);
}

function toShares(panel: PanelView, [lo, hi]: Interval): Interval {
  const full = panel.fullScale.peek();
  return [full.valueToShare(lo), full.valueToShare(hi)];
}

function withY(panel: PanelView, from: number, to: number): Zooms {
  const full = panel.fullScale.peek();
  const lo = Math.max(0, Math.min(from, to));
  const hi = Math.min(1, Math.max(from, to));
  // Too little to be told apart.
  if (hi - lo <= LEAST_SHARE) return liveY.peek();
  const part: Interval = [full.shareToValue(lo), full.shareToValue(hi)];
  return withZoom(liveY.peek(), panel.keyY, hi - lo >= NEARLY_ALL ? null : part);
}

/** Within the whole axis and not infinitely short; null for all of it. */
function fitUnits(from: number, to: number): Interval | null {
  const full = fullAxis.peek();
  const lo = Math.max(full.lo, Math.min(from, to));
  const hi = Math.min(full.hi, Math.max(from, to));
  const share = full.unitToShare(hi) - full.unitToShare(lo);
  if (share >= NEARLY_ALL) return null;
  const least = leastShare(full);
  if (share >= Math.min(0.5, least)) return [lo, hi];
  const middle = full.unitToShare((lo + hi) / 2);
  return [full.shareToUnit(middle - least / 2), full.shareToUnit(middle + least / 2)];
}

/** Steps cannot be told apart below two of them; times can. */
export function leastShare(full: StepAxis): number {
  return Math.max(LEAST_SHARE, countsSteps(full.kind) ? 2 / Math.max(2, full.hi - full.lo) : 0);
}

/** The same length, moved back inside the whole axis. */
function keepUnits(wanted: StepAxis): Interval | null {
  const full = fullAxis.peek();
  if (wanted.lo < full.lo) return fitUnits(full.lo, full.lo + (wanted.hi - wanted.lo));
  if (wanted.hi > full.hi) return fitUnits(full.hi - (wanted.hi - wanted.lo), full.hi);
  return fitUnits(wanted.lo, wanted.hi);
}

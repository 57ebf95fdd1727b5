/** Ends of the colour scales as set by hand: for everything, or for one layer. */

import type { ReadonlySignal } from "@preact/signals";
import { barScale } from "../../math/contrast";
import {
  type CellExtent,
  type ColourScale,
  colourScale,
  joinExtents,
  type Quantity,
} from "../../math/normalise";
import type { Limits } from "../settings/codec";
import * as settings from "../settings/settings";

export const OPEN: Limits = [null, null];

/** Which panels share one colour scale. */
export function effectiveColourScope(): settings.Scope {
  return settings.linked.value ? settings.colourScope.value : "panel";
}

/** Whose colours the bar of a layer shows and limits: those of a panel, of the layer, or "" of all layers. */
export function scaleOwner(rowId: string, panelId = rowId): string {
  return { panel: panelId, row: rowId, all: "" }[effectiveColourScope()];
}

/** Limits in one unit say nothing in another, so that each has its own. */
function limitsKey(quantity: Quantity, owner: string): string {
  return owner === "" ? quantity : `${quantity} ${owner}`;
}

/** The limits in force: the owner's, else those of whoever it is a part of. */
export function limitsOf(owner: string): Limits {
  return ownLimits(owner) ?? widerLimits(owner) ?? OPEN;
}

/** Of a panel's layer, of all; an id of a panel ends in that of its layer. */
function widerLimits(owner: string): Limits | undefined {
  const row = owner.split("\n").at(-1) ?? "";
  return [row, ""]
    .filter((wider) => wider !== owner)
    .map(ownLimits)
    .find(Boolean);
}

export function ownLimits(owner: string): Limits | undefined {
  return settings.colourLimits.value.get(limitsKey(settings.quantity.value, owner));
}

/** undefined takes them away again. */
export function setLimits(owner: string, limits: Limits | undefined): void {
  const next = new Map(settings.colourLimits.peek());
  const key = limitsKey(settings.quantity.peek(), owner);
  const open = limits === undefined || (limits[0] === null && limits[1] === null);
  // A layer may be open though the others are not.
  if (open && (limits === undefined || widerLimits(owner) === undefined)) next.delete(key);
  else next.set(key, limits ?? OPEN);
  settings.colourLimits.value = next;
}

/** Whether an owner's colours are other than from its lowest to its highest cell. */
export function isLimited(owner: string): boolean {
  const [lo, hi] = limitsOf(owner);
  return settings.contrast.value !== "full" || lo !== null || hi !== null;
}

/** What a colour scale is made from. */
export interface Coloured {
  /** Lowest and highest occupied cell; the same without the outermost 0.5 % of them. */
  readonly extent: ReadonlySignal<CellExtent>;
  readonly innerExtent: ReadonlySignal<CellExtent>;
}

export interface Colouring {
  readonly scale: ColourScale;
  /** What the colour bar spans. */
  readonly bar: ColourScale;
}

/** One scale for some panels. */
export function colouringOf(panels: readonly Coloured[], limits: Limits): Colouring {
  const whole = joinExtents(panels.map((panel) => panel.extent.value));
  const auto = settings.contrast.value === "auto";
  const used = auto ? joinExtents(panels.map((panel) => panel.innerExtent.value)) : whole;
  const scale = colourScale(settings.quantity.value, settings.curve.value, used, limits);
  return { scale, bar: barScale(scale, whole) };
}

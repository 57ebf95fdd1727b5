/** Ends of the colour scales as set by hand: for everything, or for one layer. */

import type { ReadonlySignal } from "@preact/signals";
import { barScale } from "../math/contrast";
import {
  type CellExtent,
  type ColourScale,
  colourScale,
  joinExtents,
  type Quantity,
} from "../math/normalise";
import type { Limits } from "./codec";
import * as settings from "./settings";

export const OPEN: Limits = [null, null];

/** What the bar of a layer sets the limits of: its own colours, or those that all layers share. */
export function scaleOwner(rowId: string): string {
  return settings.linked.value && settings.scope.value === "all" ? "" : rowId;
}

/** Limits in one unit say nothing in another, so that each has its own; "" is the owner of all layers. */
function keyOf(quantity: Quantity, owner: string): string {
  return owner === "" ? quantity : `${quantity} ${owner}`;
}

/** The limits in force for a layer: its own, else those of all. */
export function limitsOf(rowId: string): Limits {
  const owner = scaleOwner(rowId);
  return ownLimits(owner) ?? ownLimits("") ?? OPEN;
}

export function ownLimits(owner: string): Limits | undefined {
  return settings.colourLimits.value.get(keyOf(settings.quantity.value, owner));
}

/** undefined takes them away again. */
export function setLimits(owner: string, limits: Limits | undefined): void {
  const next = new Map(settings.colourLimits.peek());
  const key = keyOf(settings.quantity.peek(), owner);
  const open = limits === undefined || (limits[0] === null && limits[1] === null);
  // A layer may be open though the others are not.
  if (open && (owner === "" || limits === undefined || ownLimits("") === undefined)) next.delete(key);
  else next.set(key, limits ?? OPEN);
  settings.colourLimits.value = next;
}

/** Owners with limits in the present unit. */
export function limitedOwners(): readonly string[] {
  const unit = settings.quantity.value;
  return [...settings.colourLimits.value.keys()].flatMap((key) =>
    key === unit ? [""] : key.startsWith(`${unit} `) ? [key.slice(unit.length + 1)] : [],
  );
}

/** Whether the colours of a layer are other than from its lowest to its highest cell. */
export function isLimited(rowId: string): boolean {
  const [lo, hi] = limitsOf(rowId);
  return settings.contrast.value !== "full" || lo !== null || hi !== null;
}

/** What a colour scale is made from. */
interface Coloured {
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

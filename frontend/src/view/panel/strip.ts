/** The strip under a panel: shares of special values, or distances, per column. */

import { distanceBetween, distanceToPrevious, formatDistance } from "../../math/distance";
import { formatShare } from "../../math/format";
import { saturationBounds, shareNearZero, shareOutside, shareZero } from "../../math/near_zero";
import { rebin } from "../../math/rebin";
import type { Tile } from "../../math/tile";
import { computedPerObject } from "../reactive/per_object";
import * as settings from "../settings/settings";
import { baselineRun, baseOf } from "./compare";
import { numberFormatPart } from "./number_format_later";
import type { PanelView } from "./panel_view";

export interface ColumnStrip {
  /** One value per column; NaN where there is none. */
  readonly values: Float64Array;
  /** What fills the strip's height: 1 for shares; for distances the largest of the row. */
  readonly most: number;
  readonly name: string;
  /** What is behind a column's value, in words. */
  readonly detail?: (column: number) => string;
}

/** The strip under a panel, or why it is empty. */
export function columnStrip(panel: PanelView): ColumnStrip | string {
  const strip = stripValues(panel);
  if (typeof strip === "string") return strip;
  const most = isDistance() ? largest(panel.layer.panels.value.map(stripValues)) : 1;
  return { ...strip, most, name: `${strip.name} Full height: ${formatStrip(panel, most)}.` };
}

/** A value of the strip, in words. */
export function formatStrip(panel: PanelView, value: number): string {
  return isDistance() ? formatDistance(panel.scale.value, value) : formatShare(value);
}

function isDistance(): boolean {
  return settings.strip.value === "change" || settings.strip.value === "distance";
}

type StripValues = Omit<ColumnStrip, "most">;

/** 1 where all are 0. */
function largest(strips: readonly (StripValues | string)[]): number {
  let most = 0;
  for (const strip of strips)
    if (typeof strip !== "string") for (const value of strip.values) if (value > most) most = value;
  return most || 1;
}

const stripValues = computedPerObject(computeStripValues);

function computeStripValues(panel: PanelView): StripValues | string {
  const tile = panel.shown.value;
  if (tile === null) return "";
  // The panel's own counts may lack the zeros, to which a layer can collapse.
  const rebinned = (from: Tile) => rebin(from, panel.evenEdges.value);
  const { type, dtypes } = panel.layer.series.value;
  switch (settings.strip.value) {
    case "near_zero":
      return { values: shareNearZero(tile), name: "share of values near zero (|x| ≤ 0.05)." };
    case "zero":
      if (tile.source === "histograms") return "zeros unknown";
      return { values: shareZero(tile), name: "share of values exactly zero." };
    case "saturated": {
      const bounds = saturationBounds(type, dtypes[0] ?? "");
      if (bounds === null) return `${type || "this layer"} cannot saturate`;
      return {
        values: shareOutside(tile, ...bounds),
        name: `share outside ${bounds.join(" … ")}.`,
      };
    }
    case "change":
      return {
        values: distanceToPrevious(rebinned(tile)),
        name: "earth mover's distance to the column before.",
      };
    case "distance": {
      const base = baseOf(panel);
      if (typeof base === "string") return base;
      const { partners, statement } = base.alignment;
      return {
        values: distanceBetween(rebinned(tile), rebinned(base.tile), partners),
        name: `earth mover's distance to ${baselineRun()}. ${statement}`,
      };
    }
    case "lost":
      if (settings.numberFormat.value === "off") return "no number format chosen";
      return numberFormatPart()?.lostStrip(panel) ?? "";
    case "none":
      return "";
  }
}

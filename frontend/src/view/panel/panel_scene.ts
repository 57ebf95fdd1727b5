/** A panel's view as the scene that is painted. */

import type { EdgeInks, PanelScene, StripScene } from "../../paint/scene";
import { dark } from "../catalog/catalog";
import { theme } from "../catalog/theme";
import { pixelRatio } from "../layout/metrics";
import * as settings from "../settings/settings";
import { bandTable, stripTable, valueTable } from "./colour_tables";
import { effectiveColourScope } from "./contrast";
import { baseCells, differenceColours } from "./difference";
import { allTiles } from "./known_panels";
import { overlayLines } from "./overlays";
import type { PanelView } from "./panel_view";
import { columnStrip } from "./strip";

/** null while there is nothing to draw. */
export function sceneOf(panel: PanelView): PanelScene | null {
  if (panel.data.tile.value === null) return null;
  readCheap(panel);
  const tile = panel.shown.value;
  const pixels = panel.pixels.value;
  const grid = panel.grid.value;
  if (pixels === null || grid === null || tile === null) return null;
  const { layer } = panel;
  const places = layer.layout.value;
  const base = baseCells(panel);
  return {
    ratio: pixelRatio.value,
    places,
    axis: panel.axis.value,
    scale: panel.scale.value,
    pixels,
    grid,
    columns: tile.columns,
    quantity: panel.colours.value.quantity,
    base,
    colours: base === null ? valueColours(panel) : differenceColours(layer),
    bandColours: places.bands.length > 0 ? bandTable() : null,
    strip: places.stripTop_px === null ? null : stripScene(panel),
    lines: layer.open.value ? overlayLines(panel) : [],
    edgeInks: layer.open.value ? null : edgeInks(),
    blank: theme.value["plot-bg"],
  };
}

/**
 * Whoever follows a scene looks at what it read in this order to learn whether there is a new one. A change among
 * these tells it before it comes to the grids, which are then worked out when it is the panel's turn to be drawn.
 * Nothing is missed without them.
 */
function readCheap(panel: PanelView): void {
  void [panel.shown.value, panel.axis.value, panel.scale.value, panel.zerosApart, panel.limits.value];
  void [settings.quantity.value, settings.curve.value, settings.contrast.value];
  void (effectiveColourScope() === "all" ? allTiles : panel.layer.tiles).value;
}

const EDGE_INKS: Readonly<Record<"light" | "dark", EdgeInks>> = {
  light: { outside: "#5f6368", nonFinite: "#b3261e" },
  dark: { outside: "#c4c4c4", nonFinite: "#ff9c94" },
};

/** In the present theme. */
export function edgeInks(): EdgeInks {
  return EDGE_INKS[dark.value ? "dark" : "light"];
}

function valueColours(panel: PanelView) {
  return valueTable(panel.colours.value, settings.emptyColoured.value, panel.highlighted.value);
}

function stripScene(panel: PanelView): StripScene | null {
  const strip = columnStrip(panel);
  if (typeof strip === "string") return null;
  return { values: strip.values, most: strip.most, colours: stripTable() };
}

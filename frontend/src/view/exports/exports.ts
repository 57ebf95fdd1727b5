/** A row as a picture, as text, and as a table: what is shown, with everything needed to read it. */

import { columnsIn } from "../../math/column_spans";
import { colourTicks, quantityToLabel } from "../../math/normalise";
import { clippedFractions, clippedToText } from "../../math/range";
import { AXIS_NAMES } from "../../math/step_axis";
import { areaCells, bandCells, bandCounts } from "../../paint/bands";
import { type ColourTable, lutToGradient } from "../../paint/colormap";
import { type Drawing, drawingToPng } from "../../paint/export_png";
import { drawingToSvg } from "../../paint/export_svg";
import type { Picture, PictureBar, PicturePanel, Raster } from "../../paint/picture";
import { pictureDrawing } from "../../paint/picture_drawing";
import { PICTURE_BAND_PX, PICTURE_STRIP_PX } from "../../paint/picture_layout";
import { type Cells, columnsToPixels, minusBase, paintCells, poolCells } from "../../paint/rasterise";
import { theme } from "../catalog/theme";
import { plot_px } from "../layout/metrics";
import { bandTable, currentLut, stripTable, valueTable } from "../panel/colour_tables";
import { baselineRun, showsDifference } from "../panel/compare";
import { baseCells, differenceBar, differenceColours } from "../panel/difference";
import { endSteps } from "../panel/known_panels";
import { noteTexts, noteToText } from "../panel/notes";
import { overlayLines } from "../panel/overlays";
import type { PanelLayer, PanelView } from "../panel/panel_view";
import { columnStrip } from "../panel/strip";
import { colourOfRun, shortRunNames } from "../selection/selection";
import * as settings from "../settings/settings";
import { countsToJson, countsToText, fileName, type ShownCells, statisticsToText } from "./export_text";

const PICTURE_SCALE = 2;
/** Heatmaps on pictures of one layer are at least so high. */
const LEAST_PX = 140;
const MOST_NAMED = 4;

export type Format = "png" | "svg" | "csv" | "json" | "statistics";

/** A picture as a file. */
export async function drawingToFile(drawing: Drawing, format: "png" | "svg", name: string): Promise<File> {
  return format === "png"
    ? new File([await drawingToPng(drawing)], `${name}.png`, { type: "image/png" })
    : new File([drawingToSvg(drawing)], `${name}.svg`, { type: "image/svg+xml" });
}

/** A file with what a row shows; null while its data is not there. */
export async function exportRow(row: PanelLayer, format: Format): Promise<File | null> {
  const shown = row.panels.peek().flatMap((panel) => readShownCells(panel) ?? []);
  if (shown.length === 0) return null;
  const all = shown.map(({ tile }) => tile.run).join("_");
  const name = (extension: string) => fileName([all, row.series.peek().tag, stepRangeText(shown)], extension);
  switch (format) {
    case "png":
    case "svg": {
      const panels = row.panels.peek().filter((panel) => panel.grid.peek() !== null);
      const picture = rowToPicture(row, Math.max(LEAST_PX, row.layout.peek().heatHeight_px));
      const notes = joinNotes(panels.flatMap(pictureNotes), panels.length);
      return drawingToFile(pictureDrawing({ ...picture, notes }), format, name(format).slice(0, -4));
    }
    case "csv":
      return new File([countsToText(shown)], name("csv"), { type: "text/csv" });
    case "json":
      return new File([countsToJson(shown)], name("json"), { type: "application/json" });
    case "statistics":
      return new File([statisticsToText(shown)], name("statistics.csv"), { type: "text/csv" });
  }
}

function stepRangeText(shown: readonly ShownCells[]): string {
  const first = Math.min(...shown.map(({ tile, from }) => tile.columns.firstStep[from] ?? 0));
  const last = Math.max(...shown.map(({ tile, to }) => tile.columns.lastStep[to - 1] ?? 0));
  return `${first}-${last}`;
}

/** The columns of a panel that are on the screen; null where there are none. */
export function readShownCells(panel: PanelView): ShownCells | null {
  const tile = panel.shown.value;
  const grid = panel.grid.value;
  const spans = panel.spans.value;
  if (tile === null || grid === null || spans === null) return null;
  const { lo, hi } = panel.axis.value;
  const seen = columnsIn(spans, lo, hi);
  return seen && { tile, grid, from: seen[0], to: seen[1] + 1 };
}

/** Without notes. */
export function rowToPicture(row: PanelLayer, height_px: number): Picture {
  const { layer, kind, phase, type } = row.series.peek();
  const panels = row.panels.peek().filter((panel) => panel.grid.peek() !== null);
  const { stripTop_px } = row.layout.peek();
  const shown = theme.peek();
  return {
    title: [`${layer}${type && ` (${type})`}`, kind, phase].filter(Boolean).join(", "),
    xLabel: AXIS_NAMES[settings.time.peek()],
    yLabel: "value",
    panels: panels.map((panel) => panelToPicture(panel, height_px)),
    strip: stripTop_px === null ? "" : settings.strip.peek().replace("_", " "),
    bars: [...colourBars(panels), ...(panels.some(showsDifference) ? [differenceBar(row)] : [])],
    notes: [],
    apart: false,
    width_px: plot_px.peek(),
    height_px,
    theme: { background: shown.bg, text: shown.text, axis: shown["line-strong"] },
  };
}

/** One for each colour scale, with the run's name where there are several. */
function colourBars(panels: readonly PanelView[]): PictureBar[] {
  const plain = panels.filter((panel) => !showsDifference(panel));
  const scales = new Map(plain.map((panel) => [panel.colours.peek(), panel.run]));
  return [...scales].map(([scale, run]) => {
    const unit = quantityToLabel(scale.quantity);
    return {
      heading: scales.size > 1 ? run : "",
      label: scale.curve === "linear" ? unit : `${unit}, ${scale.curve}`,
      ticks: colourTicks(scale, 5),
      gradient: lutToGradient(currentLut()),
    };
  });
}

/** What is to be known about a run, or a layer. */
export interface PictureNote {
  readonly about: string;
  readonly note: string;
}

/** Each note once, with what it is about unless that is all. */
export function joinNotes(notes: readonly PictureNote[], all: number): readonly string[] {
  const owners = new Map<string, Set<string>>();
  for (const { about, note } of notes) owners.set(note, (owners.get(note) ?? new Set()).add(about));
  return [...owners].map(([note, own]) => {
    if (own.size === all) return note;
    const named = [...own].slice(0, MOST_NAMED);
    const more = own.size - named.length;
    return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}: ${note}`;
  });
}

export function pictureNotes(panel: PanelView): PictureNote[] {
  const grid = panel.grid.peek();
  const tile = panel.shown.peek();
  const clipped = grid === null || tile === null ? "" : clippedToText(clippedFractions(grid, tile.columns.n));
  const strip = columnStrip(panel);
  const notes = noteTexts(panel).map(noteToText);
  return [clipped, typeof strip === "string" ? "" : `strip: ${strip.name}`, ...notes]
    .filter(Boolean)
    .map((note) => ({ about: panel.run, note }));
}

function panelToPicture(panel: PanelView, height_px: number): PicturePanel {
  const grid = panel.grid.peek();
  const tile = panel.shown.peek();
  const spans = panel.spans.peek();
  if (grid === null || tile === null || spans === null) throw new Error("The panel has no data to export.");
  const axis = panel.axis.peek();
  const width = plot_px.peek() * PICTURE_SCALE;
  const height = height_px * PICTURE_SCALE;
  const pixels = columnsToPixels(spans, axis, width);
  const colours = panel.colours.peek();
  const { quantity } = colours;
  const options = { quantity, height_px: height };
  const cells = poolCells(grid, tile.columns, pixels, options);
  const base = baseCells(panel);
  const strip = columnStrip(panel);
  const strip_px = PICTURE_STRIP_PX * PICTURE_SCALE;
  const bands = panel.layer.bands.peek().map((name) => {
    const shares = bandCells(bandCounts(name, tile.columns, grid), tile.columns.n, pixels);
    return { name, raster: cellsToRaster(shares, bandTable(), PICTURE_BAND_PX * PICTURE_SCALE) };
  });
  return {
    heading:
      base === null
        ? (shortRunNames.peek().get(panel.run) ?? panel.run)
        : `${panel.run} minus ${baselineRun()}`,
    colour: colourOfRun(panel.run),
    raster:
      base === null
        ? cellsToRaster(cells, valueTable(colours, settings.emptyColoured.peek()), height)
        : cellsToRaster(minusBase(cells, base, pixels, options), differenceColours(panel.layer), height),
    xTicks: axis.ticks(Math.max(2, Math.floor(plot_px.peek() / 80)), endSteps(axis)),
    yTicks: panel.scale.peek().ticks(Math.max(2, Math.floor(height_px / 30))),
    bands,
    marks: [],
    strip:
      typeof strip === "string"
        ? null
        : cellsToRaster(areaCells(strip.values, strip.most, pixels, strip_px), stripTable(), strip_px),
    lines: overlayLines(panel).map(({ name, width, dash, points }) => ({
      label: name,
      width,
      dash,
      x: points.map(([unit]) => axis.unitToFraction(unit)),
      y: points.map(([, value]) => panel.scale.peek().valueToFraction(value)),
    })),
  };
}

function cellsToRaster(cells: Cells, table: ColourTable, height: number): Raster {
  const pixels = new Uint32Array(cells.width * height);
  paintCells(cells, table, height, pixels);
  return { width: cells.width, height, pixels };
}

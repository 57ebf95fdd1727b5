/** A row as a picture, as text, and as a table: what is shown, with everything needed to read it. */

import { countsToJson, countsToText, fileName, type Shown, statisticsToText } from "../data/export_text";
import { bandCells, bandCounts } from "../draw/bands";
import { type ColourTable, colormapToLut, colourTable, hexToColour, lutToGradient } from "../draw/colormap";
import { pictureToPng } from "../draw/export_png";
import { pictureToSvg } from "../draw/export_svg";
import type { Picture, PicturePanel, Raster } from "../draw/picture";
import { type Cells, columnsToPixels, paintCells, poolCells } from "../draw/rasterise";
import { type ColourScale, colourScale, colourTicks, quantityToLabel } from "../math/normalise";
import { clippedShare, clippedToText } from "../math/range";
import { columnAt } from "../math/step_axis";
import { dark } from "./catalog";
import { showsDifference } from "./compare";
import { differenceBar, differenceColours, differenceTo } from "./difference";
import { plot_px } from "./metrics";
import { noteTexts } from "./notes";
import { overlayLines } from "./overlays";
import type { PanelModel, RowModel } from "./panels";
import { runColor, runs } from "./selection";
import * as settings from "./settings";
import { theme } from "./theme";

const PICTURE_SCALE = 2;
const BAND_PX = 8;

export type Format = "png" | "svg" | "csv" | "json" | "statistics";

/** A file with what a row shows; null while its data is not there. */
export async function exportRow(row: RowModel, format: Format): Promise<File | null> {
  const shown = row.panels.peek().flatMap((panel) => readShown(panel) ?? []);
  if (shown.length === 0) return null;
  const name = (extension: string) =>
    fileName([...shown.map(({ tile }) => tile.run), row.series.peek().layer, rangeText(shown)], extension);
  switch (format) {
    case "png":
      return new File([await pictureToPng(rowToPicture(row))], name("png"), { type: "image/png" });
    case "svg":
      return new File([pictureToSvg(rowToPicture(row))], name("svg"), { type: "image/svg+xml" });
    case "csv":
      return new File([countsToText(shown)], name("csv"), { type: "text/csv" });
    case "json":
      return new File([countsToJson(shown)], name("json"), { type: "application/json" });
    case "statistics":
      return new File([statisticsToText(shown)], name("statistics.csv"), { type: "text/csv" });
  }
}

function rangeText(shown: readonly Shown[]): string {
  const first = Math.min(...shown.map(({ tile, from }) => tile.columns.firstStep[from] ?? 0));
  const last = Math.max(...shown.map(({ tile, to }) => tile.columns.lastStep[to - 1] ?? 0));
  return `${first}-${last}`;
}

/** The columns of a panel that are on the screen. */
function readShown(panel: PanelModel): Shown | null {
  const tile = panel.shown.peek();
  const grid = panel.grid.peek();
  const spans = panel.spans.peek();
  if (tile === null || grid === null || spans === null || tile.columns.length === 0) return null;
  const axis = panel.axis.peek();
  const from = Math.max(0, columnAt(spans, axis.lo));
  const end = columnAt(spans, axis.hi);
  return { tile, grid, from, to: end < 0 ? tile.columns.length : end + 1 };
}

function rowToPicture(row: RowModel): Picture {
  const { layer, kind, type } = row.series.peek();
  const panels = row.panels.peek().filter((panel) => panel.grid.peek() !== null);
  const colours = panels[0]?.colours.peek() ?? row.colours.peek();
  const height_px = Math.max(140, row.layout.peek().heatHeight_px);
  const unit = quantityToLabel(colours.quantity);
  const shown = theme.peek();
  return {
    title: `${layer}${type ? ` (${type})` : ""}, ${kind}`,
    xLabel: settings.time.peek(),
    yLabel: "value",
    panels: panels.map((panel) => panelToPicture(panel, height_px)),
    bars: [
      {
        label: colours.curve === "linear" ? unit : `${unit}, ${colours.curve}`,
        ticks: colourTicks(colours, 5),
        gradient: lutToGradient(colormapToLut(settings.colormap.peek(), dark.peek())),
      },
      ...(panels.some(showsDifference) ? [differenceBar(row.colours.peek())] : []),
    ],
    notes: panels.flatMap(pictureNotes),
    width_px: plot_px.peek(),
    height_px,
    theme: { background: shown.bg, text: shown.text, axis: shown["line-strong"] },
  };
}

function pictureNotes(panel: PanelModel): string[] {
  const grid = panel.grid.peek();
  const tile = panel.shown.peek();
  const clipped = grid === null || tile === null ? "" : clippedToText(clippedShare(grid, tile.columns.n));
  const notes = noteTexts(panel).map(({ short, long }) => `${short}: ${long}`);
  return [...(clipped === "" ? [] : [clipped]), ...notes].map((note) => `${panel.run}: ${note}`);
}

function panelToPicture(panel: PanelModel, height_px: number): PicturePanel {
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
  const options = { quantity, pooling: "mean", height_px: height } as const;
  const cells = poolCells(grid, tile.columns, pixels, options);
  const difference = showsDifference(panel) ? differenceTo(panel, cells, pixels, options) : null;
  const bands = panel.row.bands.peek().map((name) => {
    const shares = bandCells(bandCounts(name, tile.columns, grid), tile.columns.n, pixels);
    return { name, raster: cellsToRaster(shares, valueTable(BAND_SCALE), BAND_PX * PICTURE_SCALE) };
  });
  const place = runs.peek().find((run) => run.name === panel.run)?.at ?? 0;
  return {
    heading: panel.run,
    colour: runColor(place, dark.peek()),
    raster:
      difference === null
        ? cellsToRaster(cells, valueTable(colours, settings.emptyColoured.peek()), height)
        : cellsToRaster(
            difference,
            differenceColours(panel.row.colours.peek(), hexToColour(theme.peek().bg)),
            height,
          ),
    xTicks: axis.ticks(Math.max(2, Math.floor(plot_px.peek() / 80))),
    yTicks: panel.scale.peek().ticks(Math.max(2, Math.floor(height_px / 30))),
    bands,
    lines: overlayLines(panel).map(({ name, colour, points }) => ({
      label: name,
      colour,
      x: points.map(([unit]) => axis.unitToShare(unit)),
      y: points.map(([, value]) => panel.scale.peek().valueToShare(value)),
    })),
  };
}

/** Bands are shares of all values, from none to all. */
const BAND_SCALE = colourScale("share", "sqrt", { least: 0, most: 1 });

function valueTable(scale: ColourScale, emptyColoured = false): ColourTable {
  const { bg, "plot-bg": blank } = theme.peek();
  const lut = colormapToLut(settings.colormap.peek(), dark.peek());
  return colourTable(scale, lut, { zero: emptyColoured ? null : hexToColour(blank), gap: hexToColour(bg) });
}

function cellsToRaster(cells: Cells, table: ColourTable, height: number): Raster {
  const pixels = new Uint32Array(cells.width * height);
  paintCells(cells, table, height, pixels);
  return { width: cells.width, height, pixels };
}

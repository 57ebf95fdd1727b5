/** A panel, or panels side by side, as one picture to keep: title, axes, colour bar, run names, notes. */

import type { Tick } from "../math/value_scale";
import { BAND_LABELS, BANDS, type BandName, TOP_BANDS } from "./bands";

/** Pixels as `paintCells` leaves them. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** A thin row, such as that of NaN or of values above the range. */
export interface PictureBand {
  readonly name: BandName;
  readonly raster: Raster;
}

/** A line over the heatmap, in shares of its width and height (0 left and bottom); NaN breaks it. */
export interface PictureLine {
  /** For the legend; "" for a line that goes with the one before. */
  readonly label: string;
  readonly colour: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

export interface PicturePanel {
  /** Run name, with the run's colour. */
  readonly heading: string;
  readonly colour: string;
  readonly raster: Raster;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly bands: readonly PictureBand[];
  readonly lines: readonly PictureLine[];
}

export interface PictureBar {
  readonly label: string;
  readonly ticks: readonly Tick[];
  /** CSS colours from the low to the high end, evenly spaced. */
  readonly gradient: readonly string[];
}

export interface PictureTheme {
  readonly background: string;
  readonly text: string;
  readonly axis: string;
}

export interface Picture {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly panels: readonly PicturePanel[];
  /** One colour bar for each kind of heatmap shown: values, differences. */
  readonly bars: readonly PictureBar[];
  /** What is clipped, pooled, merged, matched: one line each. */
  readonly notes: readonly string[];
  /** Size of one heatmap, CSS px. */
  readonly width_px: number;
  readonly height_px: number;
  readonly theme: PictureTheme;
}

export type Anchor = "start" | "middle" | "end";

/** What a picture is drawn on; positions in CSS px from the top left corner, y of text is its baseline. */
export interface Surface {
  rectangle(x: number, y: number, width: number, height: number, fill: string): void;
  line(points: readonly (readonly [number, number])[], colour: string, width: number): void;
  text(
    words: string,
    x: number,
    y: number,
    anchor: Anchor,
    colour: string,
    size: number,
    turned?: boolean,
  ): void;
  image(raster: Raster, x: number, y: number, width: number, height: number): void;
}

const FONT_PX = 11;
const TITLE_PX = 14;
const LEFT_PX = 64;
const TOP_PX = 46;
const AXIS_PX = 38;
const GUTTER_PX = 24;
const BAR_PX = 14;
const BAR_SPACE_PX = 110;
const BAND_PX = 8;
const BAND_LABEL_PX = 9;
const LINE_PX = 16;
const TICK_PX = 4;

/** Size of the whole picture, CSS px. */
export function pictureSize(picture: Picture): { readonly width_px: number; readonly height_px: number } {
  const notes = picture.notes.length * LINE_PX;
  return {
    width_px:
      LEFT_PX + picture.panels.length * (picture.width_px + GUTTER_PX) + picture.bars.length * BAR_SPACE_PX,
    height_px:
      TOP_PX +
      bandSpace(picture, true) +
      picture.height_px +
      bandSpace(picture, false) +
      AXIS_PX +
      legendSpace(picture) +
      notes,
  };
}

/** Draw everything, from the background up. */
export function drawPicture(picture: Picture, surface: Surface): void {
  const { width_px, height_px } = pictureSize(picture);
  const { theme } = picture;
  surface.rectangle(0, 0, width_px, height_px, theme.background);
  surface.text(picture.title, LEFT_PX, 18, "start", theme.text, TITLE_PX);
  picture.panels.forEach((panel, i) => {
    drawPanel(picture, panel, LEFT_PX + i * (picture.width_px + GUTTER_PX), i === 0, surface);
  });
  picture.bars.forEach((bar, i) => {
    const x = width_px - (picture.bars.length - i) * BAR_SPACE_PX + GUTTER_PX / 2;
    drawBar(picture, bar, x, surface);
  });
  drawLegend(picture, surface);
  picture.notes.forEach((note, i) => {
    const y = height_px - (picture.notes.length - i) * LINE_PX + FONT_PX;
    surface.text(note, LEFT_PX, y, "start", theme.text, FONT_PX);
  });
}

function drawPanel(
  picture: Picture,
  panel: PicturePanel,
  x: number,
  labels: boolean,
  surface: Surface,
): void {
  const { width_px, height_px, theme } = picture;
  const top = TOP_PX + bandSpace(picture, true);
  const bottom = top + height_px;
  surface.rectangle(x, TOP_PX - 17, FONT_PX - 2, FONT_PX - 2, panel.colour);
  surface.text(panel.heading, x + FONT_PX + 3, TOP_PX - 8, "start", theme.text, FONT_PX);
  drawBands(picture, panel, bandsOf(picture, true), x, TOP_PX, labels, surface);
  surface.image(panel.raster, x, top, width_px, height_px);
  drawBands(picture, panel, bandsOf(picture, false), x, bottom + 2, labels, surface);
  for (const line of panel.lines) drawLine(line, x, top, width_px, height_px, surface);
  const axis = bottom + bandSpace(picture, false);
  surface.line(
    [
      [x, top],
      [x, bottom],
    ],
    theme.axis,
    1,
  );
  surface.line(
    [
      [x, axis],
      [x + width_px, axis],
    ],
    theme.axis,
    1,
  );
  for (const tick of panel.xTicks) {
    const at = x + tick.share * width_px;
    surface.line(
      [
        [at, axis],
        [at, axis + TICK_PX],
      ],
      theme.axis,
      1,
    );
    surface.text(tick.label, at, axis + TICK_PX + FONT_PX, "middle", theme.text, FONT_PX);
  }
  surface.text(picture.xLabel, x + width_px / 2, axis + AXIS_PX - 8, "middle", theme.text, FONT_PX);
  for (const tick of panel.yTicks) {
    const at = bottom - tick.share * height_px;
    surface.line(
      [
        [x - TICK_PX, at],
        [x, at],
      ],
      theme.axis,
      1,
    );
    // Labels at the ends stay clear of those of the bands.
    const middle = Math.min(bottom - FONT_PX / 2, Math.max(top + FONT_PX / 2, at));
    if (labels) surface.text(tick.label, x - TICK_PX - 2, middle + FONT_PX / 3, "end", theme.text, FONT_PX);
  }
  if (labels)
    surface.text(picture.yLabel, FONT_PX + 2, (top + bottom) / 2, "middle", theme.text, FONT_PX, true);
}

/** Bands stand at the same height in all panels, so that they are named once. */
function drawBands(
  picture: Picture,
  panel: PicturePanel,
  names: readonly BandName[],
  x: number,
  y: number,
  labels: boolean,
  surface: Surface,
): void {
  names.forEach((name, i) => {
    const top = y + i * BAND_PX;
    const band = panel.bands.find((own) => own.name === name);
    if (band !== undefined) surface.image(band.raster, x, top, picture.width_px, BAND_PX - 1);
    if (!labels) return;
    surface.text(
      BAND_LABELS[name],
      x - TICK_PX - 2,
      top + BAND_PX - 1,
      "end",
      picture.theme.text,
      BAND_LABEL_PX,
    );
  });
}

function drawLine(
  line: PictureLine,
  x: number,
  top: number,
  width: number,
  height: number,
  surface: Surface,
): void {
  let points: [number, number][] = [];
  const flush = (): void => {
    if (points.length > 1) surface.line(points, line.colour, 1.5);
    points = [];
  };
  for (let i = 0; i < line.x.length; i++) {
    const [px, py] = [x + line.x[i]! * width, top + (1 - line.y[i]!) * height];
    const outside = !(line.x[i]! >= 0 && line.x[i]! <= 1 && line.y[i]! >= 0 && line.y[i]! <= 1);
    if (outside) flush();
    else points.push([px, py]);
  }
  flush();
}

function drawBar(picture: Picture, bar: PictureBar, x: number, surface: Surface): void {
  const { height_px, theme } = picture;
  const top = TOP_PX + bandSpace(picture, true);
  const step = height_px / bar.gradient.length;
  bar.gradient.forEach((colour, i) => {
    surface.rectangle(x, top + height_px - (i + 1) * step, BAR_PX, step + 0.5, colour);
  });
  for (const tick of bar.ticks) {
    const at = top + height_px * (1 - tick.share);
    surface.line(
      [
        [x + BAR_PX, at],
        [x + BAR_PX + TICK_PX, at],
      ],
      theme.axis,
      1,
    );
    surface.text(tick.label, x + BAR_PX + TICK_PX + 2, at + FONT_PX / 3, "start", theme.text, FONT_PX);
  }
  surface.text(bar.label, x + BAR_SPACE_PX - 30, top + height_px / 2, "middle", theme.text, FONT_PX, true);
}

/** The names of the lines, once for all panels. */
function drawLegend(picture: Picture, surface: Surface): void {
  const { height_px } = pictureSize(picture);
  const y = height_px - picture.notes.length * LINE_PX - LINE_PX + FONT_PX;
  let x = LEFT_PX;
  const named = (picture.panels[0]?.lines ?? []).filter(({ label }) => label !== "");
  for (const line of named) {
    surface.line(
      [
        [x, y - 4],
        [x + 16, y - 4],
      ],
      line.colour,
      1.5,
    );
    surface.text(line.label, x + 20, y, "start", picture.theme.text, FONT_PX);
    x += 34 + line.label.length * FONT_PX * 0.6;
  }
}

function legendSpace(picture: Picture): number {
  return (picture.panels[0]?.lines.length ?? 0) > 0 ? LINE_PX : 0;
}

/** Bands that any panel has, above or below the heatmaps. */
function bandsOf(picture: Picture, onTop: boolean): readonly BandName[] {
  const present = new Set(picture.panels.flatMap((panel) => panel.bands.map((band) => band.name)));
  return BANDS.filter((name) => present.has(name) && TOP_BANDS.includes(name) === onTop);
}

function bandSpace(picture: Picture, onTop: boolean): number {
  const count = bandsOf(picture, onTop).length;
  return count > 0 ? count * BAND_PX + 2 : 0;
}

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
  /** null where it has nothing to show. */
  readonly strip: Raster | null;
  readonly lines: readonly PictureLine[];
}

export interface PictureBar {
  /** The run whose colours these are; "" for those of all. */
  readonly heading: string;
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
  /** What the strip under the heatmaps shows; "" without one. */
  readonly strip: string;
  /** One colour bar for each scale: values, those of single runs, differences. */
  readonly bars: readonly PictureBar[];
  /** What is clipped, pooled, merged, matched; as many lines as each needs. */
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
/** Mean width of a character, as a share of its height. */
const LETTER = 0.56;
const LEFT_PX = 64;
/** Title, and a line more for each that it is broken into. */
const HEAD_PX = 46;
const TITLE_LINE_PX = 18;
const AXIS_PX = 38;
const GUTTER_PX = 24;
const BAR_PX = 14;
const BAR_SPACE_PX = 110;
const BAND_PX = 8;
const STRIP_PX = 12;
const BAND_LABEL_PX = 9;
const LINE_PX = 16;
const TICK_PX = 4;

/** Size of the whole picture, CSS px. */
export function pictureSize(picture: Picture): { readonly width_px: number; readonly height_px: number } {
  return {
    width_px: widthOf(picture),
    height_px:
      topOf(picture) +
      bandSpace(picture, true) +
      picture.height_px +
      bandSpace(picture, false) +
      stripSpace(picture) +
      AXIS_PX +
      legendSpace(picture) +
      noteLines(picture).length * LINE_PX,
  };
}

function widthOf(picture: Picture): number {
  return panelLeft(picture, picture.panels.length) + picture.bars.length * BAR_SPACE_PX;
}

/** Where a panel begins; one that has a value axis of its own has room for it. */
function panelLeft(picture: Picture, at: number): number {
  const between = ownAxes(picture) ? LEFT_PX : GUTTER_PX;
  return LEFT_PX + at * (picture.width_px + between);
}

/** Whether the value axes of panels differ. */
function ownAxes({ panels }: Picture): boolean {
  const [first] = panels;
  return panels.some(({ yTicks }) => JSON.stringify(yTicks) !== JSON.stringify(first?.yTicks));
}

function topOf(picture: Picture): number {
  return HEAD_PX + (titleLines(picture).length - 1) * TITLE_LINE_PX;
}

function titleLines(picture: Picture): readonly string[] {
  return wrapText(picture.title, lettersIn(widthOf(picture) - LEFT_PX, TITLE_PX));
}

function noteLines(picture: Picture): readonly string[] {
  const most = lettersIn(widthOf(picture) - LEFT_PX, FONT_PX);
  return picture.notes.flatMap((note) => wrapText(note, most));
}

function lettersIn(width_px: number, size_px: number): number {
  return Math.max(8, Math.floor(width_px / (size_px * LETTER)));
}

/** Lines of at most so many letters, broken at spaces where there are any. */
export function wrapText(text: string, most: number): readonly string[] {
  return text.match(new RegExp(`.{1,${most}}(?: |$)|.{${most}}`, "g")) ?? [];
}

/** Both ends of a name that has too many letters: they are what tells names apart. */
export function shorten(name: string, most: number): string {
  const end = Math.floor((most - 1) / 2);
  return name.length <= most ? name : `${name.slice(0, most - 1 - end)}…${name.slice(-end)}`;
}

/** Draw everything, from the background up. */
export function drawPicture(picture: Picture, surface: Surface): void {
  const { width_px, height_px } = pictureSize(picture);
  const { theme } = picture;
  surface.rectangle(0, 0, width_px, height_px, theme.background);
  titleLines(picture).forEach((line, i) => {
    surface.text(line, LEFT_PX, (i + 1) * TITLE_LINE_PX, "start", theme.text, TITLE_PX);
  });
  const own = ownAxes(picture);
  picture.panels.forEach((panel, i) => {
    drawPanel(picture, panel, panelLeft(picture, i), own || i === 0, surface);
  });
  picture.bars.forEach((bar, i) => {
    const x = width_px - (picture.bars.length - i) * BAR_SPACE_PX + GUTTER_PX / 2;
    drawBar(picture, bar, x, surface);
  });
  drawLegend(picture, surface);
  const notes = noteLines(picture);
  notes.forEach((note, i) => {
    const y = height_px - (notes.length - i) * LINE_PX + FONT_PX;
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
  const start = topOf(picture);
  const top = start + bandSpace(picture, true);
  const bottom = top + height_px;
  const heading = shorten(panel.heading, lettersIn(width_px - FONT_PX, FONT_PX));
  surface.rectangle(x, start - 17, FONT_PX - 2, FONT_PX - 2, panel.colour);
  surface.text(heading, x + FONT_PX + 3, start - 8, "start", theme.text, FONT_PX);
  drawBands(picture, panel, bandsOf(picture, true), x, start, labels, surface);
  surface.image(panel.raster, x, top, width_px, height_px);
  drawBands(picture, panel, bandsOf(picture, false), x, bottom + 2, labels, surface);
  for (const line of panel.lines) drawLine(line, x, top, width_px, height_px, surface);
  const bands = bottom + bandSpace(picture, false);
  if (panel.strip !== null) surface.image(panel.strip, x, bands + 2, width_px, STRIP_PX);
  if (labels) drawLabel(picture.strip, x, bands + STRIP_PX, theme.text, surface);
  const axis = bands + stripSpace(picture);
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
    if (labels) drawLabel(BAND_LABELS[name], x, top + BAND_PX - 1, picture.theme.text, surface);
  });
}

/** Left of a thin row. */
function drawLabel(words: string, x: number, y: number, colour: string, surface: Surface): void {
  surface.text(words, x - TICK_PX - 2, y, "end", colour, BAND_LABEL_PX);
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
  const start = topOf(picture);
  const top = start + bandSpace(picture, true);
  const heading = shorten(bar.heading, lettersIn(BAR_SPACE_PX, FONT_PX));
  surface.text(heading, x, start - 8, "start", theme.text, FONT_PX);
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
  const y = height_px - (noteLines(picture).length + 1) * LINE_PX + FONT_PX;
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

function stripSpace(picture: Picture): number {
  return picture.strip === "" ? 0 : STRIP_PX + 3;
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

/** Draws a picture, with whatever renderer it is to be made by. */

import { BAND_LABELS, type BandName } from "./bands";
import type { Drawing } from "./export_png";
import type { Picture, PictureBar, PictureLine, PicturePanel, Points, Renderer } from "./picture";
import {
  BAND_LABEL_PX,
  BAR_PX,
  BAR_SPACE_PX,
  bandSpace,
  bandsOf,
  FONT_PX,
  GUTTER_PX,
  LEFT_PX,
  LINE_PX,
  lettersIn,
  noteLines,
  ownAxes,
  PICTURE_AXIS_PX,
  PICTURE_BAND_PX,
  PICTURE_STRIP_PX,
  PICTURE_TITLE_PX,
  panelLeft,
  pictureSize,
  shortenName,
  stripSpace,
  TICK_PX,
  TITLE_LINE_PX,
  titleLines,
  topOf,
} from "./picture_layout";

/** To be written as PNG or SVG. */
export function pictureDrawing(picture: Picture): Drawing {
  const { title } = picture;
  return { title, ...pictureSize(picture), draw: (renderer) => drawPicture(picture, renderer) };
}

/** Draw everything, from the background up. */
export function drawPicture(picture: Picture, renderer: Renderer): void {
  const { width_px, height_px } = pictureSize(picture);
  const { theme } = picture;
  renderer.rectangle(0, 0, width_px, height_px, theme.background);
  titleLines(picture).forEach((line, i) => {
    renderer.text(line, LEFT_PX, (i + 1) * TITLE_LINE_PX, "start", theme.text, PICTURE_TITLE_PX);
  });
  const own = ownAxes(picture);
  picture.panels.forEach((panel, i) => {
    drawPanel(picture, panel, panelLeft(picture, i), own || i === 0, renderer);
  });
  picture.bars.forEach((bar, i) => {
    const x = width_px - (picture.bars.length - i) * BAR_SPACE_PX + GUTTER_PX / 2;
    drawBar(picture, bar, x, renderer);
  });
  drawLegend(picture, renderer);
  const notes = noteLines(picture);
  notes.forEach((note, i) => {
    const y = height_px - (notes.length - i) * LINE_PX + FONT_PX;
    renderer.text(note, LEFT_PX, y, "start", theme.text, FONT_PX);
  });
}

/** Where a panel is drawn. */
interface Spot {
  readonly x: number;
  /** Of its heatmap. */
  readonly top: number;
  readonly bottom: number;
  /** Of its time axis. */
  readonly axis: number;
  /** Whether it has names and numbers beside it. */
  readonly labels: boolean;
}

function drawPanel(
  picture: Picture,
  panel: PicturePanel,
  x: number,
  labels: boolean,
  renderer: Renderer,
): void {
  const { width_px, height_px, theme } = picture;
  const start = topOf(picture);
  const top = start + bandSpace(picture, true);
  const bottom = top + height_px;
  const bands = bottom + bandSpace(picture, false);
  const spot = { x, top, bottom, axis: bands + stripSpace(picture), labels };
  drawHeading(panel, x, start - 8, width_px, theme.text, renderer);
  if (panel.raster === null) {
    renderer.text("not recorded in this run", x, (top + bottom) / 2, "start", theme.axis, FONT_PX);
    return;
  }
  drawBands(picture, panel, bandsOf(picture, true), x, start, labels, renderer);
  renderer.image(panel.raster, x, top, width_px, height_px);
  drawBands(picture, panel, bandsOf(picture, false), x, bottom + 2, labels, renderer);
  for (const line of panel.lines) drawLine(line, x, top, width_px, height_px, renderer);
  for (const { from, to, colour } of panel.marks) {
    renderer.rectangle(x + from * width_px, top, Math.max(3, (to - from) * width_px), 3, colour);
  }
  if (panel.strip !== null) renderer.image(panel.strip, x, bands + 2, width_px, PICTURE_STRIP_PX);
  if (labels) drawLabel(picture.strip, x, bands + PICTURE_STRIP_PX, theme.text, renderer);
  drawTimeAxis(picture, panel, spot, renderer);
  drawValueAxis(picture, panel, spot, renderer);
}

/** A run's name with its colour. */
export function drawHeading(
  { heading, colour }: Pick<PicturePanel, "heading" | "colour">,
  x: number,
  y: number,
  width_px: number,
  ink: string,
  renderer: Renderer,
): void {
  if (heading === "") return;
  renderer.rectangle(x, y - FONT_PX + 2, FONT_PX - 2, FONT_PX - 2, colour);
  const words = shortenName(heading, lettersIn(width_px - FONT_PX, FONT_PX));
  renderer.text(words, x + FONT_PX + 3, y, "start", ink, FONT_PX);
}

function drawTimeAxis(picture: Picture, panel: PicturePanel, { x, axis }: Spot, renderer: Renderer): void {
  const { width_px, theme } = picture;
  drawStraight(renderer, x, axis, x + width_px, axis, theme.axis);
  for (const tick of panel.xTicks) {
    const at = x + tick.share * width_px;
    drawStraight(renderer, at, axis, at, axis + TICK_PX, theme.axis);
    renderer.text(tick.label, at, axis + TICK_PX + FONT_PX, "middle", theme.text, FONT_PX);
  }
  if (picture.xLabel !== "")
    renderer.text(
      picture.xLabel,
      x + width_px / 2,
      axis + PICTURE_AXIS_PX - 8,
      "middle",
      theme.text,
      FONT_PX,
    );
}

function drawValueAxis(picture: Picture, panel: PicturePanel, spot: Spot, renderer: Renderer): void {
  const { x, top, bottom, labels } = spot;
  const { height_px, theme } = picture;
  drawStraight(renderer, x, top, x, bottom, theme.axis);
  for (const tick of panel.yTicks) {
    const at = bottom - tick.share * height_px;
    drawStraight(renderer, x - TICK_PX, at, x, at, theme.axis);
    // Labels at the ends stay clear of those of the bands.
    const middle = Math.min(bottom - FONT_PX / 2, Math.max(top + FONT_PX / 2, at));
    if (labels) renderer.text(tick.label, x - TICK_PX - 2, middle + FONT_PX / 3, "end", theme.text, FONT_PX);
  }
  if (labels)
    renderer.text(picture.yLabel, FONT_PX + 2, (top + bottom) / 2, "middle", theme.text, FONT_PX, true);
}

function drawStraight(
  renderer: Renderer,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: string,
): void {
  renderer.line(
    [
      [x1, y1],
      [x2, y2],
    ],
    colour,
    1,
  );
}

/** Bands stand at the same height in all panels, so that they are named once. */
function drawBands(
  picture: Picture,
  panel: PicturePanel,
  names: readonly BandName[],
  x: number,
  y: number,
  labels: boolean,
  renderer: Renderer,
): void {
  names.forEach((name, i) => {
    const top = y + i * PICTURE_BAND_PX;
    const band = panel.bands.find((own) => own.name === name);
    if (band !== undefined) renderer.image(band.raster, x, top, picture.width_px, PICTURE_BAND_PX - 1);
    if (labels) drawLabel(BAND_LABELS[name], x, top + PICTURE_BAND_PX - 1, picture.theme.text, renderer);
  });
}

/** Left of a thin row. */
function drawLabel(words: string, x: number, y: number, colour: string, renderer: Renderer): void {
  renderer.text(words, x - TICK_PX - 2, y, "end", colour, BAND_LABEL_PX);
}

function drawLine(
  line: PictureLine,
  x: number,
  top: number,
  width: number,
  height: number,
  renderer: Renderer,
): void {
  let points: [number, number][] = [];
  const flush = (): void => {
    if (points.length > 1) drawSeamed(points, line, renderer);
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

/** White with a dark seam, as on the page: readable on all colours. */
function drawSeamed(points: Points, { width, dash }: PictureLine, renderer: Renderer): void {
  renderer.line(points, "#0009", width + 1.6, dash);
  renderer.line(points, "#fff", width, dash);
}

function drawBar(picture: Picture, bar: PictureBar, x: number, renderer: Renderer): void {
  const { height_px, theme } = picture;
  const start = topOf(picture);
  const top = start + bandSpace(picture, true);
  const heading = shortenName(bar.heading, lettersIn(BAR_SPACE_PX, FONT_PX));
  renderer.text(heading, x, start - 8, "start", theme.text, FONT_PX);
  const step = height_px / bar.gradient.length;
  bar.gradient.forEach((colour, i) => {
    renderer.rectangle(x, top + height_px - (i + 1) * step, BAR_PX, step + 0.5, colour);
  });
  for (const tick of bar.ticks) {
    const at = top + height_px * (1 - tick.share);
    drawStraight(renderer, x + BAR_PX, at, x + BAR_PX + TICK_PX, at, theme.axis);
    renderer.text(tick.label, x + BAR_PX + TICK_PX + 2, at + FONT_PX / 3, "start", theme.text, FONT_PX);
  }
  renderer.text(bar.label, x + BAR_SPACE_PX - 30, top + height_px / 2, "middle", theme.text, FONT_PX, true);
}

/** The names of the lines, once for all panels. */
function drawLegend(picture: Picture, renderer: Renderer): void {
  const { height_px } = pictureSize(picture);
  const y = height_px - (noteLines(picture).length + 1) * LINE_PX + FONT_PX;
  let x = LEFT_PX;
  const named = (picture.panels[0]?.lines ?? []).filter(({ label }) => label !== "");
  for (const line of named) {
    drawSeamed(
      [
        [x, y - 4],
        [x + 26, y - 4],
      ],
      line,
      renderer,
    );
    renderer.text(line.label, x + 30, y, "start", picture.theme.text, FONT_PX);
    x += 44 + line.label.length * FONT_PX * 0.6;
  }
}

/** Where the parts of a picture lie, in CSS px. */

import { BANDS, type BandName, TOP_BANDS } from "./bands";
import type { Picture } from "./picture";

export const FONT_PX = 11;
export const PICTURE_TITLE_PX = 14;
/** Mean width of a character, as a share of its height. */
const LETTER = 0.56;
export const LEFT_PX = 64;
/** Title, and a line more for each that it is broken into. */
const PICTURE_HEAD_PX = 46;
/** The same where no runs are named. */
const TITLE_ALONE_PX = 26;
export const TITLE_LINE_PX = 18;
export const PICTURE_AXIS_PX = 38;
export const GUTTER_PX = 24;
export const BAR_PX = 14;
export const BAR_SPACE_PX = 110;
export const PICTURE_BAND_PX = 8;
export const PICTURE_STRIP_PX = 12;
export const BAND_LABEL_PX = 9;
export const LINE_PX = 16;
export const TICK_PX = 4;

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
      axisSpace(picture) +
      legendSpace(picture) +
      noteLines(picture).length * LINE_PX,
  };
}

function widthOf(picture: Picture): number {
  return panelLeft(picture, picture.panels.length) + picture.bars.length * BAR_SPACE_PX;
}

/** Where a panel begins; one that has a value axis of its own has room for it. */
export function panelLeft(picture: Picture, at: number): number {
  const between = picture.apart || ownAxes(picture) ? LEFT_PX : GUTTER_PX;
  return LEFT_PX + at * (picture.width_px + between);
}

/** Whether the value axes of panels differ. */
export function ownAxes({ panels }: Picture): boolean {
  const known = panels.filter(({ raster }) => raster !== null);
  return known.some(({ yTicks }) => JSON.stringify(yTicks) !== JSON.stringify(known[0]?.yTicks));
}

export function topOf(picture: Picture): number {
  const head_px = picture.panels.some(({ heading }) => heading !== "") ? PICTURE_HEAD_PX : TITLE_ALONE_PX;
  return head_px + (titleLines(picture).length - 1) * TITLE_LINE_PX;
}

export function titleLines(picture: Picture): readonly string[] {
  return wrapText(picture.title, lettersIn(widthOf(picture) - LEFT_PX, PICTURE_TITLE_PX));
}

export function noteLines(picture: Picture): readonly string[] {
  const most = lettersIn(widthOf(picture) - LEFT_PX, FONT_PX);
  return picture.notes.flatMap((note) => wrapText(note, most));
}

export function lettersIn(width_px: number, size_px: number): number {
  return Math.max(8, Math.floor(width_px / (size_px * LETTER)));
}

/** Lines of at most so many letters, broken at spaces where there are any. */
export function wrapText(text: string, most: number): readonly string[] {
  return text.match(new RegExp(`.{1,${most}}(?: |$)|.{${most}}`, "g")) ?? [];
}

/** Both ends of a name that has too many letters: they are what tells names apart. */
export function shortenName(name: string, most: number): string {
  const end = Math.floor((most - 1) / 2);
  return name.length <= most ? name : `${name.slice(0, most - 1 - end)}…${name.slice(-end)}`;
}

function axisSpace({ xLabel }: Picture): number {
  return xLabel === "" ? PICTURE_AXIS_PX - LINE_PX : PICTURE_AXIS_PX;
}

function legendSpace(picture: Picture): number {
  return (picture.panels[0]?.lines ?? []).some(({ label }) => label !== "") ? LINE_PX : 0;
}

export function stripSpace(picture: Picture): number {
  return picture.strip === "" ? 0 : PICTURE_STRIP_PX + 3;
}

/** Bands that any panel has, above or below the heatmaps. */
export function bandsOf(picture: Picture, onTop: boolean): readonly BandName[] {
  const present = new Set(picture.panels.flatMap((panel) => panel.bands.map((band) => band.name)));
  return BANDS.filter((name) => present.has(name) && TOP_BANDS.includes(name) === onTop);
}

export function bandSpace(picture: Picture, onTop: boolean): number {
  const count = bandsOf(picture, onTop).length;
  return count > 0 ? count * PICTURE_BAND_PX + 2 : 0;
}

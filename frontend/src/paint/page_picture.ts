/** The pictures of several layers, one under the other, as one: run names, scalars and notes stand there once. */

import type { Drawing } from "./export_png";
import type { Picture, PictureTheme, Points, Renderer } from "./picture";
import { drawHeading, drawPicture } from "./picture_drawing";
import {
  FONT_PX,
  LEFT_PX,
  LINE_PX,
  lettersIn,
  PICTURE_TITLE_PX,
  panelLeft,
  pictureSize,
  TITLE_LINE_PX,
  wrapText,
} from "./picture_layout";

const SCALAR_PX = 34;
const CURVE_PX = 18;
const TITLE_PX = 44;

/** A scalar over the heatmaps of a run, on their time axis. */
export interface PictureScalar {
  readonly label: string;
  /** Shares of width and height, from the bottom left. */
  readonly curves: readonly Points[];
}

export interface PictureHead {
  readonly heading: string;
  readonly colour: string;
  /** As many in each run. */
  readonly scalars: readonly PictureScalar[];
}

export interface PagePicture {
  readonly title: string;
  readonly heads: readonly PictureHead[];
  /** At least one; each has a panel for each head. */
  readonly rows: readonly Picture[];
  readonly notes: readonly string[];
  readonly theme: PictureTheme;
}

/** To be written as PNG or SVG. */
export function pageDrawing(page: PagePicture): Drawing {
  const sizes = page.rows.map(pictureSize);
  const width_px = Math.max(...sizes.map((size) => size.width_px));
  const head_px = TITLE_PX + SCALAR_PX * Math.max(0, ...page.heads.map(({ scalars }) => scalars.length));
  const notes = page.notes.flatMap((note) => wrapText(note, lettersIn(width_px - LEFT_PX, FONT_PX)));
  const rows_px = sizes.reduce((sum, { height_px }) => sum + height_px, 0);
  const height_px = head_px + rows_px + (notes.length + 1) * LINE_PX;
  return {
    title: page.title,
    width_px,
    height_px,
    draw(renderer) {
      const { theme } = page;
      renderer.rectangle(0, 0, width_px, height_px, theme.background);
      renderer.text(page.title, LEFT_PX, TITLE_LINE_PX, "start", theme.text, PICTURE_TITLE_PX);
      page.heads.forEach((head, at) => {
        drawHead(page, head, at, renderer);
      });
      let top = head_px;
      page.rows.forEach((row, at) => {
        drawPicture(row, movedDown(renderer, top));
        top += sizes[at]!.height_px;
      });
      notes.forEach((note, at) => {
        const y = top + (at + 1) * LINE_PX;
        renderer.text(note, LEFT_PX, y, "start", theme.text, FONT_PX);
      });
    },
  };
}

function drawHead({ rows, theme }: PagePicture, head: PictureHead, at: number, renderer: Renderer): void {
  const [row] = rows;
  if (row === undefined) return;
  const x = panelLeft(row, at);
  drawHeading(head, x, TITLE_PX - 6, row.width_px, theme.text, renderer);
  head.scalars.forEach(({ label, curves }, line) => {
    const top = TITLE_PX + line * SCALAR_PX;
    renderer.text(label, x, top + FONT_PX, "start", theme.text, FONT_PX);
    for (const points of curves) {
      const placed = points.map(
        ([across, up]) => [x + across * row.width_px, top + 14 + (1 - up) * CURVE_PX] as const,
      );
      renderer.line(placed, head.colour, 1.3);
    }
  });
}

function movedDown(renderer: Renderer, by_px: number): Renderer {
  return {
    rectangle: (x, y, ...rest) => renderer.rectangle(x, y + by_px, ...rest),
    line: (points, ...rest) =>
      renderer.line(
        points.map(([x, y]) => [x, y + by_px] as const),
        ...rest,
      ),
    text: (words, x, y, ...rest) => renderer.text(words, x, y + by_px, ...rest),
    image: (raster, x, y, ...rest) => renderer.image(raster, x, y + by_px, ...rest),
  };
}

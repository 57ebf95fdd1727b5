/** Draws a panel's heatmap and what is beside it sharply, then moves and stretches that while a gesture lasts. */

import type { StepAxis } from "../math/step_axis";
import { visiblePart } from "../math/stretch";
import type { ValueScale } from "../math/value_scale";
import { areaCells, type BandName, bandCells, bandCounts } from "./bands";
import { areaIn, type CanvasArea, clearArea, type PanelCanvas } from "./canvas_area";
import type { ColourTable } from "./colormap";
import { paintEdgeMarks } from "./edge_marks";
import { paintLines } from "./paint_lines";
import { type Cells, minusBase, paintCells, poolCells } from "./rasterise";
import { type PanelScene, SHARE_PX, THIN_PX } from "./scene";

type DrawnSpan = readonly [from: number, to: number];
const FULL_SPAN: DrawnSpan = [0, 1];

/** What was drawn, with its cells, so that a change of colours alone needs no other step than the look-up. */
interface Painted {
  readonly scene: PanelScene;
  readonly height: number;
  readonly cells: Cells;
}

interface MovedArea {
  readonly area: CanvasArea;
  /** Whether it follows the value axis too. */
  readonly tall: boolean;
}

export class HeatmapPainter {
  private painted: Painted | null = null;
  /** A copy of what was drawn, made when it is first needed. */
  private copy: HTMLCanvasElement | null = null;

  /** Draws everything anew. */
  paint(canvas: PanelCanvas, scene: PanelScene): void {
    const { bands, shareTop_px } = scene.places;
    this.copy = null;
    clearArea(wholeOf(canvas, scene));
    this.painted = paintHeat(heatOf(canvas, scene), scene, this.painted);
    for (const { band, top_px } of bands) {
      paintBand(areaIn(canvas, top_px, THIN_PX, scene.ratio), scene, band);
    }
    if (shareTop_px !== null) paintStrip(areaIn(canvas, shareTop_px, SHARE_PX, scene.ratio), scene);
  }

  /** Puts what was drawn where the axes are now; true where it had to be stretched for that. */
  follow(canvas: PanelCanvas, axis: StepAxis, scale: ValueScale): boolean {
    if (this.painted === null) return false;
    const { scene } = this.painted;
    const across: DrawnSpan = [axis.unitToShare(scene.axis.lo), axis.unitToShare(scene.axis.hi)];
    const down: DrawnSpan = [1 - scale.valueToShare(scene.scale.hi), 1 - scale.valueToShare(scene.scale.lo)];
    const still = isFullSpan(across) && isFullSpan(down);
    if (still && this.copy === null) return false;
    const whole = wholeOf(canvas, scene);
    this.copy ??= copyOf(whole);
    for (const { area, tall } of movedAreas(canvas, scene)) {
      fillArea(area, scene.blank);
      drawStretched(this.copy, area.top - whole.top, area, across, tall ? down : FULL_SPAN);
    }
    return !still;
  }
}

function wholeOf(canvas: PanelCanvas, { places, ratio }: PanelScene): CanvasArea {
  return areaIn(canvas, 0, places.axisTop_px, ratio);
}

function heatOf(canvas: PanelCanvas, { places, ratio }: PanelScene): CanvasArea {
  return areaIn(canvas, places.heatTop_px, places.heatHeight_px, ratio);
}

function movedAreas(canvas: PanelCanvas, scene: PanelScene): readonly MovedArea[] {
  const { bands, shareTop_px } = scene.places;
  const low = (top_px: number, height_px: number) => ({
    area: areaIn(canvas, top_px, height_px, scene.ratio),
    tall: false,
  });
  return [
    { area: heatOf(canvas, scene), tall: true },
    ...bands.map(({ top_px }) => low(top_px, THIN_PX)),
    ...(shareTop_px === null ? [] : [low(shareTop_px, SHARE_PX)]),
  ];
}

function paintHeat(area: CanvasArea, scene: PanelScene, last: Painted | null): Painted {
  const cells = cellsOf(scene, area.height, last);
  const { base, colours } = scene;
  const options = { quantity: scene.quantity, height_px: area.height };
  paintTable(area, base === null ? cells : minusBase(cells, base, scene.pixels, options), colours);
  paintLines(area, scene);
  if (scene.edgeInks !== null) paintEdgeMarks(area, scene, scene.edgeInks);
  return { scene, height: area.height, cells };
}

function cellsOf(
  { grid, columns, pixels, quantity }: PanelScene,
  height: number,
  last: Painted | null,
): Cells {
  const before = last?.scene;
  const same =
    before?.grid === grid &&
    before.pixels === pixels &&
    before.quantity === quantity &&
    last?.height === height;
  if (same && last) return last.cells;
  const options = { quantity, height_px: height };
  return poolCells(grid, columns, pixels, last ? { ...options, reuse: last.cells } : options);
}

function paintBand(area: CanvasArea, scene: PanelScene, band: BandName): void {
  const { grid, columns, pixels, bandColours } = scene;
  if (bandColours === null) return;
  paintTable(area, bandCells(bandCounts(band, columns, grid), columns.n, pixels), bandColours);
}

function paintStrip(area: CanvasArea, { strip, pixels }: PanelScene): void {
  if (strip === null) return;
  paintTable(area, areaCells(strip.values, strip.most, pixels, area.height), strip.colours);
}

/** Kept, since panels mostly have one size and making room for pixels takes longer than filling it. */
let image: ImageData | null = null;

function paintTable({ context, left, top, height }: CanvasArea, cells: Cells, table: ColourTable): void {
  if (image?.width !== cells.width || image.height !== height) {
    image = context.createImageData(cells.width, height);
  }
  paintCells(cells, table, height, new Uint32Array(image.data.buffer));
  context.putImageData(image, left, top);
}

function isFullSpan([from, to]: DrawnSpan): boolean {
  return from === 0 && to === 1;
}

function copyOf({ context, left, top, width, height }: CanvasArea): HTMLCanvasElement {
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  copy.getContext("2d")?.drawImage(context.canvas, left, top, width, height, 0, 0, width, height);
  return copy;
}

function fillArea({ context, left, top, width, height }: CanvasArea, colour: string): void {
  context.fillStyle = colour;
  context.fillRect(left, top, width, height);
}

/** Draws a part of a copy, from `from` down, into an area of the same size; its ends lie at shares of that. */
function drawStretched(
  copy: HTMLCanvasElement,
  from: number,
  area: CanvasArea,
  across: DrawnSpan,
  down: DrawnSpan,
): void {
  const { context, left, top, width, height } = area;
  const x = visiblePart(...across);
  const y = visiblePart(...down);
  if (x === null || y === null) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(
    copy,
    x.source[0] * width,
    from + y.source[0] * height,
    (x.source[1] - x.source[0]) * width,
    (y.source[1] - y.source[0]) * height,
    left + x.target[0] * width,
    top + y.target[0] * height,
    (x.target[1] - x.target[0]) * width,
    (y.target[1] - y.target[0]) * height,
  );
}

/** The pictures of one panel: made once, then shown where the axes are, stretched while a gesture lasts. */

import type { BandName } from "../draw/bands";
import { visiblePart } from "../math/stretch";
import { AXIS_PX, pixelRatio, SHARE_PX, THIN_PX } from "../state/metrics";
import type { PanelModel } from "../state/panels";
import { blankCss, type Painted, paintBand, paintHeat } from "./paint";
import { paintShares } from "./paint_lines";
import type { Place } from "./surface";

type Picture = HTMLCanvasElement;

export class PanelPicture {
  private readonly heat = document.createElement("canvas");
  private readonly bands = new Map<BandName, Picture>();
  private shares: Picture | null = null;
  private painted: Painted | null = null;

  constructor(private readonly panel: PanelModel) {}

  /** Works everything out anew that has changed; false while there is nothing to draw. */
  paint(): boolean {
    const ratio = pixelRatio.value;
    const { heatHeight_px, bands, shareTop_px } = this.panel.row.layout.value;
    this.painted = paintHeat(this.heat, this.panel, { height_px: heatHeight_px, ratio }, this.painted);
    if (this.painted === null) return false;
    for (const { band } of bands) {
      const picture = this.bands.get(band) ?? document.createElement("canvas");
      this.bands.set(band, picture);
      paintBand(picture, this.panel, band);
    }
    if (shareTop_px !== null) {
      this.shares ??= document.createElement("canvas");
      paintShares(this.shares, this.panel, SHARE_PX, ratio);
    }
    return true;
  }

  /** Puts the pictures where the axes are now; true where they had to be stretched for that. */
  show({ context, left_px }: Place): boolean {
    const { panel, painted } = this;
    const ratio = pixelRatio.value;
    const { heatTop_px, heatHeight_px, bands, shareTop_px, axisTop_px } = panel.row.layout.value;
    const toDevice = (size_px: number) => Math.round(size_px * ratio);
    const left = toDevice(left_px + AXIS_PX);
    const width = this.heat.width;
    const end_px = panel.row.expanded.value ? axisTop_px : heatHeight_px;
    context.clearRect(left, 0, width, toDevice(end_px));
    if (painted === null) return false;
    const axis = panel.liveAxis.value;
    const scale = panel.liveScale.value;
    const across = [axis.unitToShare(painted.axis.lo), axis.unitToShare(painted.axis.hi)] as const;
    const upward = [
      1 - scale.valueToShare(painted.scale.hi),
      1 - scale.valueToShare(painted.scale.lo),
    ] as const;
    const put = (picture: Picture, top_px: number, height_px: number, down = WHOLE) => {
      const area = [left, toDevice(top_px), width, toDevice(height_px)] as const;
      putPicture(context, picture, area, across, down);
    };
    put(this.heat, heatTop_px, heatHeight_px, upward);
    for (const { band, top_px } of bands) {
      const picture = this.bands.get(band);
      if (picture) put(picture, top_px, THIN_PX);
    }
    if (shareTop_px !== null && this.shares) put(this.shares, shareTop_px, SHARE_PX);
    return !isWhole(across) || !isWhole(upward);
  }
}

type Ends = readonly [from: number, to: number];
const WHOLE: Ends = [0, 1];

function isWhole([from, to]: Ends): boolean {
  return from === 0 && to === 1;
}

/** Area: left, top, width, height in device px. Ends: where those of the picture lie in it, as shares. */
function putPicture(
  context: CanvasRenderingContext2D,
  picture: Picture,
  [left, top, width, height]: readonly [number, number, number, number],
  across: Ends,
  down: Ends,
): void {
  if (isWhole(across) && isWhole(down) && picture.height === height) {
    context.drawImage(picture, left, top);
    return;
  }
  const x = visiblePart(...across);
  const y = visiblePart(...down);
  context.fillStyle = blankCss();
  context.fillRect(left, top, width, height);
  if (x === null || y === null) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(
    picture,
    x.source[0] * picture.width,
    y.source[0] * picture.height,
    (x.source[1] - x.source[0]) * picture.width,
    (y.source[1] - y.source[0]) * picture.height,
    left + x.target[0] * width,
    top + y.target[0] * height,
    (x.target[1] - x.target[0]) * width,
    (y.target[1] - y.target[0]) * height,
  );
}

/** What a panel shows on the surface under it: drawn sharply, then moved and stretched while a gesture lasts. */

import { visiblePart } from "../../math/stretch";
import { AXIS_PX, pixelRatio, SHARE_PX, THIN_PX } from "../../view/layout/metrics";
import type { PanelModel } from "../../view/panel/panels";
import { type Area, clearArea } from "./canvas_area";
import { blankCss, type Painted, paintBand, paintHeat, paintStrip } from "./paint";
import type { Place } from "./surface";

type Ends = readonly [from: number, to: number];
const WHOLE: Ends = [0, 1];

interface Part {
  readonly area: Area;
  /** Whether it follows the value axis too. */
  readonly tall: boolean;
}

export class PanelPicture {
  private painted: Painted | null = null;
  /** A copy of what was drawn, made when it is first needed. */
  private copy: HTMLCanvasElement | null = null;

  constructor(private readonly panel: PanelModel) {}

  /** Draws everything anew; false while there is nothing to draw. */
  paint(place: Place): boolean {
    this.copy = null;
    const { bands, shareTop_px } = this.panel.row.layout.value;
    clearArea(this.whole(place));
    this.painted = paintHeat(this.heat(place), this.panel, pixelRatio.value, this.painted);
    if (this.painted === null) return false;
    for (const { band, top_px } of bands) paintBand(this.area(place, top_px, THIN_PX), this.panel, band);
    if (shareTop_px !== null) paintStrip(this.area(place, shareTop_px, SHARE_PX), this.panel);
    return true;
  }

  /** Puts what was drawn where the axes are now; true where it had to be stretched for that. */
  follow(place: Place): boolean {
    const { panel, painted } = this;
    if (painted === null) return false;
    const axis = panel.liveAxis.value;
    const scale = panel.liveScale.value;
    const across: Ends = [axis.unitToShare(painted.axis.lo), axis.unitToShare(painted.axis.hi)];
    const down: Ends = [1 - scale.valueToShare(painted.scale.hi), 1 - scale.valueToShare(painted.scale.lo)];
    const still = isWhole(across) && isWhole(down);
    if (still && this.copy === null) return false;
    const whole = this.whole(place);
    this.copy ??= copyOf(whole);
    for (const { area, tall } of this.parts(place)) {
      stretch(this.copy, area.top - whole.top, area, across, tall ? down : WHOLE);
    }
    return !still;
  }

  private parts(place: Place): readonly Part[] {
    const { bands, shareTop_px } = this.panel.row.layout.value;
    const low = (top_px: number, size_px: number) => ({
      area: this.area(place, top_px, size_px),
      tall: false,
    });
    return [
      { area: this.heat(place), tall: true },
      ...bands.map(({ top_px }) => low(top_px, THIN_PX)),
      ...(shareTop_px === null ? [] : [low(shareTop_px, SHARE_PX)]),
    ];
  }

  private heat(place: Place): Area {
    const { heatTop_px, heatHeight_px } = this.panel.row.layout.value;
    return this.area(place, heatTop_px, heatHeight_px);
  }

  private whole(place: Place): Area {
    const { axisTop_px, heatHeight_px } = this.panel.row.layout.value;
    return this.area(place, 0, this.panel.row.expanded.value ? axisTop_px : heatHeight_px);
  }

  private area({ context, left_px, width_px }: Place, top_px: number, height_px: number): Area {
    const ratio = pixelRatio.value;
    const top = Math.round(top_px * ratio);
    return {
      context,
      left: Math.round((left_px + AXIS_PX) * ratio),
      top,
      width: Math.round(width_px * ratio),
      height: Math.round((top_px + height_px) * ratio) - top,
    };
  }
}

function isWhole([from, to]: Ends): boolean {
  return from === 0 && to === 1;
}

function copyOf({ context, left, top, width, height }: Area): HTMLCanvasElement {
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  copy.getContext("2d")?.drawImage(context.canvas, left, top, width, height, 0, 0, width, height);
  return copy;
}

/** Draws a part of a copy, from `from` down, into an area of the same size; its ends lie at shares of that. */
function stretch(copy: HTMLCanvasElement, from: number, area: Area, across: Ends, down: Ends): void {
  const { context, left, top, width, height } = area;
  const x = visiblePart(...across);
  const y = visiblePart(...down);
  context.fillStyle = blankCss();
  context.fillRect(left, top, width, height);
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

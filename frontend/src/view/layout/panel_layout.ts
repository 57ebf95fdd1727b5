/** Where the parts of a panel lie, in CSS px from its top. */

import { BANDS, type BandName, TOP_BANDS } from "../../paint/bands";
import { type PartPlaces, SHARE_PX, THIN_PX } from "../../paint/scene";
import { NOTES_PX, PAD_PX, THIN_GAP_PX, X_AXIS_PX } from "./metrics";

export interface PanelLayout extends PartPlaces {
  /** From the top of the first part to the end of the last one above the time axis. */
  readonly height_px: number;
}

/** A strip is all heatmap. */
export function placeStrip(height_px: number): PanelLayout {
  return {
    bands: [],
    heatTop_px: 0,
    heatHeight_px: height_px,
    shareTop_px: null,
    axisTop_px: height_px,
    height_px,
  };
}

const BAND_SPACE_PX = THIN_PX + THIN_GAP_PX;

/** Line of notes, top bands, heatmap, bottom bands, strip of shares, time axis; the heatmap takes what the others leave. */
export function placeParts(bands: readonly BandName[], panel_px: number, withShares: boolean): PanelLayout {
  const share_px = withShares ? SHARE_PX : 0;
  const tops = bands.filter((band) => TOP_BANDS.includes(band));
  const bottoms = BANDS.filter((band) => bands.includes(band) && !tops.includes(band));
  const heatTop_px = NOTES_PX + tops.length * BAND_SPACE_PX;
  const end_px = panel_px - X_AXIS_PX - PAD_PX;
  const heatHeight_px = Math.max(16, end_px - heatTop_px - bottoms.length * BAND_SPACE_PX);
  const heatEnd_px = heatTop_px + heatHeight_px;
  const placed = [
    ...tops.map((band, at) => ({ band, top_px: NOTES_PX + at * BAND_SPACE_PX })),
    ...bottoms.map((band, at) => ({ band, top_px: heatEnd_px + THIN_GAP_PX + at * BAND_SPACE_PX })),
  ];
  const partsEnd_px = heatEnd_px + bottoms.length * BAND_SPACE_PX;
  return {
    bands: placed,
    heatTop_px,
    heatHeight_px,
    shareTop_px: withShares ? partsEnd_px + 1 : null,
    axisTop_px: partsEnd_px + share_px + 1,
    height_px: partsEnd_px + share_px - NOTES_PX,
  };
}

/** All that the picture of one panel is made of; equal scenes give equal pixels. */

import type { LinePoint } from "../math/line_points";
import type { Quantity } from "../math/normalise";
import type { CellGrid } from "../math/rebin";
import type { StepAxis } from "../math/step_axis";
import type { Columns } from "../math/tile";
import type { ValueScale } from "../math/value_scale";
import type { BandName } from "./bands";
import type { ColourTable } from "./colormap";
import type { BaseCells, PixelColumns } from "./rasterise";

/** Heights of a band and of the strip under a heatmap. */
export const THIN_PX = 5;
export const STRIP_HEIGHT_PX = 12;

export interface PlacedBand {
  readonly band: BandName;
  readonly top_px: number;
}

/** Where the parts of a panel lie, in CSS px from its top. */
export interface PartPlaces {
  readonly bands: readonly PlacedBand[];
  readonly heatTop_px: number;
  readonly heatHeight_px: number;
  /** null without the strip under the heatmap. */
  readonly stripTop_px: number | null;
  /** Where the last part ends; a time axis begins there. */
  readonly axisTop_px: number;
}

export interface OverlayLine {
  /** For a legend; "" for a line that goes with the one before. */
  readonly name: string;
  /** In units of the axes; NaN breaks it. */
  readonly points: readonly LinePoint[];
  readonly width: number;
  readonly dash: readonly number[];
}

export interface StripScene {
  readonly values: Float64Array;
  readonly most: number;
  readonly colours: ColourTable;
}

/** CSS colours of the marks along the edges of a heatmap that has no bands. */
export interface EdgeInks {
  readonly outside: string;
  readonly nonFinite: string;
}

export interface PanelScene {
  /** Device pixels in a CSS pixel. */
  readonly ratio: number;
  readonly places: PartPlaces;
  readonly axis: StepAxis;
  readonly scale: ValueScale;
  readonly pixels: PixelColumns;
  readonly grid: CellGrid;
  readonly columns: Columns;
  readonly quantity: Quantity;
  /** What the cells are shown minus, on the same rows; null where they are shown themselves. */
  readonly base: BaseCells | null;
  /** Of the cells, or of their differences. */
  readonly colours: ColourTable;
  /** null without bands. */
  readonly bandColours: ColourTable | null;
  /** One value per column, of which `most` fills the height; null where it has nothing to show. */
  readonly strip: StripScene | null;
  readonly lines: readonly OverlayLine[];
  readonly edgeInks: EdgeInks | null;
  /** CSS colour of where the picture does not reach while it is stretched. */
  readonly blank: string;
}

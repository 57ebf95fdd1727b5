/** A panel, or panels side by side, as one picture to keep: title, axes, colour bar, run names, notes. */

import type { Tick } from "../math/value_scale";
import type { BandName } from "./bands";

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
  readonly width: number;
  readonly dash: readonly number[];
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Steps of a finding, as shares of the time axis. */
export interface PictureMark {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
}

export interface PicturePanel {
  /** Run name, with the run's colour; "" where it stands elsewhere. */
  readonly heading: string;
  readonly colour: string;
  /** null for a run that does not have the layer. */
  readonly raster: Raster | null;
  readonly marks: readonly PictureMark[];
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
  /** Whether there is room for a value axis beside each panel, not only where they differ. */
  readonly apart: boolean;
  readonly theme: PictureTheme;
}

export type Anchor = "start" | "middle" | "end";

export type Points = readonly (readonly [number, number])[];

/** What a picture is drawn on; positions in CSS px from the top left corner, y of text is its baseline. */
export interface Renderer {
  rectangle(x: number, y: number, width: number, height: number, fill: string): void;
  line(points: Points, colour: string, width: number, dash?: readonly number[]): void;
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

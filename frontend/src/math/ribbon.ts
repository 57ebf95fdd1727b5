/** A ribbon of layers by time: how much each changed where, as shares of a scale of colours. */

import type { StepAxis } from "./step_axis";

/** A change this small has the lowest colour, and one this large the highest: 1 is a scale that grew 2.7-fold. */
const LEAST_CHANGE = 0.02;
const MOST_CHANGE = 1;

/** 0 to 1, logarithmic: nearly still to turned over. */
export function changeToShare(change: number): number {
  const share = Math.log(change / LEAST_CHANGE) / Math.log(MOST_CHANGE / LEAST_CHANGE);
  return Math.min(1, Math.max(0, share));
}

const UNKNOWN = -1;

/** One layer: a value and a place for each column; null where nothing is known. */
export interface RibbonLayer {
  readonly values: readonly (number | null)[];
  readonly start: ArrayLike<number>;
  readonly end: ArrayLike<number>;
}

/**
 * Rows by columns of pixels, the first layer in the top row; -1 where nothing is known. Where several layers or
 * columns share a pixel it has the largest value, so that no change is lost.
 */
export function ribbonCells(
  layers: readonly RibbonLayer[],
  axis: StepAxis,
  width: number,
  rows: number,
): Float32Array {
  const cells = new Float32Array(width * rows).fill(UNKNOWN);
  layers.forEach((layer, at) => {
    const from = Math.floor((at * rows) / layers.length);
    const to = Math.max(from + 1, Math.floor(((at + 1) * rows) / layers.length));
    layer.values.forEach((value, column) => {
      if (value === null) return;
      const left = Math.max(0, Math.floor(axis.unitToPx(layer.start[column]!, width)));
      const right = Math.min(width, Math.max(left + 1, Math.round(axis.unitToPx(layer.end[column]!, width))));
      for (let row = from; row < to; row++) raise(cells, row * width + left, row * width + right, value);
    });
  });
  return cells;
}

function raise(cells: Float32Array, from: number, to: number, value: number): void {
  for (let at = from; at < to; at++) cells[at] = Math.max(cells[at]!, value);
}

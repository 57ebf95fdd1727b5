/** How finely the server need not merge bins, for a value axis. */

import type { ValueScale } from "./value_scale";

/** Float32 values do not differ by less. */
const LEAST_UNIT = -149;

/**
 * The exponent u for a tile request: cells of 2**u are no higher than the lowest row of the axis, so that
 * merged bins are never coarser than what is drawn, also near 0 on a symlog axis, where `rows` would merge
 * everything below a row of a linear one. The tile stays small all the same: stored bins are 1/16 octave wide
 * and larger ones than a cell stay as they are. null: native rows, which need every bin (`rows: 0`).
 */
export function unitOf(scale: ValueScale, rows: number): number | null {
  if (scale.kind === "native") return null;
  const edges = scale.edges(rows);
  let least = Number.POSITIVE_INFINITY;
  for (let row = 0; row < rows; row++) least = Math.min(least, edges[row + 1]! - edges[row]!);
  return Math.max(LEAST_UNIT, Math.floor(Math.log2(least)));
}

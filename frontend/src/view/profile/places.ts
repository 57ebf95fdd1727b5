/** Places in repeated blocks, such as the second activation of each: layers that can be compared along a deep model. */

import type { Series } from "../../series/types";

/** Layers at the same place of their blocks. */
export interface Place {
  readonly id: string;
  /** What comes after the block's name, else the type of its layers. */
  readonly label: string;
  readonly count: number;
}

/** A path up to its last number, which is that of the block; stages before it are numbered too. */
const BLOCK = /^(.*\.)?\d+(?=\.|$)/;

/** "layer#.#.relu2 ReLU" of layer2.7.relu2: the numbers of blocks and stages left out. */
export function placeOf({ layer, type }: Series): string {
  return `${layer.replace(BLOCK, (block) => block.replace(/\d+/g, "#"))} ${type}`;
}

/** Fewer layers at one place are no row of blocks. */
const LEAST_BLOCKS = 4;

/** The places that the blocks of a model repeat, in the order of their first layers. */
export function repeatedPlaces(layers: readonly Series[]): readonly Place[] {
  const counts = new Map<string, number>();
  for (const layer of layers) counts.set(placeOf(layer), (counts.get(placeOf(layer)) ?? 0) + 1);
  return [...counts].flatMap(([id, count]) =>
    count < LEAST_BLOCKS
      ? []
      : { id, count, label: id.replace(/ .*$/, "").replace(/^.*#\.?/, "") || id.replace(/^.* /, "") },
  );
}

/** Of deep models one place is followed at first: the last one of the blocks, which is what a block hands on. */
export function usualPlace(places: readonly Place[]): Place | undefined {
  const most = Math.max(...places.map(({ count }) => count));
  return places.findLast(({ count }) => count === most);
}

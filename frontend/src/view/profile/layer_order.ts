/** Layers in the order in which the forward pass ran them, where a run recorded it. */

import type { RunAnswer, Series } from "../../series/types";

/** Layers that the order does not name come last, in the order of the model. */
export function inExecutionOrder(all: readonly Series[], { info }: RunAnswer, phase: string): Series[] {
  const prefix = phase === "train" ? "" : `${phase}/`;
  const ranks = new Map((info.execution_order ?? []).map((name, rank) => [name, rank]));
  const rankOf = ({ layer }: Series) => ranks.get(prefix + layer) ?? Number.POSITIVE_INFINITY;
  // Infinity minus infinity is not a number, which leaves it to the order of the model.
  return [...all].sort((a, b) => rankOf(a) - rankOf(b) || a.order - b.order);
}

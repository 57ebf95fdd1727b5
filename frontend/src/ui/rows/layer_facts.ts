/** What is known of a layer, in words. */

import type { Series } from "../../series/types";

/** Module type and shape. */
export function layerFacts({ type, shapes }: Series): string {
  const shape = shapes[0]?.length ? shapes[0].join(" × ") : "";
  return [type, shape].filter(Boolean).join(" · ");
}

/** A name with something about it in brackets. */
export function withFacts(layer: string, facts: string): string {
  return layer + (facts && ` (${facts})`);
}

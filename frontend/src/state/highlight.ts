/** The colour that is pointed at on a colour bar; cells of other colours step back. */

import { signal } from "@preact/signals";

interface Highlight {
  /** Whose bar it is; "" is that of all layers. */
  readonly owner: string;
  /** Place among the colours, 0..1. */
  readonly colour: number;
}

export const highlight = signal<Highlight | null>(null);

/** For the panels of a bar's owner. */
export function colourUnder(owner: string): number | null {
  const now = highlight.value;
  return now !== null && now.owner === owner ? now.colour : null;
}

/** The colour that is pointed at on a colour bar; cells of other colours step back. */

import { signal } from "@preact/signals";

interface Highlight {
  /** Whose colours they are, as view/panel/contrast.ts has it. */
  readonly owner: string;
  /** Place among the colours, 0..1. */
  readonly colour: number;
}

export const highlight = signal<Highlight | null>(null);

/** For the panels that the colours belong to. */
export function colourUnder(owner: string): number | null {
  const now = highlight.value;
  return now !== null && now.owner === owner ? now.colour : null;
}

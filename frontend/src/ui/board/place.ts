/** Which cell of the board is pointed at, and which one keys act on. */

import { signal } from "@preact/signals";

/** A cell by run and number of the column: 0 for the name, then the facts, then the stages. */
export interface CellPlace {
  readonly run: string;
  readonly column: number;
}

export const pointedAt = signal<CellPlace | null>(null);

/** Where keys are: number of the row, and of the column. */
export const active = signal<{ readonly row: number; readonly column: number } | null>(null);

export function cellId(row: number, column: number): string {
  return `board-cell-${row}-${column}`;
}

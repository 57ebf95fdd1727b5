/** Which cell of the board is pointed at, and which one keys act on. */

import { computed, signal } from "@preact/signals";
import { factColumns } from "../../view/board/facts";
import { type Stage, stages } from "../../view/board/stages";

/** A cell by run and number of the column: 0 for the name, then the facts, then the stages. */
export interface CellPlace {
  readonly run: string;
  readonly column: number;
}

/** Number of the column of the first stage. */
export const firstStage = computed(() => 1 + factColumns.value.length);

/** The stage of a column; undefined before the first. */
export function stageAt(column: number): Stage | undefined {
  return stages.value[column - firstStage.value];
}

export const pointedAt = signal<CellPlace | null>(null);

/** Where keys are: number of the row, and of the column. */
export const active = signal<{ readonly row: number; readonly column: number } | null>(null);

export function cellId(row: number, column: number): string {
  return `board-cell-${row}-${column}`;
}

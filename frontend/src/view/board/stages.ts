/** The board's columns of layers: each a layer, or a folded stage of several. */

import { computed } from "@preact/signals";
import type { Series } from "../../series/types";
import { layers, runPlaces } from "../selection/selection";
import { layersToTree, type Row } from "../selection/tree";
import { boardFoldedGroups, boardFolds } from "../settings/settings";

export interface Stage {
  /** Sorting by it is written so in links. */
  readonly id: string;
  readonly label: string;
  /** Of the layer, or of the folded stage. */
  readonly name: string;
  /** Of a folded stage; "" for a layer. */
  readonly path: string;
  /** What its cells are drawn from: the stage's last layer, which is its output as a rule. */
  readonly series: Series;
  readonly layers: readonly Series[];
  readonly tags: readonly string[];
  /** The unfolded stage that it stands in; "" for none. */
  readonly inside: string;
}

/** Up to this many columns stages are unfolded by themselves. */
const MOST_COLUMNS = 24;
/** With fewer columns than this the board says too little. */
const LEAST_COLUMNS = 6;

export const stages = computed<readonly Stage[]>(() => rowsToStages(shownRows.value));

const shownRows = computed<readonly Row[]>(() => {
  const all = layers.value;
  const folded = new Set(foldedAtFirst.value);
  for (const path of boardFolds.value) if (!folded.delete(path)) folded.add(path);
  return layersToTree(all, folded);
});

/** Stages that are folded before anybody unfolds them: all from the depth on where there would be too many columns. */
const foldedAtFirst = computed<readonly string[]>(() => {
  const all = layers.value;
  const groups = layersToTree(all, new Set()).flatMap((row) => (row.kind === "group" ? [row] : []));
  let folded = groups;
  for (let depth = 0; folded.length > 0; depth++) {
    const deeper = folded.filter((group) => group.depth > depth);
    const enough = countColumns(all, folded) >= LEAST_COLUMNS;
    if (enough && countColumns(all, deeper) > MOST_COLUMNS) break;
    folded = deeper;
  }
  return folded.map((group) => group.path);
});

function countColumns(all: readonly Series[], folded: readonly { readonly path: string }[]): number {
  return rowsToStages(layersToTree(all, new Set(folded.map(({ path }) => path)))).length;
}

function rowsToStages(rows: readonly Row[]): readonly Stage[] {
  const open: string[] = [];
  return rows.flatMap((row) => {
    open.length = Math.min(open.length, row.depth);
    if (row.kind === "group" && !row.folded) {
      open.push(row.path);
      return [];
    }
    return [rowToStage(row, open.at(-1) ?? "")];
  });
}

function rowToStage(row: Row, inside: string): Stage {
  const { label } = row;
  const members = row.kind === "group" ? row.layers : [row.series];
  const series = members[members.length - 1]!;
  const path = row.kind === "group" ? row.path : "";
  const name = path || series.layer;
  return {
    id: `layer:${name}`,
    label,
    name,
    path,
    series,
    layers: members,
    tags: members.map(({ tag }) => tag),
    inside,
  };
}

/** Whether a run has any layer of a stage. */
export function hasStage(run: string, { layers }: Stage): boolean {
  const at = runPlaces.value.get(run) ?? -1;
  return layers.some((series) => series.runs.includes(at));
}

export function unfoldStages(): void {
  boardFolds.value = foldedAtFirst.value;
}

/** Folds a stage that is unfolded, and the other way round. */
export function toggleStage(path: string): void {
  boardFolds.value = toggled(boardFolds.peek(), path);
}

/** The same for a group of runs. */
export function toggleGroup(name: string): void {
  boardFoldedGroups.value = toggled(boardFoldedGroups.peek(), name);
}

function toggled(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) ? names.filter((other) => other !== name) : [...names, name];
}

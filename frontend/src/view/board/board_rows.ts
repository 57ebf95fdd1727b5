/** The board's rows: runs, filtered, sorted, and under the lines of their groups. */

import { computed } from "@preact/signals";
import { stableList } from "../reactive/stable_list";
import { runsWithData } from "../selection/selection";
import { boardFilter, boardFoldedGroups, boardGroup, boardSort } from "../settings/settings";
import { allColumns, compareFacts } from "./facts";
import { parseRunFilter } from "./run_filter";
import { groupRuns, type RunGroup } from "./run_groups";

export type BoardRow =
  | { readonly kind: "run"; readonly run: string }
  | { readonly kind: "group"; readonly group: RunGroup; readonly folded: boolean };

export const runFilter = computed(() => parseRunFilter(boardFilter.value, allColumns.value));

const matchingRuns = computed(() =>
  runsWithData.value.map((run) => run.name).filter((run) => runFilter.value.matches(run)),
);

/** Which column the runs are sorted by; direction 0: by none. */
export const sorting = computed<{ readonly id: string; readonly direction: 1 | -1 | 0 }>(() => {
  const text = boardSort.value;
  if (text === "") return { id: "", direction: 0 };
  return text.startsWith("-") ? { id: text.slice(1), direction: -1 } : { id: text, direction: 1 };
});

/** From the smallest up, then from the largest down, then as at first. */
export function sortBy(id: string): void {
  const { id: now, direction } = sorting.peek();
  boardSort.value = now !== id ? id : direction === 1 ? `-${id}` : "";
}

/** By run, so that rows stay the same objects. */
const runRows = new Map<string, BoardRow>();

function runRow(run: string): BoardRow {
  const row = runRows.get(run) ?? { kind: "run", run };
  runRows.set(run, row);
  return row;
}

export const sortedRuns = stableList(() => {
  const { id, direction } = sorting.value;
  const column = columnOf(id);
  if (direction === 0 || column === undefined) return matchingRuns.value;
  const read = column.order ?? column.read;
  const facts = new Map(matchingRuns.value.map((run) => [run, read(run)]));
  return [...matchingRuns.value].sort((a, b) =>
    compareFacts(facts.get(a) ?? null, facts.get(b) ?? null, direction),
  );
});

function columnOf(wanted: string) {
  return allColumns.value.find(({ id }) => id === wanted);
}

export const boardRows = computed<readonly BoardRow[]>(() => {
  const runs = sortedRuns.value;
  const column = columnOf(boardGroup.value);
  if (column === undefined) return runs.map(runRow);
  return groupRuns(runs, column).flatMap((group) => {
    const folded = boardFoldedGroups.value.includes(group.name);
    return [{ kind: "group" as const, group, folded }, ...(folded ? [] : group.runs.map(runRow))];
  });
});

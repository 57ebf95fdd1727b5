/** The board's rows: runs, filtered, sorted, and under the lines of their groups. */

import { computed } from "@preact/signals";
import { stableList } from "../reactive/stable_list";
import { runsWithData } from "../selection/selection";
import { boardFilter, boardFoldedGroups, boardGroup, boardSort } from "../settings/settings";
import { allFacts, compareFacts, type Fact, type FactColumn } from "./facts";
import { findingsIn, HEALTHS } from "./health";
import { parseRunFilter } from "./run_filter";
import { groupRuns, type RunGroup } from "./run_groups";
import { stages } from "./stages";

export type BoardRow =
  | { readonly kind: "run"; readonly run: string }
  | { readonly kind: "group"; readonly group: RunGroup; readonly folded: boolean };

export const nameColumn: FactColumn = {
  id: "run",
  label: "run",
  tip: "Name of the run",
  read: (run) => run,
  show: (run) => run,
};

export const runFilter = computed(() => parseRunFilter(boardFilter.value, allFacts.value));

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
  const read = readerOf(id);
  if (direction === 0 || read === null) return matchingRuns.value;
  const facts = new Map(matchingRuns.value.map((run) => [run, read(run)]));
  return [...matchingRuns.value].sort((a, b) =>
    compareFacts(facts.get(a) ?? null, facts.get(b) ?? null, direction),
  );
});

function readerOf(id: string): ((run: string) => Fact) | null {
  const column = [nameColumn, ...allFacts.value].find((one) => one.id === id);
  if (column !== undefined) return column.read;
  const stage = stages.value.find((one) => one.id === id);
  return stage === undefined ? null : (run) => stageFact(run, stage.tags);
}

/** More severe first, then earlier; runs without a finding come last. */
function stageFact(run: string, tags: readonly string[]): Fact {
  const [worst] = findingsIn(run, tags);
  if (worst === undefined) return null;
  return HEALTHS.indexOf(worst.severity) + (1 - 1 / (1 + Math.max(0, worst.first_step)));
}

export const boardRows = computed<readonly BoardRow[]>(() => {
  const runs = sortedRuns.value;
  const column = [nameColumn, ...allFacts.value].find(({ id }) => id === boardGroup.value);
  if (column === undefined) return runs.map(runRow);
  return groupRuns(runs, column).flatMap((group) => {
    const folded = boardFoldedGroups.value.includes(group.name);
    return [{ kind: "group" as const, group, folded }, ...(folded ? [] : group.runs.map(runRow))];
  });
});

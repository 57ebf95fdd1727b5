/** What is wrong in each run and each cell of the board, of all runs of the log directory. */

import { computed } from "@preact/signals";
import { formatCounted, formatExact } from "../../math/format";
import type { FindingAnswer } from "../../series/types";
import {
  compareSeverity,
  findings,
  groupFindings,
  isDifference,
  NOTHING_CHECKED,
  panelsOf,
  progress,
} from "../findings/findings";
import { runsWithData } from "../selection/selection";

const NONE: readonly FindingAnswer[] = [];

/** Of all runs, in the order of their severity. */
const wrong = computed(() =>
  findings.value.filter((finding) => !isDifference(finding)).sort(compareSeverity),
);

/** By run: most severe first, then by the step at which they begin. */
const byRun = computed(() => groupFindings(wrong.value, ({ run }) => [run]));

/** By run and tag, in the same order. */
const byCell = computed(() => groupFindings(wrong.value, panelsOf));

/** Of all kinds of values, since a run with broken gradients is no healthy one. */
export function wrongIn(run: string): readonly FindingAnswer[] {
  return byRun.value.get(run) ?? NONE;
}

export function worstFinding(run: string): FindingAnswer | undefined {
  return wrongIn(run)[0];
}

/** Of some layers of a run, most severe first. */
export function findingsIn(run: string, tags: readonly string[]): readonly FindingAnswer[] {
  if (tags.length === 1) return byCell.value.get(`${run}\n${tags[0]}`) ?? NONE;
  const all = new Set(tags.flatMap((tag) => byCell.value.get(`${run}\n${tag}`) ?? NONE));
  return [...all].sort(compareSeverity);
}

/** Runs with records that were not looked at; null while nothing is known. */
const unchecked = computed(() => (progress.value === null ? null : new Set(progress.value.unchecked)));

const SICK = "sick";

export type Health = "error" | "warning" | "info" | "healthy" | "unchecked";

/** Words by which runs are sorted, most severe first. */
export const HEALTHS: readonly Health[] = ["error", "warning", "info", "healthy", "unchecked"];

/** By some of a run's findings, most severe first. */
export function healthOf(run: string, [worst] = wrongIn(run)): Health {
  if (worst !== undefined) return worst.severity;
  return unchecked.value === null || unchecked.value.has(run) ? "unchecked" : "healthy";
}

/** Whether something looks wrong that is more than an info. */
export function isSick(run: string): boolean {
  return wordsOf(wrongIn(run)).includes(SICK);
}

/** What a filter can say of runs with these findings. */
export function wordsOf(found: readonly FindingAnswer[]): readonly string[] {
  return found.flatMap(({ kind, severity }) => [kind, severity === "info" ? severity : SICK]);
}

export function isHealthy(run: string): boolean {
  const health = healthOf(run);
  return health === "healthy" || (health === "info" && unchecked.value?.has(run) === false);
}

/** "12 of 30 runs · checked 17 of 30", of which so many are listed. */
export function checkedToText(listed: number): string {
  const all = runsWithData.value.length;
  const { runs, unchecked } = progress.value ?? NOTHING_CHECKED;
  const counted =
    listed === all ? formatCounted(all, "run") : `${formatExact(listed)} of ${formatCounted(all, "run")}`;
  const checked = runs - unchecked.length;
  if (progress.value === null) return `${counted} · checking…`;
  return checked < runs
    ? `${counted} · checked ${formatExact(checked)} of ${formatExact(runs)}`
    : `${counted} · all checked`;
}

/** Findings of one cause as one incident, and the way from one incident to the next. */

import { computed } from "@preact/signals";
import type { FindingAnswer } from "../../series/types";
import { runsAreChosen, runsInView } from "../selection/selection";
import * as settings from "../settings/settings";
import { openFinding } from "./explained";
import { findings, groupFindings, isDifference, rank } from "./findings";

/** The cause comes first, what followed after it. */
export type Incident = readonly [FindingAnswer, ...FindingAnswer[]];

/** In the order of the findings. */
export function groupIncidents(all: readonly FindingAnswer[]): readonly Incident[] {
  return [...groupFindings(all, ({ incident, run }) => [`${incident} ${run}`]).values()];
}

/** Of all runs and of all kinds of values: most severe first, then those that began first. */
const all = computed(() =>
  groupIncidents(findings.value.filter((finding) => !isDifference(finding))).toSorted(
    (a, b) => worstRank(a) - worstRank(b) || a[0].first_step - b[0].first_step,
  ),
);

function worstRank(incident: Incident): number {
  return Math.min(...incident.map(rank));
}

/** Those of the shown runs, on the board of all. */
export const incidents = computed(() => {
  const shown = new Set(runsInView.value.map((run) => run.name));
  return all.value.filter(([{ run }]) => shown.has(run));
});

/** Those that one goes through: of runs that somebody chose, else of all runs. */
export const walked = computed(() => (runsAreChosen.value ? incidents.value : all.value));

let last: FindingAnswer | undefined;

/**
 * The finding that the address names: a run that grew may have moved its first step. The same object while it is
 * equal, so that answers without news change nothing.
 */
export const explained = computed<FindingAnswer | undefined>(() => {
  const [run, kind, tag = "", step] = settings.incident.value;
  const away = (finding: FindingAnswer) => Math.abs(finding.first_step - Number(step));
  const found = findings.value
    .filter((one) => one.run === run && one.kind === kind && one.tags.includes(tag))
    .toSorted((a, b) => away(a) - away(b))[0];
  if (JSON.stringify(found) !== JSON.stringify(last)) last = found;
  return last;
});

export const explainedIncident = computed(() => {
  const { run, incident } = explained.value ?? {};
  return all.value.find(([cause]) => cause.run === run && cause.incident === incident);
});

/** The most severe incident of a run, shown or not. */
export function worstIncidentOf(run: string): Incident | undefined {
  return all.value.find(([cause]) => cause.run === run);
}

/** Explains the incident `by` places on, after the last one the first again. */
export function moveIncident(by: number): void {
  const { length } = walked.value;
  const now = explainedIncident.value;
  const at = now === undefined ? (by > 0 ? -1 : 0) : walked.value.indexOf(now);
  const next = walked.value[(at + by + length) % length];
  if (next) openFinding(next[0]);
}

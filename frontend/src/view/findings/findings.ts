/** What the server found wrong, asked for in the background and at every new revision. */

import { computed, effect, signal, untracked } from "@preact/signals";
import type { FindingAnswer, Severity } from "../../series/types";
import { client, index, pageShown } from "../catalog/catalog";
import { baselineRun } from "../panel/compare";
import type { PanelView } from "../panel/panel_view";
import { tileLoader } from "../screen/loading";
import { visible } from "../screen/views";
import {
  allLayers,
  boardDrawn,
  boardOpen,
  runsInView,
  runsWithData,
  shownRuns,
} from "../selection/selection";

const ASK_AGAIN_MS = 2500;
const DIFFERENCE = "run_difference";
const ORDER: readonly Severity[] = ["error", "warning", "info"];

/** Whether it tells how two runs differ, which is nothing wrong in itself. */
export function isDifference({ kind }: FindingAnswer): boolean {
  return kind === DIFFERENCE;
}

export const findings = signal<readonly FindingAnswer[]>([]);
/** How far the server is; null before its first answer. */
export interface Progress {
  readonly runs: number;
  /** Runs with records that were not looked at yet. */
  readonly unchecked: readonly string[];
  /** Series with records that were not looked at yet. */
  readonly pending: number;
}
export const progress = signal<Progress | null>(null);
export const NOTHING_CHECKED: Progress = { runs: 0, unchecked: [], pending: 0 };

/** Whether all shown runs were looked at. */
export const shownChecked = computed(() => {
  const unchecked = progress.value?.unchecked;
  return unchecked !== undefined && runsInView.value.every((run) => !unchecked.includes(run.name));
});

/** A sentence for each run that the server could not look at. */
export const errors = signal<readonly string[]>([]);

/** Of the shown runs and the chosen kind of series. */
const relevant = computed<readonly FindingAnswer[]>(() => {
  const tags = new Set(allLayers.value.map((layer) => layer.tag));
  const names = new Set(runsInView.value.map((run) => run.name));
  return findings.value.filter(
    (finding) => names.has(finding.run) && finding.tags.some((tag) => tags.has(tag)),
  );
});

/** What is wrong in itself: worst first, then by the step at which they begin. */
export const sorted = computed<readonly FindingAnswer[]>(() =>
  relevant.value.filter((finding) => !isDifference(finding)).sort(compareSeverity),
);

/** Where runs part from the baseline. They mark nothing: nearly all layers of two runs do. */
export const differences = computed<readonly FindingAnswer[]>(() => relevant.value.filter(isDifference));

/** The most severe finding of each run of the log directory in which anything looks wrong, whether it is shown or not. */
export const worstOfRuns = computed<ReadonlyMap<string, Severity>>(() => {
  const worst = new Map<string, Severity>();
  for (const { run, kind, severity } of findings.value) {
    if (kind === DIFFERENCE || severity === "info") continue;
    const known = worst.get(run);
    if (known === undefined || ORDER.indexOf(severity) < ORDER.indexOf(known)) worst.set(run, severity);
  }
  return worst;
});

/** Runs in which something looks wrong and that are not shown, most severe first. */
export const hiddenSickRuns = computed<readonly string[]>(() => {
  const shown = new Set(runsInView.value.map((run) => run.name));
  const hidden = runsWithData.value.map((run) => run.name).filter((name) => !shown.has(name));
  return sickOf(hidden);
});

/** Those in which something looks wrong, most severe first. */
export function sickOf(names: readonly string[]): readonly string[] {
  const worst = worstOfRuns.value;
  return ORDER.flatMap((severity) => names.filter((name) => worst.get(name) === severity));
}

/** The most severe have the lowest. */
export function rank(finding: FindingAnswer): number {
  return ORDER.indexOf(finding.severity);
}

/** Most severe first, then by the step at which they begin. */
export function compareSeverity(a: FindingAnswer, b: FindingAnswer): number {
  return rank(a) - rank(b) || a.first_step - b.first_step;
}

/** Findings that have something in common. */
export type FindingGroup = [FindingAnswer, ...FindingAnswer[]];

/** By all their keys, in the order of the findings. */
export function groupFindings(
  all: readonly FindingAnswer[],
  keysOf: (finding: FindingAnswer) => readonly string[],
): ReadonlyMap<string, FindingGroup> {
  const groups = new Map<string, FindingGroup>();
  for (const finding of all) {
    for (const key of keysOf(finding)) {
      const group = groups.get(key);
      if (group) group.push(finding);
      else groups.set(key, [finding]);
    }
  }
  return groups;
}

/** Names of the panels of a finding. */
export function panelsOf({ run, tags }: FindingAnswer): readonly string[] {
  return tags.map((tag) => `${run}\n${tag}`);
}

const byPanel = computed(() => groupFindings(sorted.value, panelsOf));

const NONE: readonly FindingAnswer[] = [];

export function findingsOf(panel: PanelView): readonly FindingAnswer[] {
  const { tag, source } = panel.layer.series.value;
  return source === "blocks" ? (byPanel.value.get(`${panel.run}\n${tag}`) ?? NONE) : NONE;
}

/** Of all layers, worst first. */
export function findingsOfRun(run: string): readonly FindingAnswer[] {
  return sorted.value.filter((finding) => finding.run === run);
}

/** Of all shown runs, worst first. */
export function findingsOfTag(tag: string): readonly FindingAnswer[] {
  return shownRuns.value
    .flatMap((run) => byPanel.value.get(`${run.name}\n${tag}`) ?? NONE)
    .sort((a, b) => rank(a) - rank(b));
}

/** The heatmaps come first: finding out what is wrong keeps the server's processor busy. */
export const drawn = computed(
  () =>
    (boardOpen.value && boardDrawn.value) ||
    (!tileLoader.busy.value &&
      visible.value.length > 0 &&
      visible.value.every((panel) => panel.data.tile.value !== null)),
);

/** Starts asking; call once. */
export function startFindings(): void {
  effect(() => {
    const revision = index.value?.revision;
    const names = shownRuns.value.map((run) => run.name);
    if (!pageShown.value || revision === undefined || names.length === 0 || !drawn.value) return;
    const abort = new AbortController();
    const baseline = names.length > 1 ? baselineRun() : "";
    untracked(() => void askUntilDone(names, baseline, abort.signal));
    return () => abort.abort();
  });
}

async function askUntilDone(names: readonly string[], baseline: string, signal: AbortSignal): Promise<void> {
  // Their tiles are there; this lets them be drawn.
  await new Promise((resolve) => requestAnimationFrame(() => window.setTimeout(resolve)));
  while (!signal.aborted) {
    try {
      const answer = await client.findings(names, baseline, signal);
      if (signal.aborted) return;
      findings.value = answer.findings;
      progress.value = answer;
      errors.value = answer.errors;
      if (answer.pending === 0) return;
    } catch {
      // Findings are an addition: without them the heatmaps say the same to who looks.
      return;
    }
    await new Promise((resolve) => window.setTimeout(resolve, ASK_AGAIN_MS));
  }
}

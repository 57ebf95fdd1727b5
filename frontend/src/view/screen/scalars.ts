/** Scalars of the shown runs, drawn above the heatmaps on the same time axis; epochs for that axis. */

import { computed, effect, signal, untracked } from "@preact/signals";
import { type Extent, positiveRange, scalarRange, valueToHeight } from "../../math/scalar_range";
import type { ScalarSeries } from "../../series/types";
import { client, index, pageShown } from "../catalog/catalog";
import { short } from "../layout/metrics";
import { epochs } from "../panel/panel_times";
import { shownRuns } from "../selection/selection";
import * as settings from "../settings/settings";

const EPOCH_TAG = /(^|\/)epoch$/i;

/** Tags that any of the shown runs has, epochs apart. */
export const tags = computed<readonly string[]>(() => {
  const all = shownRuns.value.flatMap((run) => run.scalars);
  return [...new Set(all)].filter((tag) => !EPOCH_TAG.test(tag));
});

/** Tags that are drawn: the chosen ones, else the loss. */
export const shownTags = computed<readonly string[]>(() => {
  const chosen = settings.scalars.value;
  if (chosen !== null) return chosen.filter((tag) => tags.value.includes(tag));
  // The timeline has the loss too.
  if (short.value) return [];
  return lossTag.value === undefined ? [] : [lossTag.value];
});

/** Patterns of the tag of the training's loss, the likeliest first; the server has the same for the board (LOSS_TAGS). */
const LOSSES = [/^(train[/_.]?)?loss$/i, /train.*loss/i, /loss/i];

export const lossTag = computed(() => {
  const byLikelihood = LOSSES.map((pattern) => tags.value.find((tag) => pattern.test(tag)));
  return byLikelihood.find((tag) => tag !== undefined);
});
/** Tags that are drawn elsewhere than above the heatmaps. */
export const alsoWanted = signal<readonly string[]>([]);

/** By run and tag. */
export const series = signal<ReadonlyMap<string, ScalarSeries>>(new Map());

export function scalarKey(run: string, tag: string): string {
  return `${run}\n${tag}`;
}

/** Learning rates of a sweep lie orders of magnitude apart, and it is their course that matters. */
const LEARNING_RATE = /(^|[/_-])(lr|learning_?rate)([/_-]|$)/i;

/** Whether each run has its own height for a tag. */
export function hasOwnExtent(tag: string): boolean {
  return LEARNING_RATE.test(tag);
}

const isLog = computed(() => settings.scalarScale.value === "log");

/** What an axis for the values of some runs spans; null without values. */
export function extentOf(runs: readonly (readonly (number | null)[])[]): Extent | null {
  return (isLog.value ? positiveRange(runs) : null) ?? scalarRange(runs);
}

/** Height of a value on such an axis, as a share of it. */
export function heightOf(extent: Extent, value: number | null | undefined): number {
  return valueToHeight(extent, value ?? Number.NaN, isLog.value);
}

/** The height of each chart, by run and tag: the shown runs share an axis, except for learning rates. */
export const extents = computed<ReadonlyMap<string, Extent | null>>(() => {
  const all = shownRuns.value.map((run) => run.name);
  const valuesOf = (run: string, tag: string) => series.value.get(scalarKey(run, tag))?.values ?? [];
  return new Map(
    shownTags.value.flatMap((tag) => {
      const shared = hasOwnExtent(tag) ? null : extentOf(all.map((run) => valuesOf(run, tag)));
      return all.map((run) => [
        scalarKey(run, tag),
        hasOwnExtent(tag) ? extentOf([valuesOf(run, tag)]) : shared,
      ]);
    }),
  );
});

/** Why a scalar could not be fetched, by run and tag. */
export const scalarErrors = signal<ReadonlyMap<string, string>>(new Map());
const retries = signal(0);

/** Asks again for what is drawn. */
export function retryScalars(): void {
  scalarErrors.value = new Map();
  retries.value++;
}

/** Fetches what is drawn, and again at every new revision; call once. */
export function startScalars(): void {
  effect(() => {
    const revision = index.value?.revision;
    void retries.value;
    if (!pageShown.value || revision === undefined) return;
    const wanted = shownRuns.value.flatMap((run) => {
      const epoch = run.scalars.filter((tag) => EPOCH_TAG.test(tag)).slice(0, 1);
      const drawn = new Set([...shownTags.value, ...alsoWanted.value]);
      return [...[...drawn].filter((tag) => run.scalars.includes(tag)), ...epoch].map((tag) => ({
        run: run.name,
        tag,
      }));
    });
    const abort = new AbortController();
    untracked(() => void fetchScalars(wanted, abort.signal));
    return () => abort.abort();
  });
}

/** A scalar of a run. */
export interface RunScalar {
  readonly run: string;
  readonly tag: string;
}

/** Errors are kept in `scalarErrors`. */
export async function fetchScalars(wanted: readonly RunScalar[], signal: AbortSignal): Promise<void> {
  for (const { run, tag } of wanted) {
    try {
      const answer = await client.scalars(run, tag, signal);
      keep(answer);
      sayError(scalarKey(run, tag), null);
    } catch (error) {
      if (signal.aborted) return;
      sayError(scalarKey(run, tag), error instanceof Error ? error.message : String(error));
    }
  }
}

function sayError(key: string, words: string | null): void {
  if (scalarErrors.peek().get(key) === (words ?? undefined)) return;
  const next = new Map(scalarErrors.peek());
  if (words === null) next.delete(key);
  else next.set(key, words);
  scalarErrors.value = next;
}

function keep(answer: ScalarSeries): void {
  const { run, tag, steps, values } = answer;
  series.value = new Map(series.peek()).set(scalarKey(run, tag), answer);
  if (!EPOCH_TAG.test(tag)) return;
  const known = steps.flatMap((step, at) =>
    typeof values[at] === "number" ? [[step, values[at]] as const] : [],
  );
  epochs.value = new Map(epochs.peek()).set(run, {
    epochSteps: known.map(([step]) => step),
    epochs: known.map(([, epoch]) => epoch),
  });
}

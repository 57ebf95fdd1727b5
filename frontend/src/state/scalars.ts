/** Scalars of the shown runs, drawn above the heatmaps on the same time axis; epochs for that axis. */

import { computed, effect, signal, untracked } from "@preact/signals";
import type { ScalarSeries } from "../data/types";
import { client, index, shown } from "./catalog";
import { epochs } from "./panels";
import { runs } from "./selection";
import * as settings from "./settings";

const EPOCH_TAG = /(^|\/)epoch$/i;

/** Tags that any of the shown runs has, epochs apart. */
export const tags = computed<readonly string[]>(() => {
  const all = runs.value.flatMap((run) => run.scalars);
  return [...new Set(all)].filter((tag) => !EPOCH_TAG.test(tag));
});

/** Tags that are drawn: the chosen ones, else the loss. */
export const shownTags = computed<readonly string[]>(() => {
  const chosen = settings.scalars.value;
  if (chosen !== null) return chosen.filter((tag) => tags.value.includes(tag));
  const loss = tags.value.find((tag) => /(^|\/)(train_)?loss$/i.test(tag)) ?? tags.value.find(isLoss);
  return loss === undefined ? [] : [loss];
});

function isLoss(tag: string): boolean {
  return /loss/i.test(tag);
}

/** By run and tag. */
export const series = signal<ReadonlyMap<string, ScalarSeries>>(new Map());

export function scalarKey(run: string, tag: string): string {
  return `${run}\n${tag}`;
}

/** Smallest and largest value of a tag over the shown runs, so that they share an axis. */
export function extentOf(tag: string): readonly [number, number] | null {
  const values = runs.value.flatMap((run) => series.value.get(scalarKey(run.name, tag))?.values ?? []);
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : [Math.min(...known), Math.max(...known)];
}

/** Fetches what is drawn, and again at every new revision; call once. */
export function startScalars(): void {
  effect(() => {
    const revision = index.value?.revision;
    if (!shown.value || revision === undefined) return;
    const wanted = runs.value.flatMap((run) => {
      const epoch = run.scalars.filter((tag) => EPOCH_TAG.test(tag)).slice(0, 1);
      const drawn = shownTags.value.filter((tag) => run.scalars.includes(tag));
      return [...drawn, ...epoch].map((tag) => ({ run: run.name, tag }));
    });
    const abort = new AbortController();
    untracked(() => void fetchAll(wanted, abort.signal));
    return () => abort.abort();
  });
}

async function fetchAll(
  wanted: readonly { readonly run: string; readonly tag: string }[],
  signal: AbortSignal,
): Promise<void> {
  for (const { run, tag } of wanted) {
    try {
      const answer = await client.scalars(run, tag, signal);
      keep(answer);
    } catch {
      if (signal.aborted) return;
      // A scalar that cannot be read is left out; the index says what is wrong with the server.
    }
  }
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

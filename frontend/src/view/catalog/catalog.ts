/** What TensorBoard has: the index, asked for every few seconds while the tab is shown. */

import { batch, computed, effect, signal } from "@preact/signals";
import { onDataReloaded } from "../../host/messages";
import { watchDark, watchShown } from "../../host/parent";
import { readRunColours } from "../../host/run_colours";
import { client } from "../../series/page_client";
import { seriesId } from "../../series/series_id";
import type { Index } from "../../series/types";

const POLL_MS = 3000;
/** An old answer may come first, as it comes at once; then a new one is asked for. */
const SECOND_MS = 500;
/** Without an answer for this long, what is shown is called stale. */
const STALE_MS = 20_000;

export { client };

/** null until the first answer. */
export const index = signal<Index | null>(null);
/** Time of the newest record of each run of a series, in the order of its runs. */
export const newestTimes = signal<ReadonlyMap<string, readonly number[]>>(new Map());
/** Why the last request failed; empty when it did not. */
export const failure = signal("");
export const pageShown = signal(false);
export const dark = signal(false);
/** As TensorBoard has them, by run; they can only be changed while another tab is shown. */
export const hostColours = signal<ReadonlyMap<string, string>>(new Map());
/** Counts reloads of the host and ends of failures; whoever depends on it asks again even where nothing seems new. */
export const reloads = signal(0);

const answeredAt_ms = signal(Date.now());
/** The time at the last look at the server. */
export const now_ms = signal(Date.now());

/** Seconds since the server last answered; 0 while all is well. */
export const stale_s = computed(() => {
  const age_ms = now_ms.value - answeredAt_ms.value;
  return failure.value !== "" && age_ms > STALE_MS ? Math.round(age_ms / 1000) : 0;
});

/** Starts watching the host and asking the server; call once. */
export function startCatalog(): void {
  watchDark((isDark) => {
    dark.value = isDark;
  });
  watchShown((isShown) => {
    if (isShown) hostColours.value = readRunColours();
    pageShown.value = isShown;
  });
  onDataReloaded(() => {
    reloads.value++;
    if (pageShown.peek()) void askIndex();
  });
  effect(() => {
    if (!pageShown.value) return;
    void askIndex();
    const second = window.setTimeout(askIndex, SECOND_MS);
    const timer = window.setInterval(() => {
      now_ms.value = Date.now();
      void askIndex();
    }, POLL_MS);
    return () => {
      window.clearTimeout(second);
      window.clearInterval(timer);
    };
  });
}

/** Runs and series that are as before stay the same objects: a running training changes little but their steps. */
function takeIndex(answer: Index): void {
  const last = index.peek();
  batch(() => {
    newestTimes.value = new Map(answer.series.map((series) => [seriesId(series), series.times]));
    index.value = {
      ...answer,
      runs: keepEqual(last?.runs ?? [], answer.runs, (run) => run.name),
      series: keepEqual(last?.series ?? [], answer.series, seriesId),
    };
    if (last?.replaced !== answer.replaced) reloads.value++;
  });
}

function keepEqual<T>(held: readonly T[], newer: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const known = new Map(held.map((item) => [nameOf(item), item]));
  const text = (item: T) => JSON.stringify({ ...item, steps: null, times: null });
  return newer.map((item) => {
    const before = known.get(nameOf(item));
    return before !== undefined && text(before) === text(item) ? before : item;
  });
}

let asking: Promise<void> | null = null;

/** Asks whether anything is new; a question that is under way answers for all. */
export function askIndex(): Promise<void> {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(): Promise<void> {
  try {
    const answer = await client.index(index.peek()?.revision);
    if (answer !== null) takeIndex(answer);
    // What failed meanwhile is asked for again.
    if (failure.peek() !== "") reloads.value++;
    failure.value = "";
    answeredAt_ms.value = Date.now();
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
  }
}

/** What tells the runs from one another: hyper-parameters and losses, asked for while the board is open. */

import { effect, signal, untracked } from "@preact/signals";
import type { SweepRun } from "../../series/types";
import { client, index, pageShown } from "../catalog/catalog";

/** By the run's name. */
export const sweep = signal<ReadonlyMap<string, SweepRun>>(new Map());

/** Asks now and at every new revision, until what is returned is called. */
export function startSweep(): () => void {
  return effect(() => {
    const revision = index.value?.revision;
    if (!pageShown.value || revision === undefined) return;
    const abort = new AbortController();
    untracked(() => void ask(abort.signal));
    return () => abort.abort();
  });
}

async function ask(signal: AbortSignal): Promise<void> {
  try {
    const { runs } = await client.sweep(signal);
    sweep.value = new Map(runs.map((run) => [run.name, run]));
  } catch {
    // Without them the board still has names, layers and findings; the index tells when the server is gone.
  }
}

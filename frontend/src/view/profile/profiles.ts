/** Figures of all layers over the steps, asked of the server once the pictures are there and as runs grow. */

import { effect, type Signal, signal, untracked } from "@preact/signals";
import type { Profile, ProfileFigures } from "../../series/types";
import { client, index, pageShown } from "../catalog/catalog";
import { drawn } from "../findings/findings";
import { effectiveKind, effectivePhase, shownRuns } from "../selection/selection";

const NUMBERS = [0];
const PROFILE_SHAPE = {
  run: "",
  kind: "",
  columns: [
    {
      first_steps: NUMBERS,
      last_steps: NUMBERS,
      first_wall_times: NUMBERS,
      last_wall_times: NUMBERS,
      records: NUMBERS,
    },
  ],
  layers: [{ tag: "", columns: 0, figures: {} }],
  marks: [{ step: 0, kind: "", text: "" }],
};

/** A growing run is asked about again after this many times as long as the last answers took. */
const REST = 10;
const LEAST_REST_MS = 5000;

export interface ProfileQuery {
  readonly run: string;
  readonly kind: string;
  readonly phase: string;
  readonly figures: ProfileFigures;
  /** First and last step with a comma between them; all when left out. */
  readonly steps?: string;
  /** "1": all records of the steps as one column. */
  readonly pooled?: string;
}

export async function askProfile(query: ProfileQuery, abort: AbortSignal): Promise<Profile> {
  return client.json(`profile?${new URLSearchParams({ ...query })}`, PROFILE_SHAPE, abort);
}

/** How much each layer of the shown runs changed, by run. */
export const changes = signal<ReadonlyMap<string, Profile>>(new Map());
/** Why the last request failed; "" where it did not. */
export const changesError = signal("");

/** Keeps `changes` up to date until what is returned is called. */
export function startChanges(): () => void {
  let due_ms = 0;
  return effect(() => {
    const revision = index.value?.revision;
    const runs = shownRuns.value.map(({ name }) => name);
    const kind = effectiveKind.value;
    const phase = effectivePhase.value;
    if (!pageShown.value || revision === undefined || !drawn.value) return;
    const abort = new AbortController();
    const ask = async () => {
      const start_ms = Date.now();
      const queries = runs.map((run) => ({ run, kind, phase, figures: "change" as const }));
      if (await askAll(queries, changes, abort.signal))
        due_ms = Date.now() + Math.max(LEAST_REST_MS, REST * (Date.now() - start_ms));
    };
    const fits = untracked(() => runs.every((run) => isOf(changes.value.get(run), kind, phase)));
    const timer = window.setTimeout(() => void ask(), fits ? Math.max(0, due_ms - Date.now()) : 0);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  });
}

function isOf(profile: Profile | undefined, kind: string, phase: string): boolean {
  return profile?.kind === kind && profile.phase === phase;
}

/** Run by run, so that the first ones are shown soon; whether all came. */
async function askAll(
  queries: readonly ProfileQuery[],
  held: Signal<ReadonlyMap<string, Profile>>,
  abort: AbortSignal,
): Promise<boolean> {
  const found = new Map<string, Profile>();
  for (const query of queries) {
    try {
      found.set(query.run, await askProfile(query, abort));
      changesError.value = "";
    } catch (error) {
      if (abort.aborted) return false;
      changesError.value = error instanceof Error ? error.message : String(error);
    }
    if (abort.aborted) return false;
    held.value = new Map([...held.peek(), ...found]);
  }
  held.value = found;
  return true;
}

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

async function askProfile(query: ProfileQuery, abort: AbortSignal): Promise<Profile> {
  return client.json(`profile?${new URLSearchParams({ ...query })}`, PROFILE_SHAPE, abort);
}

export type Profiles = ReadonlyMap<string, Profile>;

/** How much each layer of the shown runs changed, by run. */
export const changes = signal<Profiles>(new Map());
/** Why the last request failed; "" where it did not. */
export const changesError = signal("");

/** Keeps `changes` up to date until what is returned is called. */
export function startChanges(): () => void {
  const askPaced = pacedRequests();
  return effect(() => {
    const revision = index.value?.revision;
    const runs = shownRuns.value.map(({ name }) => name);
    const kind = effectiveKind.value;
    const phase = effectivePhase.value;
    if (!pageShown.value || revision === undefined || !drawn.value) return;
    const queries = runs.map((run) => ({ run, kind, phase, figures: "change" as const }));
    const fits = untracked(() => runs.every((run) => isOf(changes.value.get(run), kind, phase)));
    return askPaced((abort) => askProfiles(queries, CHANGES, abort), fits);
  });
}

function isOf(profile: Profile | undefined, kind: string, phase: string): boolean {
  return profile?.kind === kind && profile.phase === phase;
}

/** Where answers go. */
interface Destination {
  keyOf(query: ProfileQuery): string;
  /** Why the last request failed; "" where it did not. */
  readonly error: Signal<string>;
  /** Has each answer as it comes; without it only the caller has them. */
  readonly held?: Signal<Profiles>;
}

const CHANGES: Destination = { keyOf: ({ run }) => run, error: changesError, held: changes };

/** One after the other, so that the first ones are shown soon; null where it was called off. */
export async function askProfiles(
  queries: readonly ProfileQuery[],
  { keyOf, error, held }: Destination,
  abort: AbortSignal,
): Promise<Profiles | null> {
  const found = new Map<string, Profile>();
  for (const query of queries) {
    try {
      found.set(keyOf(query), await askProfile(query, abort));
      error.value = "";
    } catch (reason) {
      if (abort.aborted) return null;
      error.value = reason instanceof Error ? reason.message : String(reason);
    }
    if (abort.aborted) return null;
    if (held) held.value = new Map([...held.peek(), ...found]);
  }
  if (held) held.value = found;
  return found;
}

/** Asks after a delay; what is returned calls it off, before or while it is asked. */
export function askAfter(delay_ms: number, ask: (abort: AbortSignal) => Promise<void>): () => void {
  const abort = new AbortController();
  const timer = window.setTimeout(() => void ask(abort.signal), delay_ms);
  return () => {
    window.clearTimeout(timer);
    abort.abort();
  };
}

/**
 * What asks for the same again and again as runs grow. `fits`: whether the last answers are to what is asked, so that
 * newer ones can wait; else they are asked for at once. What it returns calls it off.
 */
export function pacedRequests(): (
  ask: (abort: AbortSignal) => Promise<Profiles | null>,
  fits: boolean,
) => () => void {
  let due_ms = 0;
  return (ask, fits) =>
    askAfter(fits ? Math.max(0, due_ms - Date.now()) : 0, async (abort) => {
      const start_ms = Date.now();
      if ((await ask(abort)) === null) return;
      due_ms = Date.now() + Math.max(LEAST_REST_MS, REST * (Date.now() - start_ms));
    });
}

/** What the explanation of an incident draws: its layers in the order of spread, tiles, scalars, three histograms. */

import { computed, effect, signal, untracked } from "@preact/signals";
import type { Columns, Tile } from "../../math/tile";
import { lastAtMost } from "../../math/value_scale";
import { isTileError } from "../../series/decode";
import { panelId } from "../../series/panel_data";
import type { FindingAnswer, ScalarSeries, Series } from "../../series/types";
import { client, index } from "../catalog/catalog";
import { panelStore } from "../panel/known_panels";
import * as scalars from "../screen/scalars";
import { findPanel } from "../screen/views";
import { incident } from "../settings/settings";
import { explained, explainedIncident, type Incident } from "./incidents";

/** More layers than this are drawn on request. */
const LAYERS_AT_FIRST = 5;
const COLUMNS = 256;
/** Distance of the histograms before and after from the one at the first step, as a share of the run. */
const APART = 0.1;

/** One layer of the chain. */
export interface ChainLayer {
  readonly finding: FindingAnswer;
  readonly layer: string;
  readonly tag: string;
  readonly first_step: number;
  readonly last_step: number;
}

/** All layers of an incident, each once: the first one of its cause, which the title names, then by their first steps. */
export function incidentToChain(incident: Incident): readonly ChainLayer[] {
  const all = incident.flatMap((finding) =>
    finding.tags.map((tag, at) => {
      const [first_step, last_step] = finding.layer_steps[at] ?? [finding.first_step, finding.last_step];
      return { finding, layer: finding.layers[at] ?? tag, tag, first_step, last_step };
    }),
  );
  const ordered = [...all.slice(0, 1), ...all.slice(1).sort((a, b) => a.first_step - b.first_step)];
  return ordered.filter(({ tag }, at) => ordered.findIndex((one) => one.tag === tag) === at);
}

export const chain = computed(() => incidentToChain(explainedIncident.value ?? NO_INCIDENT));
/** How many of its layers are drawn. */
export const layersDrawn = signal(LAYERS_AT_FIRST);
export const drawnChain = computed(() => chain.value.slice(0, layersDrawn.value));

const NO_INCIDENT = [] as unknown as Incident;

/** What else was recorded of the first layer: one series of each other kind, such as its gradients and its weights. */
export const related = computed<readonly Series[]>(() => {
  const finding = explained.value;
  const all = index.value?.series ?? [];
  const own = all.find(({ tag }) => tag === finding?.tags[0]);
  const at = index.value?.runs.findIndex(({ name }) => name === finding?.run) ?? -1;
  if (own === undefined) return [];
  const found = all.filter(
    (one) =>
      one.kind !== own.kind && one.phase === own.phase && one.runs.includes(at) && isSameModule(one, own),
  );
  return found.filter(({ kind }, place) => found.findIndex((one) => one.kind === kind) === place);
});

/** A module's weights have its name and one of their own: "conv1.weight", "lstm.weight_ih_l0". */
function isSameModule({ layer: one }: Series, { layer: other }: Series): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return (
    long === short ||
    (long.startsWith(`${short}.`) && /^[^.]*weight[^.]*$/.test(long.slice(short.length + 1)))
  );
}

const fetched = signal<ReadonlyMap<string, Tile>>(new Map());

/** A series in the run of the incident: as the page shows it, as it was last on the screen, or as it was fetched. */
export function tileOf(tag: string): Tile | null {
  const id = panelId(explained.value?.run ?? "", tag);
  return findPanel(id)?.shown.value ?? panelStore.find(id)?.tile.value ?? fetched.value.get(id) ?? null;
}

/** Recorded steps around the beginning; before is missing where the run began so. */
export interface Moment {
  readonly name: "before" | "at" | "after";
  readonly step: number;
}

/** Of the first layer, which may have followed others of the finding. */
export function momentsOf(finding: FindingAnswer, tile: Tile): readonly Moment[] {
  const [first, last] = finding.layer_steps[0] ?? [finding.first_step, finding.last_step];
  const { firstStep, lastStep } = tile.columns;
  const apart = Math.max(1, APART * (tile.lastStep - tile.firstStep));
  const steps = Float64Array.of(...firstStep, ...lastStep).sort();
  const before = steps[Math.max(0, lastAtMost(steps, first - apart))]!;
  // Within the trouble where that is short, else the step after it.
  const wanted = lastAtMost(steps, Math.min(first + apart, last));
  const after = steps[Math.max(wanted, lastAtMost(steps, first) + 1)];
  return [
    ...(before < first ? [{ name: "before", step: before } as const] : []),
    { name: "at", step: first },
    ...(after === undefined ? [] : [{ name: "after", step: after } as const]),
  ];
}

let lastMoments: readonly Moment[] = [];

/** The same list while it is equal: a sharper tile may know other steps, or not. */
const wantedMoments = computed(() => {
  const finding = explained.value;
  const tile = tileOf(finding?.tags[0] ?? "");
  const wanted = finding && tile?.columns.length ? momentsOf(finding, tile) : [];
  if (JSON.stringify(wanted) !== JSON.stringify(lastMoments)) lastMoments = wanted;
  return lastMoments;
});

export interface ExactMoment extends Moment {
  /** Of one record, all stored bins. */
  readonly tile: Tile;
}

interface ExactMoments {
  readonly finding: FindingAnswer;
  readonly all: readonly ExactMoment[];
}

const exact = signal<ExactMoments | null>(null);

/** Nothing until those of the explained finding are there. */
export const moments = computed(() =>
  exact.value?.finding === explained.value ? (exact.value?.all ?? []) : [],
);

/** Fetches what is drawn, and again when the log directory has grown; to be called while the pane is there. */
export function startFetching(): () => void {
  const stops = [
    effect(() => {
      void incident.value;
      layersDrawn.value = LAYERS_AT_FIRST;
    }),
    effect(() => {
      const finding = explained.value;
      void [index.value?.revision, layersDrawn.value];
      if (finding === undefined) return;
      return whileWanted((signal) => untracked(() => fetchTiles(finding, signal)));
    }),
    effect(() => {
      const finding = explained.value;
      const wanted = wantedMoments.value;
      if (finding === undefined || wanted.length === 0) return;
      return whileWanted((signal) => fetchMoments(finding, wanted, signal));
    }),
    effect(() => {
      const run = explained.value?.run ?? "";
      const wanted = wantedScalars.value.map((tag) => ({ run, tag }));
      return whileWanted((signal) => untracked(() => scalars.fetchScalars(wanted, signal)));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Errors are left out: the explanation holds without what could not be fetched. */
function whileWanted(fetch: (signal: AbortSignal) => Promise<void>): () => void {
  const abort = new AbortController();
  fetch(abort.signal).catch(() => {});
  return () => abort.abort();
}

async function fetchTiles({ run, tags: [first = ""] }: FindingAnswer, signal: AbortSignal): Promise<void> {
  // The first layer is wanted for the histograms too, also where others of the incident began before it.
  const tags = new Set([first, ...[...drawnChain.value, ...related.value].map(({ tag }) => tag)]);
  const absent = [...tags].filter((tag) => !panelStore.find(panelId(run, tag))?.tile.value);
  if (absent.length === 0) return;
  // Merged by its own range, a layer that explodes would be all in one bin before.
  const requests = absent.map((tag) => ({ run, tag, columns: COLUMNS, rows: 0 }));
  const tiles = (await client.tiles(requests, signal)).filter((tile): tile is Tile => !isTileError(tile));
  fetched.value = new Map(tiles.map((tile) => [panelId(run, tile.tag), tile]));
}

async function fetchMoments(
  finding: FindingAnswer,
  wanted: readonly Moment[],
  signal: AbortSignal,
): Promise<void> {
  const {
    run,
    tags: [tag = ""],
  } = finding;
  const requests = wanted.map(({ step }) => ({
    run,
    tag,
    columns: 1,
    rows: 0,
    steps: [step, step] as const,
  }));
  const tiles = await client.tiles(requests, signal);
  const all = wanted.flatMap((moment, at) => {
    const tile = tiles[at];
    return tile === undefined || isTileError(tile) || tile.columns.length === 0 ? [] : [{ ...moment, tile }];
  });
  exact.value = { finding, all };
}

const WANTED = [/loss/i, /(^|[/_-])(lr|learning_?rate)/i, /grad.*norm|norm.*grad/i];

/** Loss, learning rate and norm of the gradients, where the run logged them. */
export const wantedScalars = computed<readonly string[]>(() => {
  const run = index.value?.runs.find(({ name }) => name === explained.value?.run);
  return WANTED.flatMap((pattern) => run?.scalars.find((tag) => pattern.test(tag)) ?? []);
});

export function scalarOf(tag: string): ScalarSeries | undefined {
  return scalars.series.value.get(scalars.scalarKey(explained.value?.run ?? "", tag));
}

/** Size of the values of each column: root mean square. */
export function columnSizes({ mean, std }: Columns): Float64Array {
  return mean.map((value, at) => Math.hypot(value, std[at]!));
}

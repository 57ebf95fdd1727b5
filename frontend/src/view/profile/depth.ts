/** Sizes of the values of all layers at one time, by their depth: what the depth view draws. */

import { computed, effect, signal, untracked } from "@preact/signals";
import { nearestColumn } from "../../math/column_spans";
import { formatSteps, nameSteps } from "../../math/format";
import type { ProfileColumns, Series } from "../../series/types";
import { index, pageShown } from "../catalog/catalog";
import { clocks, sharedAxis } from "../panel/known_panels";
import { placesToSteps, profileSpans } from "../panel/run_times";
import { playing } from "../screen/playing";
import {
  effectiveKind,
  effectivePhase,
  kinds,
  layerFilter,
  type ShownRun,
  shownRuns,
} from "../selection/selection";
import * as settings from "../settings/settings";
import { inExecutionOrder } from "./layer_order";
import { type Place, placeOf, repeatedPlaces, usualPlace } from "./places";
import { askAfter, askProfiles, type ProfileQuery, type Profiles, pacedRequests } from "./profiles";

/** Kinds that are drawn together, the first above. */
const TOGETHER = [
  ["activations", "gradients"],
  ["weights", "weight_gradients", "updates"],
];

/** The kinds that have a chart: the chosen one and those that belong to it. */
export const chartKinds = computed<readonly string[]>(() => {
  const group = TOGETHER.find((all) => all.includes(effectiveKind.value)) ?? [effectiveKind.value];
  return group.filter((kind) => kinds.value.includes(kind));
});

/** A layer of any of the charts, in the order of execution; the series is of the first kind that has it. */
export interface DepthLayer {
  readonly name: string;
  readonly place: string;
  readonly series: Series;
}

const allLayers = computed<readonly Series[]>(() => {
  const [run] = shownRuns.value;
  const types = settings.types.value;
  const { matches } = layerFilter.value;
  const shown = new Set(shownRuns.value.map(({ at }) => at));
  const wanted = (series: Series) =>
    chartKinds.value.includes(series.kind) &&
    series.phase === effectivePhase.value &&
    series.runs.some((at) => shown.has(at)) &&
    matches(series.layer) &&
    (types.length === 0 || types.includes(series.type));
  const named = new Map<string, Series>();
  for (const series of index.value?.series ?? [])
    if (wanted(series) && !named.has(series.layer)) named.set(series.layer, series);
  if (run === undefined) return [];
  return inExecutionOrder([...named.values()], run, effectivePhase.value);
});

/** More layers than this go up and down within each block more than along the model. */
const MANY_LAYERS = 40;

export const depthPlaces = computed(() => repeatedPlaces(allLayers.value));

/** The place that is followed; undefined for all layers. */
export const followedPlace = computed<Place | undefined>(() => {
  const chosen = settings.depthPlace.value;
  if (chosen === "") return allLayers.value.length > MANY_LAYERS ? usualPlace(depthPlaces.value) : undefined;
  return depthPlaces.value.find(({ id }) => id === chosen);
});

export const depthLayers = computed<readonly DepthLayer[]>(() => {
  const followed = followedPlace.value;
  return allLayers.value
    .map((series) => ({ name: series.layer, place: placeOf(series), series }))
    .filter(({ place }) => followed === undefined || place === followed.id);
});

export const allDepthLayers = computed(() => allLayers.value.length);

const overRun = signal<Profiles>(new Map());
/** Of one column of the run, or of the zoomed steps as one; `asked`: which. */
const exact = signal<{ readonly asked: string; readonly profiles: Profiles }>({
  asked: "",
  profiles: new Map(),
});
export const depthError = signal("");

/** What time is shown: a pinned step, else the zoomed steps as one, else the newest. */
export const shownTime = computed(() => {
  const pinned = settings.pinned.value;
  if (pinned !== null) return { kind: "step", unit: pinned } as const;
  if (!settings.zoomX.value.has("")) return { kind: "step", unit: Number.POSITIVE_INFINITY } as const;
  return { kind: "range", steps: placesToSteps(sharedAxis.value) } as const;
});

const profileKey = (run: string, kind: string): string => `${run}\n${kind}`;

const EXACT = {
  keyOf: ({ run, kind }: ProfileQuery) => profileKey(run, kind),
  error: depthError,
};
const OVER_RUN = { ...EXACT, held: overRun };
const EXACT_AFTER_MS = 150;

/** Asks for what is drawn, and again as runs grow, until what is returned is called. */
export function startDepth(): () => void {
  const stops = [askOverRun(), askExactly()];
  return () => {
    for (const stop of stops) stop();
  };
}

function queries(): readonly ProfileQuery[] {
  const phase = effectivePhase.value;
  return shownRuns.value.flatMap(({ name: run, at }) =>
    chartKinds.value
      .filter((kind) =>
        index.value?.series.some((one) => one.kind === kind && one.phase === phase && one.runs.includes(at)),
      )
      .map((kind) => ({ run, kind, phase, figures: "sizes" as const })),
  );
}

function askOverRun(): () => void {
  const askPaced = pacedRequests();
  let answered = "";
  return effect(() => {
    const all = queries();
    if (!pageShown.value || index.value === null) return;
    const asked = JSON.stringify(all);
    return askPaced(async (abort) => {
      const found = await askProfiles(all, OVER_RUN, abort);
      if (found !== null) answered = asked;
      return found;
    }, asked === answered);
  });
}

/** What the columns of the run pool is asked for exactly, once the time rests. */
function askExactly(): () => void {
  return effect(() => {
    const asked = exactSteps.value;
    if (asked === null || playing.value || !pageShown.value) return;
    return askAfter(EXACT_AFTER_MS, async (abort) => {
      const all = untracked(queries).map((query) => ({ ...query, ...asked }));
      const profiles = await askProfiles(all, EXACT, abort);
      if (profiles !== null) exact.value = { asked: JSON.stringify(asked), profiles };
    });
  });
}

/** null where the columns of the run are exact already. */
const exactSteps = computed<{ readonly steps: string; readonly pooled: string } | null>(() => {
  const time = shownTime.value;
  if (time.kind === "range") return { steps: time.steps.join(","), pooled: "1" };
  for (const profile of overRun.value.values()) {
    const [columns] = profile.columns;
    if (columns === undefined) continue;
    const at = columnAtUnit(columns, profile.run, time.unit);
    if (at < 0 || columns.records[at] === 1) return null;
    return { steps: `${columns.first_steps[at]},${columns.last_steps[at]}`, pooled: "0" };
  }
  return null;
});

function columnAtUnit(columns: ProfileColumns, run: string, unit: number): number {
  const clock = clocks.value.get(run);
  if (clock === undefined) return columns.records.length - 1;
  return nearestColumn(profileSpans(columns, settings.time.value, clock), unit);
}

/** Figures of one layer in one run at the shown time; null: no finite value. */
export interface Sizes {
  readonly figures: Readonly<Record<string, number | null>>;
  readonly steps: string;
}

export interface DepthRun {
  readonly run: ShownRun;
  /** By the layer's name. */
  readonly sizes: ReadonlyMap<string, Sizes>;
}

/** What a chart shows: each shown run that has the kind, its layers at the shown time. */
export function depthRuns(kind: string): readonly DepthRun[] {
  const layerOf = new Map(
    (index.value?.series ?? []).filter((one) => one.kind === kind).map(({ tag, layer }) => [tag, layer]),
  );
  const now = exactSteps.value;
  const fine = now !== null && exact.value.asked === JSON.stringify(now) ? exact.value.profiles : null;
  const time = shownTime.value;
  return shownRuns.value.flatMap((run) => {
    const key = profileKey(run.name, kind);
    const profile = fine?.get(key) ?? overRun.value.get(key);
    if (profile === undefined) return [];
    const unit = time.kind === "step" ? time.unit : Number.POSITIVE_INFINITY;
    const places = profile.columns.map((columns) => columnAtUnit(columns, run.name, unit));
    const sizes = new Map<string, Sizes>();
    for (const { tag, columns: at, figures } of profile.layers) {
      const column = places[at] ?? -1;
      const name = layerOf.get(tag);
      const columns = profile.columns[at];
      if (name === undefined || column < 0 || columns === undefined) continue;
      const values = Object.entries(figures).map(([figure, all]) => [figure, all[column] ?? null]);
      const steps = formatSteps(columns.first_steps[column]!, columns.last_steps[column]!);
      sizes.set(name, { figures: Object.fromEntries(values), steps });
    }
    return [{ run, sizes }];
  });
}

/** So many decades beyond what most sizes are, a size is at the edge of the chart: it would flatten the rest. */
const BEYOND_DECADES = 12;
/** Share of the sizes to either side that are not "most". */
const TAIL = 0.1;

const sizeExtents = computed(() => new Map(chartKinds.value.map((kind) => [kind, extentOfKind(kind)])));

/** What the axis of a kind spans over the whole run, so that playing it moves no axis; null without any size. */
export function sizeExtent(kind: string): readonly [number, number] | null {
  return sizeExtents.value.get(kind) ?? null;
}

function extentOfKind(kind: string): readonly [number, number] | null {
  const names = new Set(depthLayers.value.map(({ name }) => name));
  const tags = new Set(index.value?.series.filter(({ layer }) => names.has(layer)).map(({ tag }) => tag));
  let [lo, hi, count] = [Number.POSITIVE_INFINITY, 0, 0];
  const decades = new Map<number, number>();
  for (const profile of overRun.value.values()) {
    if (profile.kind !== kind) continue;
    for (const { tag, figures } of profile.layers)
      for (const value of tags.has(tag) ? ["p05", "p95", "rms"].flatMap((name) => figures[name] ?? []) : []) {
        if (value === null || value <= 0) continue;
        lo = Math.min(lo, value);
        hi = Math.max(hi, value);
        const decade = Math.floor(Math.log10(value));
        decades.set(decade, (decades.get(decade) ?? 0) + 1);
        count++;
      }
  }
  if (count === 0) return null;
  const ascending = [...decades].sort(([a], [b]) => a - b);
  const usual = [ascending, ascending.toReversed()].map((all) => decadeAfter(all, TAIL * count));
  return [
    Math.max(lo, 10 ** (usual[0]! - BEYOND_DECADES)),
    Math.min(hi, 10 ** (usual[1]! + 1 + BEYOND_DECADES)),
  ];
}

/** The decade in which so many sizes have been counted. */
function decadeAfter(decades: readonly (readonly [decade: number, count: number])[], sizes: number): number {
  let before = 0;
  for (const [decade, count] of decades) {
    before += count;
    if (before > sizes) return decade;
  }
  return 0;
}

/** What time the charts show, in words. */
export function timeToText(): string {
  const time = shownTime.value;
  if (time.kind === "range") return `${nameSteps(...time.steps)} together`;
  const [first] = chartKinds.value.flatMap((kind) => depthRuns(kind));
  const steps = first && [...first.sizes.values()][0]?.steps;
  if (steps === undefined) return "";
  return settings.pinned.value === null ? `the newest step, ${steps}` : `step ${steps}`;
}

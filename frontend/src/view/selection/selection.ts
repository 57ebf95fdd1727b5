/** Which runs and layers are shown, and in which order. */

import { batch, computed, signal } from "@preact/signals";
import { seriesId } from "../../series/series_id";
import type { RunAnswer, Series } from "../../series/types";
import { dark, hostColours, index } from "../catalog/catalog";
import { stableList } from "../reactive/stable_list";
import type { Option } from "../settings/setting";
import * as settings from "../settings/settings";
import { parseFilter } from "./filter";
import { firstRuns, runsToChoices } from "./ranks";
import { areRegrouped, colourOfPlace } from "./run_colours";
import { shortNames } from "./short_names";
import { layersToList, layersToTree, type Row } from "./tree";

/** More runs than this are not shown before somebody asks for them. */
export const RUNS_AT_FIRST = 6;
/** Up to this many layers are shown as full panels, more as strips. */
const PANELS_UP_TO = 12;

export interface ShownRun extends RunAnswer {
  /** Place in the index' list of runs. */
  readonly at: number;
}

/** Kinds with data, in the order of the index; the phases and module types of the chosen kind. */
export const kinds = computed(() => unique(index.value?.series.map((series) => series.kind) ?? []));
export const effectiveKind = computed(() => firstOf(kinds.value, settings.kind.value, "activations"));
const ofKind = computed(
  () => index.value?.series.filter((series) => series.kind === effectiveKind.value) ?? [],
);
export const phases = computed(() => unique(ofKind.value.map((series) => series.phase)));
export const effectivePhase = computed(() => firstOf(phases.value, settings.phase.value, "train"));
/** Those of the chosen kind and phase, in any run. */
export const ofPhase = computed(() => ofKind.value.filter((series) => series.phase === effectivePhase.value));
export const moduleTypes = computed(() => unique(ofPhase.value.map((series) => series.type)).filter(Boolean));

/** Runs that have anything of the chosen kind and phase. */
export const runsWithData = computed<readonly ShownRun[]>(() => {
  const used = new Set(ofPhase.value.flatMap((series) => series.runs));
  return (index.value?.runs ?? []).map(shownRun).filter((run) => used.has(run.at));
});

/** By name, the place among all runs. */
export const runPlaces = computed(() => new Map(runsWithData.value.map(({ name, at }) => [name, at])));

const knownRuns = new WeakMap<RunAnswer, ShownRun>();

/** The same object for the same run in the same place. */
function shownRun(run: RunAnswer, at: number): ShownRun {
  const known = knownRuns.get(run);
  if (known?.at === at) return known;
  const shown = { ...run, at };
  knownRuns.set(run, shown);
  return shown;
}

/** What a link or a click sets to say which panels are wanted. */
const PANEL_SETTINGS = [
  settings.runs,
  settings.full,
  settings.layout,
  settings.transposed,
  settings.toggled,
  settings.pinned,
  settings.pinnedLayers,
  settings.zoomX,
  settings.zoomY,
  settings.sort,
  settings.parting,
  settings.incident,
  settings.baseline,
  settings.difference,
];

/** Whether there are more runs than stand side by side. */
export const manyRuns = computed(() => runsToChoices(runsWithData.value).length > RUNS_AT_FIRST);

/** Whether the board of all runs is shown in place of panels. */
export const boardOpen = computed(() => {
  const chosen = settings.view.value;
  if (chosen !== "auto" || !manyRuns.value) return chosen === "board";
  return PANEL_SETTINGS.every((setting) => setting.write() === undefined);
});

/** Whether the layers of one step are shown by their depth in place of panels. */
export const depthOpen = computed(() => settings.view.value === "depth");

/** Whether the board's first cells are there; what is asked for besides waits for that. */
export const boardDrawn = signal(false);

/** What runs can be sorted and grouped by; known to the board and to the list of runs. */
export const boardColumns = signal<readonly Option<string>[]>([]);

/** Panels of these runs; null for the first few. */
export function showRuns(names: readonly string[] | null): void {
  batch(() => {
    settings.runs.value = names;
    leaveBoard();
  });
}

let brought: readonly string[] | null = null;

/** Panels of runs that the page chooses itself; what was shown before can be gone back to. */
export function bringRuns(names: readonly string[]): void {
  brought = names;
  settings.runs.value = names;
  settings.view.value = "panels";
}

/** Whether somebody chose the shown runs. */
export const runsAreChosen = computed(() => ![null, brought].includes(settings.runs.value));

export function leaveBoard(): void {
  if (boardOpen.peek() || depthOpen.peek()) settings.view.value = "panels";
}

export const shownRuns = stableList<ShownRun>(() => {
  const chosen = settings.runs.value;
  const all = runsWithData.value;
  return chosen === null ? firstRuns(all, RUNS_AT_FIRST) : all.filter((run) => chosen.includes(run.name));
});

/** The runs that the page is about: on the board all of them. */
export const runsInView = computed(() => (boardOpen.value ? runsWithData.value : shownRuns.value));

/** The names of the shown runs, cut where they are equal. */
export const shortRunNames = computed(() => shortNames(shownRuns.value.map((run) => run.name)));

export const layerFilter = computed(() => parseFilter(settings.filter.value));

/** All layers of the kind and phase in a shown run, on the board in any run; before the filter. */
export const allLayers = computed(() => {
  if (boardOpen.value) return ofPhase.value;
  const shown = new Set(shownRuns.value.map((run) => run.at));
  return ofPhase.value.filter((series) => series.runs.some((run) => shown.has(run)));
});

export const layers = stableList<Series>(() => {
  const types = settings.types.value;
  const { matches } = layerFilter.value;
  return allLayers.value.filter(
    (series) => matches(series.layer) && (types.length === 0 || types.includes(series.type)),
  );
});

/** How much a layer changes over time, or how different its runs are; filled as layers become known. */
export type Ranking = (series: Series) => number;

export function orderRows(
  all: readonly Series[],
  sort: settings.Sort,
  folded: readonly string[],
  ranking: Ranking,
): readonly Row[] {
  if (sort === "model") return layersToTree(all, new Set(folded));
  if (sort === "name") return layersToList([...all].sort((a, b) => compareNames(a.layer, b.layer)));
  const rank = new Map(all.map((series) => [series, ranking(series)]));
  return layersToList([...all].sort((a, b) => (rank.get(b) ?? 0) - (rank.get(a) ?? 0)));
}

/**
 * Whether runs are rows and layers columns. Left to the page: where more runs than stand side by side are shown, and
 * they are more than the layers; a filter of layers does not turn the page over.
 */
export const isTransposed = computed(() => {
  const chosen = settings.transposed.value;
  if (chosen !== "auto") return chosen === "1";
  return shownRuns.value.length > Math.max(RUNS_AT_FIRST, allLayers.value.length);
});

/** The layout in force: strips or panels. */
export const effectiveLayout = computed<"strips" | "panels">(() => {
  const chosen = settings.layout.value;
  if (chosen !== "auto") return chosen;
  const turned = settings.transposed.value === "auto" && isTransposed.value;
  return turned || allLayers.value.length > PANELS_UP_TO ? "strips" : "panels";
});

/** Whether any layer has axes, and with them the histograms of one step. */
export const anyOpen = computed(() => layers.value.some((series) => isOpen(seriesId(series))));

export function isExpanded(id: string): boolean {
  return (effectiveLayout.value === "panels") !== settings.toggled.value.includes(id);
}

/** Whether a layer has axes, alone on the page too; else it is a strip. */
export function isOpen(id: string): boolean {
  return isExpanded(id) || settings.full.value === id;
}

export function toggleExpanded(id: string): void {
  settings.toggled.value = without(settings.toggled.value, id) ?? [...settings.toggled.value, id];
}

export function toggleFolded(path: string): void {
  settings.folded.value = without(settings.folded.value, path) ?? [...settings.folded.value, path];
}

export function togglePinnedLayer(series: Series): void {
  const id = seriesId(series);
  settings.pinnedLayers.value = without(settings.pinnedLayers.value, id) ?? [
    ...settings.pinnedLayers.value,
    id,
  ];
}

let beforeSolo: readonly string[] | null = null;

/** Show one run only; again: those before it. */
export function soloRun(name: string): void {
  const { length } = shownRuns.value;
  const alone = length === 1 && shownRuns.value[0]?.name === name;
  if (length > 1) beforeSolo = settings.runs.value;
  showRuns(alone ? beforeSolo : [name]);
}

/** In TensorBoard's order, which is that of their beginning. */
const runNames = computed(() =>
  [...(index.value?.runs ?? [])]
    .sort((a, b) => (a.start_time ?? 0) - (b.start_time ?? 0))
    .map(({ name }) => name),
);
const regrouped = computed(() => areRegrouped(runNames.value, hostColours.value));

/** By a run's place in the index. */
export function runColour(at: number): string {
  return colourOfRun(index.value?.runs[at]?.name ?? "");
}

/** Of a run, shown or not, in the present theme: by its place among all, so that hiding others changes none. */
export function colourOfRun(name: string): string {
  const at = Math.max(0, runNames.value.indexOf(name));
  return colourOfPlace(at, dark.value, hostColours.value.get(name), regrouped.value);
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

function firstOf(available: readonly string[], chosen: string, usual: string): string {
  if (available.includes(chosen)) return chosen;
  return available.includes(usual) ? usual : (available[0] ?? usual);
}

/** The items without one; null when it was not there. */
function without(items: readonly string[], item: string): readonly string[] | null {
  return items.includes(item) ? items.filter((other) => other !== item) : null;
}

const collator = new Intl.Collator("en", { numeric: true });

/** With numbers in them by their size. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

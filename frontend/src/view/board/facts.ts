/** Columns of the board before the layers: hyper-parameters, loss, the worst finding and its first step. */

import { computed, effect } from "@preact/signals";
import { formatExact, formatValue } from "../../math/format";
import type { Hyperparameter } from "../../series/types";
import { boardColumns, compareNames, runsWithData } from "../selection/selection";
import { shortNames } from "../selection/short_names";
import { boardFrame } from "./board_frame";
import { findingsIn, HEALTHS, type Health, healthOf, wordsOf, worstFinding, wrongIn } from "./health";
import { hasStage, type Stage, stages } from "./stages";
import { startSweep, sweep } from "./sweep";

export type Fact = Hyperparameter | null;

/** What runs are sorted, filtered and grouped by. */
export interface Column {
  /** As links have it. */
  readonly id: string;
  readonly label: string;
  read(run: string): Fact;
  /** What runs are sorted by where that is not what is read. */
  order?(run: string): Fact;
  /** What a filter can say besides. */
  words?(run: string): readonly string[];
}

/** One that stands in the table with words. */
export interface FactColumn extends Column {
  readonly tip: string;
  show(run: string): string;
}

/** More hyper-parameters than this leave no room for layers. */
const MOST_PARAMETERS = 10;
const LETTER_PX = 7;
const AROUND_PX = 20;
const WIDEST_PX = 180;
/** Of the page, for the worst finding; of a narrow one, which has no other column, it is more. */
const WORST_SHARE = 0.14;
const NARROW_WORST_SHARE = 0.3;

const WORST = "worst";
const OWN_IDS = ["run", "loss", WORST, "step"];

const NOT_FINITE = "not finite";

export const lossColumn: FactColumn = {
  id: "loss",
  label: "last loss",
  tip: "Newest value of the run's loss",
  read: (run) => {
    const loss = sweep.value.get(run)?.loss;
    return loss ? (loss.value ?? NOT_FINITE) : null;
  },
  words: (run) => (lossColumn.read(run) === NOT_FINITE ? ["nan", "inf"] : []),
  show: (run) => factToText(lossColumn.read(run), 3),
};

export const worstColumn: FactColumn = {
  id: WORST,
  label: "worst finding",
  tip: "The most severe finding of the run and the layer in which it began",
  // Not the function itself: as one of `map` it would take the place for findings.
  read: (run) => healthOf(run),
  words: (run) => wordsOf(wrongIn(run).slice(0, 1)),
  show: (run) => {
    const worst = worstFinding(run);
    if (worst !== undefined) return `${worst.kind.replaceAll("_", " ")} · ${worst.layers[0] ?? ""}`;
    return healthOf(run) === "healthy" ? "healthy" : "…";
  },
};

const stepColumn: FactColumn = {
  id: "step",
  label: "first step",
  tip: "First step of the worst finding",
  read: (run) => worstFinding(run)?.first_step ?? null,
  show: (run) => {
    const worst = worstFinding(run);
    return worst === undefined ? "" : formatExact(worst.first_step);
  },
};

/** Names of hyper-parameters in which the runs differ; others tell nothing apart. */
export const parameterNames = computed<readonly string[]>(() => {
  const runs = runsWithData.value.map((run) => sweep.value.get(run.name)?.hyperparameters ?? {});
  const names = [...new Set(runs.flatMap((parameters) => Object.keys(parameters)))];
  return names.filter((name) => new Set(runs.map((parameters) => parameters[name])).size > 1);
});

function parameterColumn(name: string): FactColumn {
  const read = (run: string) => sweep.value.get(run)?.hyperparameters[name] ?? null;
  return {
    id: OWN_IDS.includes(name) ? `hp.${name}` : name,
    label: name,
    tip: name,
    read,
    show: (run) => factToText(read(run)),
  };
}

/** What is wrong in a layer, or in those of a folded stage. */
function stageColumn(stage: Stage): Column {
  const { id, name, tags } = stage;
  const found = (run: string) => findingsIn(run, tags);
  return {
    id,
    // A parameter may be called as a layer is.
    label: parameterNames.value.includes(name) ? id : name,
    read: (run) => (hasStage(run, stage) ? healthOf(run, found(run)) : null),
    // More severe first, then earlier; runs without a finding come last.
    order: (run) => {
      const [worst] = found(run);
      return worst ? HEALTHS.indexOf(worst.severity) + (1 - 1 / (1 + Math.max(0, worst.first_step))) : null;
    },
    words: (run) => wordsOf(found(run)),
  };
}

/** All that runs can be sorted, filtered and grouped by. */
export const allColumns = computed<readonly Column[]>(() => [
  nameColumn,
  ...allFacts.value,
  ...stages.value.map(stageColumn),
]);

export const nameColumn: FactColumn = {
  id: "run",
  label: "run",
  tip: "Name of the run",
  read: (run) => run,
  show: (run) => run,
};

/** Those before the layers, on a page that is wide enough. */
export const allFacts = computed<readonly FactColumn[]>(() => {
  const losses = runsWithData.value.some((run) => sweep.value.get(run.name)?.loss);
  return [
    ...parameterNames.value.slice(0, MOST_PARAMETERS).map(parameterColumn),
    ...(losses ? [lossColumn] : []),
    worstColumn,
    stepColumn,
  ];
});

/** As wide as the longest of what stands in it. */
export function columnWidth_px({ id, label, show }: FactColumn): number {
  if (id === WORST) return Math.min(WIDEST_PX, shareOfPage_px(WORST_SHARE, NARROW_WORST_SHARE));
  // A "w" is as wide as two other letters.
  const letters = (run: string) => show(run).replaceAll("w", "ww").length;
  const longest = Math.max(label.length + 1, ...runsWithData.value.map(({ name }) => letters(name)));
  return Math.min(WIDEST_PX, longest * LETTER_PX + AROUND_PX);
}

export function factToText(fact: Fact, digits = 6): string {
  return typeof fact === "number" ? formatValue(fact, digits) : String(fact ?? "");
}

/** Numbers by size, words by letters, healths by severity; what is missing comes last in either direction. */
export function compareFacts(a: Fact, b: Fact, direction: 1 | -1): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return direction * (a - b);
  const [x, y] = [a, b].map((fact) => HEALTHS.indexOf(fact as Health)) as [number, number];
  if (x >= 0 && y >= 0) return direction * (x - y);
  return direction * compareNames(String(a), String(b));
}

/** Names of runs, cut where all are equal. */
export const boardNames = computed(() => shortNames(runsWithData.value.map((run) => run.name)));

/** Less room than this is for names, findings and layers alone. */
const NARROW_PX = 760;

const isNarrow = computed(() => boardFrame.value.width_px < NARROW_PX);

/** Those that stand in the table. */
export const factColumns = computed<readonly FactColumn[]>(() =>
  isNarrow.value ? [worstColumn] : allFacts.value,
);

/** Width of a share of the page, which may be another one where the page is narrow. */
export function shareOfPage_px(usual: number, narrow: number): number {
  return boardFrame.value.width_px * (isNarrow.value ? narrow : usual);
}

/** Asks for what the columns show, and offers them to sort and group by, until what is returned is called. */
export function startFacts(): () => void {
  const stops = [
    startSweep(),
    effect(() => {
      boardColumns.value = allColumns.value.slice(1).map(({ id, label }) => ({ value: id, label }));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

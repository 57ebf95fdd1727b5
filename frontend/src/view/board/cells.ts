/** The cells of the board: asked for in blocks as they come into sight, kept while memory allows. */

import { batch, type Signal, signal } from "@preact/signals";
import { type CellAxis, type CellQuantiles, cellAxis, decodeHalves } from "../../math/cell_picture";
import { seriesId } from "../../series/series_id";
import type { Board, Series } from "../../series/types";
import { client, newestTimes } from "../catalog/catalog";
import { remember } from "../reactive/memo";
import { boardDrawn, runPlaces, runsWithData } from "../selection/selection";

export interface Cell extends CellQuantiles {
  /** Why it cannot be read; "" where it can. */
  readonly error: string;
  /** Time of the newest record that the index had when it was asked for. */
  readonly asOf: number | undefined;
}

/** What is in sight. */
export interface Wanted {
  readonly runs: readonly string[];
  readonly series: readonly Series[];
  /** Columns of records in a cell. */
  readonly columns: number;
}

/** 25 MB; a board of 200 runs and 50 layers has 10,000. */
const MOST_CELLS = 15_000;
/** Of one request, for whose answer the page waits. */
const BLOCK_CELLS = 400;
/** Runs from all over the list that an axis is chosen by, whatever is in sight and comes first. */
const SAMPLE_RUNS = 6;
const RETRY_MS = 3000;
/** What is scrolled past within this time is not asked for. */
const SOON_MS = 40;

const cells = new Map<string, Cell>();
const versions = new Map<string, Signal<number>>();

interface ChosenAxis {
  readonly axis: CellAxis;
  /** Number of runs that there were. */
  readonly runs: number;
}

/**
 * By series: kept once chosen, so that a picture does not change while somebody looks; chosen anew where there are far
 * more runs, as while TensorBoard still reads them.
 */
const axes = new Map<string, ChosenAxis>();
/** This many times the runs. */
const MORE_RUNS = 1.5;

/** First and last step of all cells that have come. */
export const stepSpan = signal<readonly [number, number]>([Number.POSITIVE_INFINITY, 0]);

/** Shares of the quantiles that all cells have. */
export let shares: readonly number[] = [];

function keyOf(run: string, series: Series, columns: number): string {
  return `${run}\n${columns}\n${seriesId(series)}`;
}

export function findCell(run: string, series: Series, columns: number): Cell | undefined {
  return cells.get(keyOf(run, series, columns));
}

export function axisOf(series: Series): CellAxis | undefined {
  return axes.get(seriesId(series))?.axis;
}

/** Counts changes of a run's cells. */
export function versionOf(run: string): Signal<number> {
  let version = versions.get(run);
  if (version === undefined) {
    version = signal(0);
    versions.set(run, version);
  }
  return version;
}

let wanted: Wanted = { runs: [], series: [], columns: 0 };
let asking: AbortController | null = null;
let retry = 0;
let soon = 0;

/** Asks for what is missing or has grown; what was asked for before and is out of sight is dropped. */
export function wantCells(next: Wanted): void {
  wanted = next;
  // Where nothing but facts is in sight, there is nothing to wait for.
  if (next.series.length === 0 && next.runs.length > 0) boardDrawn.value = true;
  if (asking === null && soon === 0)
    soon = window.setTimeout(() => void askAll(), boardDrawn.peek() ? SOON_MS : 0);
}

export function stopAsking(): void {
  wanted = { runs: [], series: [], columns: 0 };
  window.clearTimeout(retry);
  window.clearTimeout(soon);
  soon = 0;
  asking?.abort();
  asking = null;
}

async function askAll(): Promise<void> {
  window.clearTimeout(retry);
  soon = 0;
  for (let block = nextBlock(); block !== null; block = nextBlock()) {
    const abort = new AbortController();
    asking = abort;
    const asOf = newestTimes.peek();
    try {
      const series = block.series.map(({ tag, source }) => ({ tag, source }));
      const { runs, columns } = block;
      const answer = await client.board({ runs, series, columns }, abort.signal);
      if (abort.signal.aborted) return;
      take(block, answer, asOf);
    } catch {
      if (abort.signal.aborted) return;
      retry = window.setTimeout(() => void askAll(), RETRY_MS);
      break;
    }
  }
  asking = null;
}

/** Runs and series with a cell that is missing or old, in sight or to choose an axis by; null when there are none. */
function nextBlock(): Wanted | null {
  const { runs, series, columns } = wanted;
  const lacks = (run: string, one: Series) => {
    const at = placeIn(run, one);
    if (at < 0) return false;
    const cell = findCell(run, one, columns);
    return cell === undefined || cell.asOf !== newestTimes.peek().get(seriesId(one))?.[at];
  };
  const all = [...new Set([...(series.every(isChosen) ? [] : sampleRuns()), ...runs])];
  const lacking = series.filter((one) => all.some((run) => lacks(run, one)));
  if (lacking.length === 0) return null;
  const most = Math.max(1, Math.floor(BLOCK_CELLS / lacking.length));
  const asked = all.filter((run) => lacking.some((one) => lacks(run, one))).slice(0, most);
  return { runs: asked, series: lacking.slice(0, BLOCK_CELLS), columns };
}

/** The place of a run in a series; -1 where that has no such run. */
function placeIn(run: string, series: Series): number {
  return series.runs.indexOf(runPlaces.peek().get(run) ?? -1);
}

function sampleRuns(): readonly string[] {
  const all = runsWithData.peek();
  const apart = Math.max(1, (all.length - 1) / (SAMPLE_RUNS - 1));
  const places = Array.from({ length: SAMPLE_RUNS }, (_, at) => Math.round(at * apart));
  return places.flatMap((place) => all[place]?.name ?? []);
}

function take(block: Wanted, answer: Board, asOf: ReadonlyMap<string, readonly number[]>): void {
  shares = answer.shares;
  const changed = new Set<string>();
  for (const { run: at, series: column, ...given } of answer.cells) {
    const [run, series] = [block.runs[at], block.series[column]];
    if (run === undefined || series === undefined) continue;
    const known = asOf.get(seriesId(series))?.[placeIn(run, series)];
    const cell: Cell = {
      steps: given.steps,
      lastStep: given.last_step,
      values: decodeHalves(given.quantiles),
      nonFinite: new Set(given.non_finite),
      error: given.error,
      asOf: known,
    };
    remember(cells, keyOf(run, series, block.columns), cell, MOST_CELLS);
    changed.add(run);
  }
  const chosen = chooseAxes(block);
  batch(() => {
    spanSteps(block);
    for (const run of chosen ? versions.keys() : changed) versionOf(run).value++;
    boardDrawn.value = true;
  });
}

function cellsOf(block: Wanted, series: Series): readonly Cell[] {
  return block.runs.flatMap((run) => {
    const cell = findCell(run, series, block.columns);
    return cell === undefined || cell.steps.length === 0 ? [] : [cell];
  });
}

/** Whether a series has an axis, and not one for far fewer runs. */
function isChosen(series: Series): boolean {
  const runs = axes.get(seriesId(series))?.runs ?? 0;
  return runsWithData.peek().length < MORE_RUNS * runs;
}

/** Once all sample runs are there, so that a log directory has the same pictures each time. Whether any is chosen. */
function chooseAxes({ series: all, columns }: Wanted): boolean {
  const runs = runsWithData.peek().map(({ name }) => name);
  const open = all.filter((series) => !isChosen(series));
  let changes = false;
  for (const series of open) {
    const sample = sampleRuns().filter((run) => placeIn(run, series) >= 0);
    if (sample.some((run) => findCell(run, series, columns) === undefined)) continue;
    const chosen = cellsOf({ runs: sample, series: all, columns }, series);
    const known = chosen.length > 0 ? chosen : cellsOf({ runs, series: all, columns }, series);
    if (known.length === 0) continue;
    changes = true;
    axes.set(seriesId(series), { axis: cellAxis(known, shares.length), runs: runs.length });
  }
  return changes;
}

/** The span grows with what comes; runs that ended early fill a part of their cells. */
function spanSteps(block: Wanted): void {
  const known = block.series.flatMap((series) => cellsOf(block, series));
  const [from, to] = stepSpan.peek();
  const first = Math.min(from, ...known.map(({ steps }) => steps[0]!));
  const last = Math.max(to, ...known.map(({ lastStep }) => lastStep));
  if (first !== from || last !== to) stepSpan.value = [first, last];
}

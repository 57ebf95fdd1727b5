/** Fetches the tiles of what is on the screen, in batches, and lets go of what was scrolled past. */

import { batch, effect, untracked } from "@preact/signals";
import { columnsIn } from "../math/step_axis";
import type { Tile } from "../math/tile";
import type { ValueScale } from "../math/value_scale";
import { batchSize } from "../series/client";
import { isTileError } from "../series/decode";
import { requestToKey, TileCache } from "../series/tile_cache";
import type { TileError, TileRequest } from "../series/types";
import { client, index, reloads, shown } from "./catalog/catalog";
import { neededForOrder } from "./findings/ranking";
import { pixelRatio, plot_px, roundUp } from "./layout/metrics";
import { knownPanels, type PanelModel } from "./panel/panels";
import { fetching, slice_ms } from "./reactive/pace";
import { inSight, lookAhead, opened, visible } from "./screen/screen";
import { zoomX, zoomY } from "./settings/settings";

const cache = new TileCache();
const MAX_ROWS = 4096;
const STRIP_ROWS = 32;
/** A zoomed part is fetched with this much on either side, so that small pans need no request. */
const MARGIN = 0.25;

interface Job {
  readonly panel: PanelModel;
  readonly request: TileRequest;
  /** What is asked of the server: the request, or only what is new since its held answer. */
  readonly asked: TileRequest;
  readonly target: "tile" | "fine";
}

interface Flight {
  readonly jobs: readonly Job[];
  readonly abort: AbortController;
}

const flights = new Set<Flight>();
/** While tiles of a flight are handed out nothing is planned; it is when all have been. */
let landing = false;

/** The first tiles of a warm server come sooner; empty panels for a moment would be rendered and drawn for nothing. */
const OPEN_AFTER_MS = 150;

/** Keeps what is visible up to date; call once. */
export function startLoader(): void {
  window.setTimeout(open, OPEN_AFTER_MS);
  effect(() => {
    if (!shown.value || plot_px.value <= 0) return;
    const panels = visible.value;
    void neededForOrder.value;
    // Read here so that each of them starts the work again.
    void [index.value, reloads.value, zoomX.value, zoomY.value];
    for (const panel of panels) void [panel.fullScale.value, panel.row.bins.value, panel.tile.value];
    if (!landing) untracked(() => plan(panels));
  });
  effect(() => {
    if (!shown.value) for (const flight of flights) flight.abort.abort();
  });
}

/** Asks again for all that could not be loaded, and for what is new. */
export function retry(): void {
  batch(() => {
    for (const panel of knownPanels.peek()) panel.error.value = "";
    reloads.value++;
  });
}

function open(): void {
  opened.value = true;
}

function plan(panels: readonly PanelModel[]): void {
  if (!shown.peek()) return;
  const wanted = new Set(panels);
  const kept = new Set([...panels, ...neededForOrder.peek()]);
  for (const flight of flights) {
    if (!flight.jobs.some((job) => kept.has(job.panel))) flight.abort.abort();
  }
  const underWay = [...flights].flatMap((flight) => flight.jobs);
  const busy = new Set(underWay.map(jobKey));
  const jobs = panels.flatMap((panel) => [...wholeJobs(panel, wholeRequest(panel)), ...fineJobs(panel)]);
  for (const panel of neededForOrder.peek()) {
    if (!wanted.has(panel)) jobs.push(...wholeJobs(panel, coarseRequest(panel)));
  }
  release(kept);
  const open = jobs.filter((job) => !busy.has(jobKey(job)));
  const first = open.filter(isInSight);
  // The rest would take its share of the server's and the page's time from what the user waits for.
  const waits = first.length > 0 || underWay.some(isInSight);
  if (panels.length > 0 && !waits) lookAhead();
  const now = waits ? first : open;
  const [newer, whole] = [now.filter(isForNewer), now.filter((job) => !isForNewer(job))];
  for (const part of [...intoBatches(newer), ...intoBatches(whole)]) void fly(part);
}

function isInSight(job: Job): boolean {
  return inSight.peek().has(job.panel);
}

/** Whether only what is new of a tile is asked for. */
function isForNewer(job: Job): boolean {
  return job.asked.since !== undefined;
}

function jobKey(job: Job): string {
  return `${job.target} ${requestToKey(job.request)} ${job.asked.since ?? ""} ${job.panel.reloads}`;
}

/** Panels of one row stay in one batch, so that their shared scales are known at once. jobs: of one kind. */
function intoBatches(jobs: readonly Job[]): Job[][] {
  const batches: Job[][] = [];
  let last: Job[] = [];
  for (let at = 0; at < jobs.length; ) {
    let end = at;
    while (end < jobs.length && jobs[end]?.panel.row === jobs[at]?.panel.row) end++;
    if (last.length === 0 || last.length + end - at > batchSize(jobs[at]!.asked)) {
      last = [];
      batches.push(last);
    }
    last.push(...jobs.slice(at, end));
    at = end;
  }
  return batches;
}

/** What a panel needs to show its whole series: nothing, all of it, or what is new. */
function wholeJobs(panel: PanelModel, request: TileRequest): readonly Job[] {
  const tile = panel.tile.peek();
  const enough = panel.request !== null && suffices(panel.request, request);
  if (!enough || tile === null) {
    // What failed is asked for again when the user says so, or reloads.
    if (enough && panel.error.peek() !== "" && panel.reloads >= reloads.peek()) return [];
    const held = cache.get(request);
    if (held === undefined) return [{ panel, request, asked: request, target: "tile" }];
    panel.tile.value = held;
    panel.request = request;
  }
  const current = panel.request ?? request;
  return isOld(panel)
    ? [{ panel, request: current, asked: cache.newerRequest(current), target: "tile" }]
    : [];
}

/** Each revision of the index is a reason to ask once: the server may know of steps that it cannot read yet. */
function isOld(panel: PanelModel): boolean {
  if (panel.reloads < reloads.peek()) return true;
  const newer = panel.newestStep > (panel.tile.peek()?.lastStep ?? -1);
  return newer && panel.revision !== index.peek()?.revision;
}

function wholeRequest(panel: PanelModel): TileRequest {
  const width_px = plot_px.peek() * pixelRatio.peek();
  const expanded = panel.row.expanded.peek();
  // Columns of one to two pixels, of two to four in strips: more would be pooled again before they are drawn.
  const columns = roundUp(width_px / (expanded ? 2 : 4), 64, 8192);
  const rows = sharpRows(panel, expanded ? panelRows(panel) : STRIP_ROWS);
  return { run: panel.run, tag: panel.series.tag, source: panel.series.source, columns, rows };
}

/** Enough to tell how much a layer changes. */
function coarseRequest(panel: PanelModel): TileRequest {
  const { tag, source } = panel.series;
  return { run: panel.run, tag, source, columns: 64, rows: STRIP_ROWS };
}

/** Panels that hold tiles, the least recently shown ones first. */
const holding = new Set<PanelModel>();
/** Beyond this many, tiles of panels that are out of sight are let go; the cache keeps the newest of them. */
const MOST_HELD = 500;

function release(kept: ReadonlySet<PanelModel>): void {
  for (const panel of kept) {
    holding.delete(panel);
    holding.add(panel);
  }
  for (const panel of holding) {
    if (holding.size <= MOST_HELD || kept.has(panel)) break;
    holding.delete(panel);
    panel.tile.value = null;
    panel.fine.value = null;
    panel.request = null;
    panel.fineRequest = null;
  }
}

/** Bins as fine as the axis can show; away from linear axes they must be finer near zero. */
function panelRows(panel: PanelModel): number {
  const { kind } = panel.fullScale.peek();
  if (kind === "native") return UNMERGED;
  if (kind === "symlog") return 1024;
  return roundUp(panel.row.bins.peek(), 32, 1024);
}

/** More rows than 4,096 are all stored bins. */
const UNMERGED = 0;
/** Bins this many times coarser than the rows of the axis are asked for anew. */
const COARSE = 4;

/**
 * The server merges bins by the run's own range, which may be far longer than the axis: then the whole axis would lie
 * in a few bins.
 */
function sharpRows(panel: PanelModel, rows: number): number {
  const range = panel.tile.peek()?.range;
  const scale = panel.fullScale.peek();
  if (!range || rows === UNMERGED || scale.kind === "native") return rows;
  const wanted = (range[1] - range[0]) / narrowestRow(scale, panel.row.bins.peek());
  if (!(wanted > COARSE * rows)) return rows;
  return wanted > MAX_ROWS ? UNMERGED : roundUp(wanted, rows, MAX_ROWS);
}

/** Rows of a symlog axis are the narrower the nearer they are to zero; others are equal. */
function narrowestRow(scale: ValueScale, bins: number): number {
  const at = scale.valueToShare(Math.min(scale.hi, Math.max(scale.lo, 0)));
  const next = at > 0.5 ? at - 1 / bins : at + 1 / bins;
  return Math.abs(scale.shareToValue(next) - scale.shareToValue(at));
}

function suffices(held: TileRequest, wanted: TileRequest): boolean {
  const rows = (request: TileRequest) => (request.rows === 0 ? MAX_ROWS * 2 : (request.rows ?? 0));
  return (held.columns ?? 0) >= (wanted.columns ?? 0) && rows(held) >= rows(wanted);
}

/** A sharper tile of the zoomed part, where there is anything sharper. */
function fineJobs(panel: PanelModel): readonly Job[] {
  const request = fineRequest(panel);
  if (request === null) {
    if (panel.failed === "fine") panel.error.value = "";
    panel.fineRequest = null;
    if (panel.fine.peek() !== null) panel.fine.value = null;
    return [];
  }
  const asked = panel.fineRequest !== null && requestToKey(panel.fineRequest) === requestToKey(request);
  if (asked && panel.reloads >= reloads.peek()) return [];
  const held = cache.get(request);
  if (held === undefined) return [{ panel, request, asked: request, target: "fine" }];
  panel.fine.value = held;
  panel.fineRequest = request;
  return [];
}

function fineRequest(panel: PanelModel): TileRequest | null {
  const tile = panel.tile.peek();
  const span = panel.span.peek();
  if (tile === null || span === null || span.start.length === 0) return null;
  const axis = panel.axis.peek();
  const scale = panel.scale.peek();
  const full = panel.fullScale.peek();
  const share = full.valueToShare(scale.hi) - full.valueToShare(scale.lo);
  const closer = tile.level > 0 && axis.hi - axis.lo < span.end[span.end.length - 1]! - span.start[0]!;
  const taller = tile.unit !== null && share < 0.9 && panel.row.expanded.peek();
  if (!closer && !taller) return null;
  const room = (axis.hi - axis.lo) * MARGIN;
  const near = columnsIn(span, axis.lo - room, axis.hi + room);
  if (near === null) return null;
  const base = wholeRequest(panel);
  const rows = base.rows === 0 ? 0 : roundUp((base.rows ?? 256) / Math.max(share, 1e-3), 8, MAX_ROWS);
  return {
    ...base,
    steps: [tile.columns.firstStep[near[0]]!, tile.columns.lastStep[near[1]]!],
    columns: Math.min(8192, 2 * (base.columns ?? 512)),
    rows: taller ? rows : (base.rows ?? 256),
  };
}

async function fly(jobs: readonly Job[]): Promise<void> {
  for (const { panel, target } of jobs) {
    if (target === "tile") panel.revision = index.peek()?.revision ?? "";
  }
  const flight: Flight = { jobs, abort: new AbortController() };
  flights.add(flight);
  fetching.value = true;
  try {
    const tiles = await client.tiles(
      jobs.map((job) => job.asked),
      flight.abort.signal,
    );
    await landAll(jobs, tiles);
  } catch (error) {
    if (!flight.abort.signal.aborted) for (const job of jobs) fail(job, error);
  } finally {
    flights.delete(flight);
  }
  open();
  plan(visible.peek());
  fetching.value = flights.size > 0;
}

/** Row by row, with pauses, so that drawing a batch never holds up the page for long. */
async function landAll(jobs: readonly Job[], tiles: readonly (Tile | TileError)[]): Promise<void> {
  let begun_ms = performance.now();
  for (let at = 0; at < jobs.length; ) {
    let end = at;
    while (end < jobs.length && jobs[end]?.panel.row === jobs[at]?.panel.row) end++;
    landing = true;
    batch(() => {
      for (; at < end; at++) land(jobs[at]!, tiles[at]);
    });
    landing = false;
    if (performance.now() - begun_ms < slice_ms()) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun_ms = performance.now();
  }
}

function land(job: Job, answer: Tile | TileError | undefined): void {
  const { panel, request } = job;
  if (answer === undefined || isTileError(answer)) {
    fail(job, new Error(answer?.error ?? "The server left this panel out."));
    return;
  }
  if (panel.failed === job.target) panel.error.value = "";
  if (job.target === "fine") {
    cache.put(request, answer);
    panel.fine.value = answer;
    panel.fineRequest = request;
    return;
  }
  panel.reloads = reloads.peek();
  const tile = job.asked.since === undefined ? answer : cache.append(request, answer);
  if (tile === null) {
    // The pieces do not fit: the whole is asked for again while the old picture stays.
    panel.request = null;
    cache.remove((held) => held.run === panel.run && held.tag === panel.series.tag);
    return;
  }
  if (job.asked.since === undefined) cache.put(request, tile);
  panel.request = request;
  if (panel.tile.peek()?.revision !== tile.revision) cache.remove((held) => isOutdated(held, tile));
  panel.tile.value = tile;
}

/** Zoomed parts of the same series that were made before its newest records came. */
function isOutdated(held: Tile, tile: Tile): boolean {
  return held.run === tile.run && held.tag === tile.tag && held.revision !== tile.revision;
}

function fail(job: Job, error: unknown): void {
  job.panel.reloads = reloads.peek();
  if (job.target === "fine") job.panel.fineRequest = job.request;
  else job.panel.request = job.request;
  job.panel.failed = job.target;
  job.panel.error.value = error instanceof Error ? error.message : String(error);
}

/** Fetches the tiles of what is wanted, in batches, what is in sight first, and keeps them up to date. */

import { batch, signal } from "@preact/signals";
import type { Tile } from "../math/tile";
import type { Client } from "./client";
import { isTileError } from "./decode";
import type { PanelData, TileSlot } from "./panel_data";
import type { PanelStore } from "./panel_store";
import { requestToKey, TileCache } from "./tile_cache";
import type { TileError, TileRequest } from "./types";

/** What one panel needs. */
export interface Want {
  readonly panel: PanelData;
  /** Panels of one group come in one answer where possible, so that their shared scales are known at once. */
  readonly group: string;
  readonly inSight: boolean;
  /** All steps. */
  readonly whole: TileRequest;
  /** The zoomed part; null where there is nothing sharper. */
  readonly fine: TileRequest | null;
  /** Wall time of the newest record that the server knows of, in seconds since 1970. */
  readonly newestTime: number;
}

export interface Wants {
  /** The most urgent ones first. */
  readonly panels: readonly Want[];
  /** Of the server's index: each is a reason to ask once, as the server may know of steps that it cannot read yet. */
  readonly revision: string;
  /** When this grows, everything is asked for again. */
  readonly reloads: number;
}

/** What the loader asks of, and reports to, whoever uses it. */
export interface LoaderHost {
  /** What is wanted now; null while nothing is to be asked for. */
  wants(): Wants | null;
  /** How long handing out tiles may hold up the page, in ms. */
  slice_ms(): number;
  /** An answer has come, or a request has failed. */
  answered(): void;
  /** All that is in sight is there. */
  settled(): void;
}

interface Job {
  readonly want: Want;
  readonly part: TileSlot;
  readonly request: TileRequest;
  /** What is asked of the server: the request, or only what is new since its held answer. */
  readonly asked: TileRequest;
}

interface Flight {
  readonly jobs: readonly Job[];
  readonly abort: AbortController;
}

/** undefined: the server left it out. */
type Answer = Tile | TileError | undefined;

/** Whole tiles of one request: few enough that the first pictures come soon. */
export const BATCH_TILES = 24;
/** Tiles of which only what is new is asked for: some are drawn while the server makes others. */
export const BATCH_NEWER = 64;

/** Shared files have times in whole milliseconds. */
const SAME_S = 0.002;

/** Zero rows ask for all stored bins, which are more than any other number of rows. */
const ALL_ROWS = 8192;

export class TileLoader {
  /** Whether tiles are under way. */
  readonly busy = signal(false);
  private readonly flights = new Set<Flight>();
  /** While tiles of a flight are handed out nothing is planned; it is when all have been. */
  private landing = false;
  private reloads = 0;

  constructor(
    private readonly client: Client,
    private readonly store: PanelStore,
    private readonly host: LoaderHost,
    private readonly cache: TileCache = new TileCache(),
  ) {}

  /** To be called when something else is wanted, or the server knows of more. */
  update(): void {
    const wants = this.landing ? null : this.host.wants();
    if (wants === null) return;
    this.reloads = wants.reloads;
    const wanted = new Set(wants.panels.map(({ panel }) => panel));
    for (const { jobs, abort } of this.flights) {
      if (!jobs.some(({ want }) => wanted.has(want.panel))) abort.abort();
    }
    const jobs = wants.panels.flatMap((want) => [
      ...this.wholeJobs(want, wants.revision),
      ...this.fineJobs(want),
    ]);
    this.store.release(wanted);
    for (const part of this.due(jobs, wants)) void this.fly(part, wants.revision);
  }

  /** Stops what is under way. */
  abort(): void {
    for (const flight of this.flights) flight.abort.abort();
  }

  /** Batches to be asked for now: what is in sight, and only then the rest. */
  private due(jobs: readonly Job[], { panels }: Wants): readonly Job[][] {
    const underWay = [...this.flights].flatMap((flight) => flight.jobs);
    const busy = new Set(underWay.map(jobKey));
    const seen = new Set(panels.filter((want) => want.inSight).map(({ panel }) => panel));
    const isInSight = ({ want }: Job) => seen.has(want.panel);
    const open = jobs.filter((job) => !busy.has(jobKey(job)));
    const first = open.filter(isInSight);
    // The rest would take its share of the server's and the page's time from what the user waits for.
    const waits = first.length > 0 || underWay.some(isInSight);
    if (!waits) this.host.settled();
    const now = waits ? first : open;
    const isForNewer = ({ asked }: Job) => asked.since !== undefined;
    return [
      ...intoBatches(now.filter(isForNewer), BATCH_NEWER),
      ...intoBatches(
        now.filter((job) => !isForNewer(job)),
        BATCH_TILES,
      ),
    ];
  }

  /** What a panel needs to show its whole series: nothing, all of it, or what is new. */
  private wholeJobs(want: Want, revision: string): readonly Job[] {
    const { panel, whole } = want;
    const { tile: request } = panel.requests;
    const enough = request !== null && suffices(request, whole);
    if (!enough || panel.tile.peek() === null) {
      // What failed is asked for again when the user says so, or reloads.
      if (enough && panel.error.peek() !== "" && panel.reloads >= this.reloads) return [];
      const held = this.cache.get(whole);
      if (held === undefined) return [{ want, part: "tile", request: whole, asked: whole }];
      panel.take("tile", held, whole);
    }
    const current = panel.requests.tile ?? whole;
    if (!this.isOld(want, revision)) return [];
    return [{ want, part: "tile", request: current, asked: this.cache.newerRequest(current) }];
  }

  private isOld({ panel, newestTime }: Want, revision: string): boolean {
    if (panel.reloads < this.reloads) return true;
    // Not by the step: another training in the same directory may have come as far, or less far.
    const held = panel.tile.peek()?.columns.lastWallTime.at(-1) ?? 0;
    return Math.abs(newestTime - held) > SAME_S && panel.revision !== revision;
  }

  /** A sharper tile of the zoomed part, where there is anything sharper. */
  private fineJobs(want: Want): readonly Job[] {
    const { panel, fine } = want;
    if (fine === null) {
      panel.recover("fine");
      panel.take("fine", null, null);
      return [];
    }
    const { fine: request } = panel.requests;
    const asked = request !== null && requestToKey(request) === requestToKey(fine);
    if (asked && panel.reloads >= this.reloads) return [];
    const held = this.cache.get(fine);
    if (held === undefined) return [{ want, part: "fine", request: fine, asked: fine }];
    panel.take("fine", held, fine);
    return [];
  }

  private async fly(jobs: readonly Job[], revision: string): Promise<void> {
    for (const { want, part, asked } of jobs) {
      if (part === "tile") want.panel.revision = revision;
      if (asked.since !== undefined) want.panel.awaited.value = true;
    }
    const flight: Flight = { jobs, abort: new AbortController() };
    this.flights.add(flight);
    this.busy.value = true;
    const { signal } = flight.abort;
    try {
      const asked = jobs.map((job) => job.asked);
      await this.landAll(jobs, await this.client.tiles(asked, signal));
    } catch (error) {
      if (!signal.aborted) for (const job of jobs) this.fail(job, error);
    } finally {
      this.flights.delete(flight);
      for (const { want } of jobs) want.panel.awaited.value = false;
    }
    this.host.answered();
    this.update();
    this.busy.value = this.flights.size > 0;
  }

  /** Some at a time, with pauses, so that it never holds up the page for long. */
  private async landAll(jobs: readonly Job[], answers: readonly Answer[]): Promise<void> {
    let end_ms = performance.now() + this.host.slice_ms();
    const pause = async () => {
      await new Promise((resolve) => setTimeout(resolve));
      end_ms = performance.now() + this.host.slice_ms();
    };
    const tiles: (Answer | null)[] = [];
    // Joined before the first one is handed out: that one moves the time axis, with which all others are drawn.
    for (const [at, job] of jobs.entries()) {
      if (performance.now() > end_ms) await pause();
      tiles.push(this.join(job, answers[at]));
    }
    for (let at = 0; at < jobs.length; await pause()) {
      this.landing = true;
      // At the end of each batch all that depends on all panels looks at all of them.
      batch(() => {
        do for (const end = groupEnd(jobs, at); at < end; at++) this.land(jobs[at]!, tiles[at]);
        while (at < jobs.length && performance.now() < end_ms);
      });
      this.landing = false;
    }
  }

  /** The whole tile that an answer gives; null where it does not fit to the one that is held. */
  private join({ request, asked }: Job, answer: Answer): Answer | null {
    if (answer === undefined || isTileError(answer)) return answer;
    if (asked.since !== undefined) return this.cache.append(request, answer);
    this.cache.put(request, answer);
    return answer;
  }

  private land(job: Job, tile: Answer | null): void {
    const { request, part, want } = job;
    const { panel } = want;
    panel.awaited.value = false;
    if (tile === undefined || (tile !== null && isTileError(tile))) {
      this.fail(job, new Error(tile?.error ?? "The server left this panel out."));
      return;
    }
    panel.recover(part);
    if (part === "tile") panel.reloads = this.reloads;
    if (tile === null) {
      // The whole is asked for again while the old picture stays.
      panel.requests.tile = panel.requests.fine = null;
      this.cache.remove((held) => held.run === panel.run && held.tag === request.tag);
      return;
    }
    if (part === "tile" && panel.tile.peek()?.revision !== tile.revision) {
      this.cache.remove((held) => isOutdated(held, tile));
    }
    panel.take(part, tile, request);
  }

  private fail({ want: { panel }, part, request }: Job, error: unknown): void {
    panel.reloads = this.reloads;
    panel.fail(part, request, error);
  }
}

function jobKey({ want: { panel }, part, request, asked }: Job): string {
  return `${part} ${requestToKey(request)} ${asked.since ?? ""} ${panel.reloads}`;
}

/** Groups stay in one batch. size: of jobs in a batch with more than one group. */
function intoBatches(jobs: readonly Job[], size: number): Job[][] {
  const batches: Job[][] = [];
  let last: Job[] = [];
  for (let at = 0; at < jobs.length; ) {
    const end = groupEnd(jobs, at);
    if (last.length === 0 || last.length + end - at > size) {
      last = [];
      batches.push(last);
    }
    last.push(...jobs.slice(at, end));
    at = end;
  }
  return batches;
}

/** Where the group of the job at `at` ends. */
function groupEnd(jobs: readonly Job[], at: number): number {
  let end = at;
  while (end < jobs.length && jobs[end]?.want.group === jobs[at]?.want.group) end++;
  return end;
}

function suffices(held: TileRequest, wanted: TileRequest): boolean {
  const rows = (request: TileRequest) => (request.rows === 0 ? ALL_ROWS : (request.rows ?? 0));
  return (held.columns ?? 0) >= (wanted.columns ?? 0) && rows(held) >= rows(wanted);
}

/** Zoomed parts of the same series that were made before its newest records came. */
function isOutdated(held: Tile, tile: Tile): boolean {
  return held.run === tile.run && held.tag === tile.tag && held.revision !== tile.revision;
}

/** Requests to the plugin's routes, relative to the page, so that any path prefix works. */

import type { Tile } from "../math/tile";
import {
  BOARD_SHAPE,
  COMPARISON_SHAPE,
  FINDINGS_SHAPE,
  fitShape,
  INDEX_SHAPE,
  SCALARS_SHAPE,
  SLICES_SHAPE,
  SWEEP_SHAPE,
} from "./answer_shape";
import { checkVersion, decodeTiles } from "./decode";
import {
  API_VERSION,
  type Board,
  type BoardRequest,
  type Comparison,
  type ExportRequest,
  type Findings,
  type Index,
  type ScalarSeries,
  type Slices,
  type Sweep,
  type TileError,
  type TileRequest,
  type Unchanged,
} from "./types";

/** Tiles that the server gives in one answer. */
export const MOST_TILES = 256;
const IN_FLIGHT = 2;
const RETRY_AFTER_MS = 300;

/** A request failed; the message is the server's own sentence where it gave one. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  /** status: of HTTP; 0 when no answer came. */
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** What may be put in place of the browser's, in tests. */
export interface Transport {
  /** URL that routes are relative to; TensorBoard's entry page sets it to data/plugin/<name>/. */
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly wait: (delay_ms: number) => Promise<void>;
}

type Batch = { readonly run: () => Promise<void> };

export class Client {
  private readonly waiting: Batch[] = [];
  private running = 0;

  constructor(private readonly transport: Transport = browserTransport()) {}

  /** What can be shown; null when nothing changed since the revision `known`. */
  async index(known?: string, signal?: AbortSignal): Promise<Index | null> {
    const query = known === undefined ? "" : `?known=${encodeURIComponent(known)}`;
    const answer = await this.json<Index | Unchanged>(`index${query}`, INDEX_SHAPE, signal);
    return "unchanged" in answer ? null : answer;
  }

  /**
   * Tiles in the order asked; at most two requests are under way. Aborting the signal rejects with its reason and
   * frees the line.
   */
  async tiles(requests: readonly TileRequest[], signal?: AbortSignal): Promise<(Tile | TileError)[]> {
    const batches: Promise<(Tile | TileError)[]>[] = [];
    for (let at = 0; at < requests.length; at += MOST_TILES) {
      const batch = requests.slice(at, at + MOST_TILES);
      batches.push(
        this.queued(async () => {
          signal?.throwIfAborted();
          return this.batch(batch, signal);
        }),
      );
    }
    return (await Promise.all(batches)).flat();
  }

  /** A scalar of a run, for drawing above the heatmaps. */
  async scalars(run: string, tag: string, signal?: AbortSignal): Promise<ScalarSeries> {
    return this.json(`scalars?${new URLSearchParams({ run, tag })}`, SCALARS_SHAPE, signal);
  }

  /** A statistic of the slices of a split layer, over the steps. */
  async slices(
    query: Record<"run" | "tag" | "statistic" | "sort", string>,
    signal?: AbortSignal,
  ): Promise<Slices> {
    return this.json(`slices?${new URLSearchParams(query)}`, SLICES_SHAPE, signal);
  }

  /**
   * Findings of all runs; ask again while `pending` is above 0.
   * first: runs that are looked at before the others, and compared with the baseline ("" for none).
   */
  async findings(first: readonly string[], baseline: string, signal?: AbortSignal): Promise<Findings> {
    const query = new URLSearchParams(first.map((run) => ["first", run]));
    if (baseline) query.set("baseline", baseline);
    return this.json(`findings?${query}`, FINDINGS_SHAPE, signal);
  }

  /** What tells the runs from one another. */
  async sweep(signal?: AbortSignal): Promise<Sweep> {
    return this.json("sweep", SWEEP_SHAPE, signal);
  }

  /** Cells of a board; ask again for those that are missing while `pending` is above 0. */
  async board(request: BoardRequest, signal?: AbortSignal): Promise<Board> {
    return this.json("board", BOARD_SHAPE, signal, post(request));
  }

  /** Where run `b` parts from run `a`. */
  async comparison(
    a: string,
    b: string,
    mode: Comparison["mode"],
    signal?: AbortSignal,
  ): Promise<Comparison> {
    return this.json(`comparison?${new URLSearchParams({ a, b, mode })}`, COMPARISON_SHAPE, signal);
  }

  /** Address of a file with the exact stored counts of one series. */
  exportUrl(request: ExportRequest): string {
    const query = new URLSearchParams(Object.entries(request).map(([name, value]) => [name, String(value)]));
    return this.url(`export?${query}`);
  }

  private async batch(tiles: readonly TileRequest[], signal?: AbortSignal): Promise<(Tile | TileError)[]> {
    const answer = await this.request("tiles", post({ tiles }), signal);
    const decoded = decodeTiles(await answer.arrayBuffer());
    if (decoded.length === tiles.length) return decoded;
    throw new RequestError(
      `Asked for ${tiles.length} tiles, but got ${decoded.length}; reload the page.`,
      200,
    );
  }

  /** Any answer of the server that is JSON, made to fit a shape of answer_shape.ts. */
  async json<Answer extends { readonly version: number }>(
    path: string,
    shape: object,
    signal?: AbortSignal,
    init: RequestInit = {},
  ): Promise<Answer> {
    const answer = fitShape(await (await this.request(path, init, signal)).json(), shape) as Answer;
    checkVersion(answer.version, API_VERSION);
    return answer;
  }

  /** One request, tried a second time when the server was not reached or failed (5xx). */
  private async request(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const first = await this.attempt(path, init, signal);
    if (first instanceof Response) return first;
    if (first.status !== 0 && first.status < 500) throw first;
    await this.transport.wait(RETRY_AFTER_MS);
    signal?.throwIfAborted();
    const second = await this.attempt(path, init, signal);
    if (second instanceof Response) return second;
    throw second;
  }

  private async attempt(
    path: string,
    init: RequestInit,
    signal?: AbortSignal,
  ): Promise<Response | RequestError> {
    try {
      const answer = await this.transport.fetch(
        this.url(path),
        signal === undefined ? init : { ...init, signal },
      );
      if (answer.ok) return answer;
      const text = (await answer.text()).trim();
      return new RequestError(errorText(answer, text), answer.status);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      return new RequestError(`TensorBoard did not answer (${reason}); is it still running?`, 0);
    }
  }

  /** Run work when fewer than two others run. */
  private queued<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ run: () => work().then(resolve, reject) });
      this.next();
    });
  }

  private next(): void {
    while (this.running < IN_FLIGHT) {
      const batch = this.waiting.shift();
      if (batch === undefined) return;
      this.running++;
      void batch.run().finally(() => {
        this.running--;
        this.next();
      });
    }
  }

  private url(path: string): string {
    return new URL(path, this.transport.base).href;
  }
}

function post(content: object): RequestInit {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", body: JSON.stringify(content), headers };
}

function browserTransport(): Transport {
  return {
    base: document.baseURI,
    fetch: (input, init) => fetch(input, init),
    wait: (delay_ms) => new Promise((resolve) => setTimeout(resolve, delay_ms)),
  };
}

/** An HTML error page of a proxy is no sentence to show. */
function errorText(answer: Response, text: string): string {
  const plain = answer.headers.get("Content-Type")?.startsWith("text/plain") ?? false;
  return plain && text !== "" ? text : `TensorBoard answered ${answer.status} ${answer.statusText}`.trim();
}

/** What a page without a server asks: its own file. Takes the place of series/page_client.ts in that build. */

import type { Tile } from "../math/tile";
import { Client, type Transport } from "../series/client";
import type { TileError, TileRequest } from "../series/types";
import { NotShared, SharedAnswers } from "./answers";
import { unpackTile } from "./packed_tile";
import { readPart } from "./parts";
import { reslice } from "./reslice";
import type { SharedData } from "./shared_data";

/** Where routes seem to lie; nothing is ever asked there. */
const BASE = "shared://file/";
const HELD_TILES = 200;

/** Read once, when it is first asked for. */
export class SharedFile {
  private read: Promise<SharedData> | null = null;

  constructor(readonly readPart: (name: string) => Promise<ArrayBuffer>) {}

  get data(): Promise<SharedData> {
    this.read ??= this.json("answers") as Promise<SharedData>;
    return this.read;
  }

  async json(name: string): Promise<unknown> {
    return JSON.parse(new TextDecoder().decode(await this.readPart(name)));
  }
}

export class SharedClient extends Client {
  /** Those used last, unpacked. */
  private readonly held = new Map<string, Promise<Tile>>();
  /** Settles when all that was asked for before is there. */
  private line: Promise<unknown> = Promise.resolve();

  constructor(private readonly file: SharedFile) {
    super(fileTransport(file));
  }

  /** One call after the other: the first pictures would wait for all others where they are made side by side. */
  override tiles(requests: readonly TileRequest[], signal?: AbortSignal): Promise<(Tile | TileError)[]> {
    const answer = this.line.then(async () => {
      signal?.throwIfAborted();
      return Promise.all(requests.map((request) => this.tile(request)));
    });
    this.line = answer.catch(() => null).then(drawn);
    return answer;
  }

  private async tile(request: TileRequest): Promise<Tile | TileError> {
    const { run, tag, source = "blocks" } = request;
    const data = await this.file.data;
    const found = data.tiles.find((each) => each.run === run && each.tag === tag && each.source === source);
    if (found === undefined)
      return { run, tag, source, error: "This layer is not in the shared file.", status: 404 };
    return reslice(await this.hold(found.part), request);
  }

  private hold(part: string): Promise<Tile> {
    const tile = this.held.get(part) ?? this.unpack(part);
    this.held.delete(part);
    this.held.set(part, tile);
    const oldest = this.held.keys().next().value;
    if (this.held.size > HELD_TILES && oldest !== undefined) this.held.delete(oldest);
    return tile;
  }

  private async unpack(part: string): Promise<Tile> {
    return unpackTile(await this.file.readPart(part), (await this.file.data).axes);
  }
}

/** The page has time to draw what it was given. */
function drawn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function fileTransport(file: SharedFile): Transport {
  const answers = file.data.then((data) => new SharedAnswers(data, (name) => file.json(name)));
  return {
    base: BASE,
    fetch: async (address, init) => {
      const { pathname, searchParams } = new URL(String(address));
      const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : null;
      try {
        return Response.json(await (await answers).answer(pathname.slice(1), searchParams, body));
      } catch (error) {
        if (!(error instanceof NotShared)) throw error;
        return new Response(error.message, { status: 404, headers: { "Content-Type": "text/plain" } });
      }
    },
    wait: (delay_ms) => new Promise((resolve) => setTimeout(resolve, delay_ms)),
  };
}

export const file = new SharedFile(readPart);
export const client = new SharedClient(file);
export const canShare = false;

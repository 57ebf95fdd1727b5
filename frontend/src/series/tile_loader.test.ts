import { effect } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import type { Tile } from "../math/tile";
import { madeTile } from "../math/tile_fixture";
import { askedTiles, type Call, FakeServer, tilesToResponse } from "./fake_server";
import type { PanelData } from "./panel_data";
import { PanelStore } from "./panel_store";
import { requestToKey, TileCache } from "./tile_cache";
import { BATCH_NEWER, BATCH_TILES, TileLoader, type Want, type Wants } from "./tile_loader";
import type { TileRequest } from "./types";

const STEPS = 4;
/** Wall time of step 0 of made tiles. */
const BEGIN_S = 1000;
const PLAIN = { "Content-Type": "text/plain" };

let server: FakeServer;
let store: PanelStore;
let loader: TileLoader;
let wants: { panels: Want[]; revision: string; reloads: number } | null;
let settled: number;

/** A loader over a server without calls; what is wanted is set by each test. */
function start(mostHeld = 500): void {
  server = new FakeServer();
  store = new PanelStore(mostHeld);
  wants = { panels: [], revision: "1", reloads: 0 };
  settled = 0;
  const host = {
    wants: (): Wants | null => wants,
    slice_ms: () => 1000,
    answered() {},
    settled() {
      settled++;
    },
  };
  loader = new TileLoader(server.client, store, host, new TileCache());
}

beforeEach(() => start());

function requestOf(tag: string, run = "a"): TileRequest {
  return { run, tag, source: "blocks", columns: 64, rows: 32 };
}

function want(tag: string, options: Partial<Want> = {}): Want {
  const run = options.panel?.run ?? "a";
  const panel = store.panel(run, tag);
  const usual = { group: tag, inSight: true, fine: null, newestTime: BEGIN_S + STEPS - 1 };
  return { panel, whole: requestOf(tag, run), ...usual, ...options };
}

function ask(...panels: Want[]): void {
  wants!.panels = panels;
  loader.update();
}

function tileFor({ run, tag }: TileRequest, made: Partial<Tile> = {}, steps = STEPS): Tile {
  const counts = [Array.from({ length: steps }, (_, step) => step + 1)];
  return madeTile({ edges: [0, 1], counts, tile: { run, tag, ...made } });
}

/** Answers all that a call asks for, and waits until it has been taken in. */
async function serve(call: Call, made: Partial<Tile> = {}, steps = STEPS): Promise<void> {
  call.answer(tilesToResponse(askedTiles(call).map((request) => tileFor(request, made, steps))));
  await landed();
}

async function landed(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
}

function tags(call: Call): string[] {
  return askedTiles(call).map(({ tag }) => tag);
}

describe("what is asked", () => {
  it("is what is in sight first, and what is beyond the edge when that is there", async () => {
    ask(want("far", { inSight: false }), want("near"));
    expect(server.calls.map(tags)).toEqual([["near"]]);
    expect(settled).toBe(0);
    await serve(server.calls[0]!);
    expect(server.calls.map(tags)).toEqual([["near"], ["far"]]);
    expect(settled).toBe(1);
  });

  it("is asked once while it is under way", async () => {
    const one = want("one");
    ask(one);
    loader.update();
    expect(server.calls.length).toBe(1);
    expect(loader.busy.value).toBe(true);
    await serve(server.calls[0]!);
    loader.update();
    expect(server.calls.length).toBe(1);
    expect(loader.busy.value).toBe(false);
  });

  it("keeps panels of a layer in one batch", async () => {
    const layer = (name: string) =>
      ["a", "b", "c"].map((run) => want(name, { panel: store.panel(run, name), group: name }));
    const layers = Array.from({ length: 1 + Math.floor(BATCH_TILES / 3) }, (_, at) => layer(`layer${at}`));
    ask(...layers.slice(0, -1).flat(), want("alone"), ...layers.at(-1)!);
    const batches = server.calls.map(tags);
    expect(batches.map((batch) => batch.length)).toEqual([BATCH_TILES, 4]);
    expect(batches[1]![0]).toBe("alone");
  });

  it("is nothing while nobody wants anything", () => {
    wants = null;
    loader.update();
    expect(server.calls.length).toBe(0);
  });

  it("is stopped when nobody wants it any more", async () => {
    ask(want("left"));
    ask(want("came"));
    expect(server.calls[0]!.init.signal!.aborted).toBe(true);
    await landed();
    expect(store.find("a\nleft")!.error.value).toBe("");
    expect(tags(server.calls[1]!)).toEqual(["came"]);
    loader.abort();
    expect(server.calls[1]!.init.signal!.aborted).toBe(true);
  });
});

describe("a tile that has come", () => {
  it("is shown, and taken from the cache when its panel comes back", async () => {
    start(1);
    ask(want("one"));
    await serve(server.calls[0]!);
    const tile = store.find("a\none")!.tile.value;
    expect(tile!.tag).toBe("one");
    ask(want("other"));
    expect(store.find("a\none")).toBeUndefined();
    ask(want("one"));
    expect(store.find("a\none")!.tile.value).toBe(tile);
  });

  it("is good enough for fewer columns and rows, not for more", async () => {
    const panel = store.panel("a", "one");
    ask(want("one"));
    await serve(server.calls[0]!);
    ask(want("one", { whole: { ...requestOf("one"), columns: 32 } }));
    expect(server.calls.length).toBe(1);
    ask(want("one", { whole: { ...requestOf("one"), rows: 0 } }));
    expect(askedTiles(server.calls[1]!)[0]!.rows).toBe(0);
    // The old picture stays until the sharper one is there.
    expect(panel.tile.value).not.toBeNull();
  });
});

describe("newer records", () => {
  const grown = (): Want => want("one", { newestTime: BEGIN_S + STEPS + 1 });

  async function first(): Promise<PanelData> {
    ask(want("one"));
    await serve(server.calls[0]!, { revision: "r1" });
    wants!.revision = "2";
    return store.find("a\none")!;
  }

  it("are appended to what is held", async () => {
    const panel = await first();
    ask(grown());
    expect(askedTiles(server.calls[1]!)[0]!.since).toBe(STEPS - 1);
    const counts = [[STEPS, 7, 8]];
    const newer = madeTile({
      edges: [0, 1],
      counts,
      steps: [STEPS - 1, STEPS, STEPS + 1],
      tile: { run: "a", tag: "one", revision: "r2", records: STEPS + 2, firstColumn: STEPS - 1 },
    });
    server.calls[1]!.answer(tilesToResponse([newer]));
    await landed();
    expect(Array.from(panel.tile.value!.counts)).toEqual([1, 2, 3, 4, 7, 8]);
    expect(panel.tile.value!.revision).toBe("r2");
  });

  it("of all layers are handed out together, as the first ones move the time axis of all", async () => {
    const tags = ["one", "two", "three"];
    ask(...tags.map((tag) => want(tag)));
    for (const call of server.calls.slice()) await serve(call, { revision: "r1" });
    wants!.revision = "2";
    const asked = server.calls.length;
    const panels = tags.map((tag) => store.find(`a\n${tag}`)!);
    const seen = new Set<string>();
    const stop = effect(() => void seen.add(panels.map(({ tile }) => tile.value!.revision).join(" ")));
    ask(...tags.map((tag) => want(tag, { newestTime: BEGIN_S + STEPS + 1 })));
    expect(server.calls.length).toBe(asked + 1);
    const newer = tags.map((tag) =>
      tileFor(requestOf(tag), { revision: "r2", firstColumn: STEPS, records: STEPS + 1 }, 1),
    );
    server.calls[asked]!.answer(tilesToResponse(newer));
    await landed();
    stop();
    expect([...seen]).toEqual(["r1 r1 r1", "r2 r2 r2"]);
  });

  it("of many are asked for in parts, and their panels wait until each part is there", async () => {
    const tags = Array.from({ length: BATCH_NEWER + 1 }, (_, at) => `layer${at}`);
    ask(...tags.map((tag) => want(tag)));
    for (let at = 0; at < Math.ceil(tags.length / BATCH_TILES); at++)
      await serve(await server.call(at), { revision: "r1" });
    wants!.revision = "2";
    const asked = server.calls.length;
    const panels = tags.map((tag) => store.find(`a\n${tag}`)!);
    const waiting = () => panels.filter(({ awaited }) => awaited.value).length;
    ask(...tags.map((tag) => want(tag, { newestTime: BEGIN_S + STEPS + 1 })));
    const [many, one] = server.calls.slice(asked);
    expect([many!, one!].map((call) => askedTiles(call).length)).toEqual([BATCH_NEWER, 1]);
    expect(waiting()).toBe(BATCH_NEWER + 1);
    await serve(many!, { revision: "r2", firstColumn: STEPS, records: STEPS + 1 }, 1);
    expect(waiting()).toBe(1);
    one!.answer(new Response("Too much.", { status: 400, headers: PLAIN }));
    await landed();
    expect(waiting()).toBe(0);
  });

  it("are asked for once a revision, as the server may be unable to read them yet", async () => {
    await first();
    ask(grown());
    const unchanged = tileFor(requestOf("one"), { revision: "r1", firstColumn: STEPS }, 0);
    server.calls[1]!.answer(tilesToResponse([{ ...unchanged, records: STEPS }]));
    await landed();
    loader.update();
    expect(server.calls.length).toBe(2);
    wants!.revision = "3";
    loader.update();
    expect(server.calls.length).toBe(3);
  });

  it("that do not fit are a reason to ask for the whole, while the old picture stays", async () => {
    const panel = await first();
    const old = panel.tile.value;
    ask(grown());
    const pooled = tileFor(requestOf("one"), { unit: 3, revision: "r2", records: 99 });
    server.calls[1]!.answer(tilesToResponse([pooled]));
    await landed();
    expect(panel.tile.value).toBe(old);
    expect(askedTiles(server.calls[2]!)[0]).toEqual(requestOf("one"));
    await serve(server.calls[2]!, { revision: "r3", lastStep: STEPS + 1 });
    expect(panel.tile.value!.revision).toBe("r3");
  });

  it("of another training in the same directory replace the picture, whether it has come further, less far or as far", async () => {
    const panel = await first();
    const fine: TileRequest = { ...requestOf("one"), steps: [0, 1], columns: 128 };
    ask(want("one", { fine }));
    await serve(server.calls[1]!, { revision: "r1" });
    // Its first records, while the page shows more.
    wants!.revision = "2";
    ask(want("one", { fine, newestTime: 3000 }));
    expect(askedTiles(server.calls[2]!)[0]!.since).toBe(STEPS - 1);
    await serve(server.calls[2]!, { revision: "r2", records: 1 }, 0);
    const anew = askedTiles(server.calls[3]!);
    expect(anew.map(({ steps, since }) => [steps, since])).toEqual([
      [undefined, undefined],
      [[0, 1], undefined],
    ]);
    await serve(server.calls[3]!, { revision: "r2" }, 1);
    expect([panel.tile.value!.columns.length, panel.fine.value!.revision]).toEqual([1, "r2"]);
    // A third one, seen when it has gone further: the record that both have was made at another time.
    wants!.revision = "3";
    ask(want("one", { newestTime: 5001 }));
    expect(askedTiles(server.calls[4]!)[0]!.since).toBe(0);
    const wallTimes = Float64Array.of(5000, 5001);
    const later = { firstWallTime: wallTimes, lastWallTime: wallTimes };
    const third = { edges: [0, 1], counts: [[7, 8]], tile: { run: "a", tag: "one", revision: "r3" } };
    server.calls[4]!.answer(tilesToResponse([madeTile({ ...third, columns: later })]));
    await landed();
    expect(askedTiles(server.calls[5]!)[0]!.since).toBeUndefined();
    // A fourth one has as many steps as what is shown.
    await serve(server.calls[5]!, { revision: "r3" }, 1);
    wants!.revision = "4";
    ask(want("one", { newestTime: 7000 }));
    expect(askedTiles(server.calls[6]!)[0]!.since).toBe(0);
  });

  it("in place of others with the same steps and times replace the whole picture", async () => {
    const panel = await first();
    wants!.reloads = 1;
    loader.update();
    expect(askedTiles(server.calls[1]!)[0]!.since).toBe(STEPS - 1);
    const other = { edges: [0, 1], counts: [[9]], steps: [STEPS - 1] };
    const tile = { run: "a", tag: "one", revision: "r2", records: STEPS, firstColumn: STEPS - 1 };
    server.calls[1]!.answer(tilesToResponse([madeTile({ ...other, tile })]));
    await landed();
    expect(askedTiles(server.calls[2]!)[0]).toEqual(requestOf("one"));
    await serve(server.calls[2]!, { revision: "r2" });
    expect(panel.tile.value!.revision).toBe("r2");
  });

  it("make zoomed parts outdated", async () => {
    const fine: TileRequest = { ...requestOf("one"), steps: [0, 1], columns: 128 };
    ask(want("one", { fine }));
    await serve(server.calls[0]!, { revision: "r1" });
    const panel = store.find("a\none")!;
    expect(panel.fine.value!.revision).toBe("r1");
    wants!.reloads = 1;
    loader.update();
    const calls = server.calls.slice(1);
    expect(calls.flatMap(askedTiles).map(({ since }) => since)).toEqual([STEPS - 1]);
    await serve(calls[0]!, { revision: "r2", firstColumn: STEPS, records: STEPS + 1 }, 1);
    ask(want("one"));
    ask(want("one", { fine }));
    expect(askedTiles(server.calls.at(-1)!)[0]!.steps).toEqual([0, 1]);
  });
});

describe("a failure", () => {
  it("is told on its panel, and asked again only on a reload", async () => {
    const panel = want("one").panel;
    ask(want("one"));
    server.calls[0]!.answer(new Response("No such run.", { status: 404, headers: PLAIN }));
    await landed();
    expect(panel.error.value).toBe("No such run.");
    loader.update();
    expect(server.calls.length).toBe(1);
    wants!.reloads++;
    loader.update();
    await serve(await server.call(1));
    expect(panel.error.value).toBe("");
    expect(panel.tile.value).not.toBeNull();
  });

  it("of one panel leaves the others of its answer as they are", async () => {
    ask(want("one"), want("two"));
    const [, two] = askedTiles(server.calls[0]!);
    const gone = { run: "a", tag: "one", source: "blocks" as const, error: "gone", status: 404 };
    server.calls[0]!.answer(tilesToResponse([gone, tileFor(two!)]));
    await landed();
    expect(store.find("a\none")!.error.value).toBe("gone");
    expect(store.find("a\ntwo")!.tile.value!.tag).toBe("two");
  });

  it("of the zoomed part is taken back when that is no longer wanted", async () => {
    const fine: TileRequest = { ...requestOf("one"), steps: [0, 1] };
    ask(want("one"));
    await serve(server.calls[0]!);
    ask(want("one", { fine }));
    server.calls[1]!.answer(new Response("Too much.", { status: 400, headers: PLAIN }));
    await landed();
    const panel = store.find("a\none")!;
    expect([panel.failed, panel.error.value]).toEqual(["fine", "Too much."]);
    ask(want("one"));
    expect(panel.error.value).toBe("");
  });
});

describe("what is held", () => {
  it("is at most so many panels, beside what is wanted", async () => {
    start(3);
    for (let at = 0; at < 8; at++) {
      ask(want(`layer${at}`));
      await serve(server.calls[at]!);
    }
    expect([...store.all()].map(({ seriesId }) => seriesId)).toEqual(["layer5", "layer6", "layer7"]);
    ask(...Array.from({ length: 5 }, (_, at) => want(`layer${at}`)));
    expect([...store.all()].length).toBe(5);
  });

  it("loses its tiles with the panel, and says that panels went", async () => {
    start(1);
    ask(want("one"));
    await serve(server.calls[0]!);
    const { panel } = wants!.panels[0]!;
    const before = store.version.value;
    ask(want("two"));
    expect([panel.tile.value, panel.requests.tile]).toEqual([null, null]);
    await landed();
    expect(store.version.value).toBeGreaterThan(before);
  });
});

it("requests differ by what they show alone", () => {
  expect(requestToKey({ ...requestOf("one"), since: 3 })).toBe(requestToKey(requestOf("one")));
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MOST_TILES } from "./client";
import { askedTiles, type Call, FakeServer, tilesToResponse } from "./fake_server";
import type { TileRequest } from "./types";

function requests(count: number): TileRequest[] {
  return Array.from({ length: count }, (_, i) => ({ run: "r", tag: `t${i}`, source: "blocks" as const }));
}

/** An answer with one error entry per asked tile. */
function answerTo(call: Call): Response {
  const errors = askedTiles(call).map(({ run, tag, source = "blocks" }) => ({
    run,
    tag,
    source,
    error: "gone",
    status: 404,
  }));
  return tilesToResponse(errors);
}

const plain = { "Content-Type": "text/plain; charset=utf-8" };

describe("Client", () => {
  it("asks relative to the page and knows when nothing changed", async () => {
    const server = new FakeServer();
    const index = server.client.index("a/b");
    const call = await server.call(0);
    expect(call.url).toBe("http://localhost:6006/prefix/data/plugin/activation_hist/index?known=a%2Fb");
    call.answer(Response.json({ version: 1, revision: "a/b", unchanged: true }));
    expect(await index).toBeNull();
  });

  it("refuses another version of the index", async () => {
    const server = new FakeServer();
    const index = server.client.index();
    (await server.call(0)).answer(
      Response.json({ version: 9, revision: "x", runs: [], series: [], warnings: [], replaced: 0 }),
    );
    await expect(index).rejects.toThrow("server speaks version 9");
  });

  it("asks for as many tiles as the server gives, by two requests at a time, and keeps their order", async () => {
    const server = new FakeServer();
    const all = server.client.tiles(requests(3 * MOST_TILES + 5));
    await server.call(1);
    expect(server.calls.length).toBe(2);
    server.calls[1]!.answer(answerTo(server.calls[1]!));
    (await server.call(2)).answer(answerTo(await server.call(2)));
    (await server.call(3)).answer(answerTo(await server.call(3)));
    server.calls[0]!.answer(answerTo(server.calls[0]!));
    const tags = (await all).map((tile) => tile.tag);
    expect(tags).toEqual(requests(3 * MOST_TILES + 5).map((request) => request.tag));
  });

  it("decodes what the server sends", async () => {
    const server = new FakeServer();
    const tiles = server.client.tiles(requests(1));
    const golden = readFileSync(new URL("../../../tests/golden/tiles_linear.bin", import.meta.url));
    (await server.call(0)).answer(new Response(new Uint8Array(golden)));
    expect((await tiles)[0]).toMatchObject({ run: "a b", level: 1 });
  });

  it("frees the line when aborted", async () => {
    const server = new FakeServer();
    const stop = new AbortController();
    const aborted = server.client.tiles(requests(3 * MOST_TILES), stop.signal);
    await server.call(1);
    const later = server.client.tiles(requests(1));
    stop.abort();
    await expect(aborted).rejects.toThrow(/abort/i);
    const call = await server.call(2);
    expect(JSON.parse(String(call.init.body))).toEqual({ tiles: requests(1) });
    call.answer(answerTo(call));
    expect((await later).length).toBe(1);
  });

  it("tries once more when the server fails, and then says what it said", async () => {
    const server = new FakeServer();
    const findings = server.client.findings(["a", "b c"], "b c");
    const call = await server.call(0);
    expect(call.url).toMatch(/findings\?first=a&first=b\+c&baseline=b\+c$/);
    call.answer(new Response("The page's files are missing.", { status: 503, headers: plain }));
    (await server.call(1)).answer(new Response("Still missing.", { status: 503, headers: plain }));
    await expect(findings).rejects.toMatchObject({ message: "Still missing.", status: 503 });
    expect(server.waits.length).toBe(1);
  });

  it("does not repeat what the server refuses", async () => {
    const server = new FakeServer();
    const scalars = server.client.scalars("a b", "loss");
    const call = await server.call(0);
    expect(call.url).toMatch(/scalars\?run=a\+b&tag=loss$/);
    call.answer(new Response("Run 'a b' has no scalar 'loss'.", { status: 404, headers: plain }));
    await expect(scalars).rejects.toMatchObject({ message: "Run 'a b' has no scalar 'loss'.", status: 404 });
    expect(server.calls.length).toBe(1);
  });

  it("does not show a proxy's error page, nor hide that nobody answered", async () => {
    const server = new FakeServer();
    const index = server.client.index();
    (await server.call(0)).fail(new TypeError("Failed to fetch"));
    const html = { status: 502, statusText: "Bad Gateway", headers: { "Content-Type": "text/html" } };
    (await server.call(1)).answer(new Response("<html>nginx</html>", html));
    await expect(index).rejects.toMatchObject({
      message: "TensorBoard answered 502 Bad Gateway",
      status: 502,
    });
    const again = server.client.index();
    for (const i of [2, 3]) (await server.call(i)).fail(new TypeError("Failed to fetch"));
    await expect(again).rejects.toThrow("is it still running?");
  });

  it("makes addresses of files", () => {
    const url = new FakeServer().client.exportUrl({
      run: "ü/1",
      tag: "activations/conv1",
      source: "blocks",
      format: "csv",
      steps: [0, 99],
    });
    expect(url).toMatch(
      /export\?run=%C3%BC%2F1&tag=activations%2Fconv1&source=blocks&format=csv&steps=0%2C99$/,
    );
  });
});

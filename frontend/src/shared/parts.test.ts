import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { unpack } from "./parts";

test("a part is base64 of gzip, and may hold any bytes", async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
  const text = gzipSync(bytes).toString("base64");
  expect(new Uint8Array(await unpack(text))).toEqual(bytes);
});

test("a part that is cut off is no part", async () => {
  const text = gzipSync(Uint8Array.from({ length: 5000 }, Math.random)).toString("base64");
  await expect(unpack(text.slice(0, 40))).rejects.toThrow();
});

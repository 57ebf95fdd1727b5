import { expect, test } from "vitest";
import type { Profile } from "../series/types";
import { cutProfile, NotShared, poolProfile, SharedAnswers } from "./answers";
import type { SharedData } from "./shared_data";

const NAMES = ["__proto__", '</script><img src=x onerror="alert(1)">'];

const PROFILE = {
  version: 1,
  run: NAMES[0]!,
  kind: "activations",
  phase: "train",
  columns: [
    {
      first_steps: [0, 10, 20],
      last_steps: [9, 19, 24],
      first_wall_times: [1, 2, 3],
      last_wall_times: [1.5, 2.5, 3.5],
      records: [10, 10, 5],
    },
  ],
  layers: [{ tag: "t", columns: 0, figures: { rms: [1, 2, null], zeros: [0, 0.5, 1] } }],
  marks: [],
} as unknown as Profile;

const finding = (title: string) => ({ title });
const DATA = {
  index: {
    version: 1,
    revision: "shared",
    runs: NAMES.map((name) => ({ name })),
    series: [
      { tag: "t", source: "blocks" },
      { tag: "u", source: "blocks" },
    ],
    warnings: [],
    replaced: 0,
  },
  findings: {
    findings: [finding("one")],
    errors: ["no"],
    differences: [{ baseline: NAMES[1], findings: [finding("differs")] }],
  },
  sweep: { version: 1, runs: [] },
  board: {
    shares: [0.5],
    cells: [
      { run: 0, series: 0, quantiles: "a" },
      { run: 1, series: 1, quantiles: "b" },
      { run: 0, series: 1, quantiles: "c" },
    ],
  },
  scalars: [{ run: NAMES[1], tag: "loss", values: [1] }],
  comparisons: [{ a: NAMES[0], b: NAMES[1], mode: "exact" }],
  profiles: [{ run: NAMES[0], kind: "activations", phase: "train", figures: "sizes", part: "7" }],
} as unknown as SharedData;

function answer(route: string, query: Record<string, string> = {}, body: unknown = null): Promise<object> {
  const readPart = async (name: string) => (name === "7" ? PROFILE : null);
  return new SharedAnswers(DATA, readPart).answer(route, new URLSearchParams(query), body);
}

test("the index stays as it is", async () => {
  expect(await answer("index")).toBe(DATA.index);
  expect(await answer("index", { known: "shared" })).toEqual({
    version: 1,
    revision: "shared",
    unchanged: true,
  });
});

test("findings come at once, with those against the baseline that is asked for", async () => {
  const alone = { findings: [finding("one")], pending: 0, runs: 2, errors: ["no"] };
  expect(await answer("findings", { first: NAMES[0]! })).toMatchObject(alone);
  const both = [finding("one"), finding("differs")];
  expect(await answer("findings", { baseline: NAMES[1]! })).toMatchObject({ findings: both });
});

test("cells of a board are found by name, and placed as asked", async () => {
  const board = await answer("board", {}, { runs: [NAMES[1], NAMES[0]], series: [{ tag: "u" }], columns: 9 });
  expect(board).toMatchObject({
    pending: 0,
    cells: [
      { run: 0, series: 0, quantiles: "b" },
      { run: 1, series: 0, quantiles: "c" },
    ],
  });
});

test("what is not in the file is refused with a sentence", async () => {
  expect(await answer("scalars", { run: NAMES[1]!, tag: "loss" })).toMatchObject({ values: [1] });
  await expect(answer("scalars", { run: NAMES[0]!, tag: "loss" })).rejects.toThrow(NotShared);
  expect(await answer("comparison", { a: NAMES[0]!, b: NAMES[1]!, mode: "exact" })).toBe(DATA.comparisons[0]);
  await expect(answer("comparison", { a: NAMES[0]!, b: NAMES[1]!, mode: "mass" })).rejects.toThrow(/compare/);
  await expect(answer("slices", {})).rejects.toThrow("TensorBoard shows it");
});

test("a profile of some steps, and of all of them as one column", async () => {
  const query = { run: NAMES[0]!, kind: "activations", figures: "sizes" };
  expect(await answer("profile", query)).toBe(PROFILE);
  const part = (await answer("profile", { ...query, steps: "12,19", pooled: "0" })) as Profile;
  expect(part).toEqual(cutProfile(PROFILE, 12, 19));
  expect(part.columns[0]).toMatchObject({ first_steps: [10], last_steps: [19], records: [10] });
  expect(part.layers[0]!.figures).toEqual({ rms: [2], zeros: [0.5] });
  const one = (await answer("profile", { ...query, steps: "0,24", pooled: "1" })) as Profile;
  expect(one).toEqual(poolProfile(PROFILE));
  expect(one.columns[0]).toMatchObject({ first_steps: [0], last_steps: [24], records: [25] });
  expect(one.layers[0]!.figures).toEqual({ rms: [Math.sqrt(2.5)], zeros: [0.4] });
  await expect(answer("profile", { ...query, kind: "gradients" })).rejects.toThrow(NotShared);
});

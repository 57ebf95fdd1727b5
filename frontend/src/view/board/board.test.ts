import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FindingAnswer, Hyperparameter, Series } from "../../series/types";
import { client, index } from "../catalog/catalog";
import { findings, progress } from "../findings/findings";
import { boardOpen, showRuns } from "../selection/selection";
import { allSettings } from "../settings/setting";
import * as settings from "../settings/settings";
import { boardRows, runFilter, sortBy, sortedRuns } from "./board_rows";
import { axisOf, stopAsking, wantCells } from "./cells";
import { allColumns, allFacts } from "./facts";
import { nearestHealthy } from "./nearest";
import { groupRuns, sumUp } from "./run_groups";
import { stages, toggleStage } from "./stages";
import { sweep } from "./sweep";

const RUNS = [0.01, 0.1, 1].flatMap((lr) =>
  [1, 2, 3].map((seed) => ({ lr, seed, name: `lr=${lr}/${seed}` })),
);

function finding(run: string, severity: FindingAnswer["severity"], first_step: number): FindingAnswer {
  const given: Partial<FindingAnswer> = { kind: "collapsed", run, severity, first_step };
  return { ...given, layers: ["c"], tags: ["activations/c"], last_step: 99 } as FindingAnswer;
}

function layer(name: string, order: number): Series {
  const bins = { name: "float_bits" };
  const runs = RUNS.map((_, at) => at);
  const given: Partial<Series> = {
    tag: `activations/${name}`,
    layer: name,
    kind: "activations",
    order,
    bins,
  };
  return {
    ...given,
    phase: "train",
    type: "",
    source: "blocks",
    runs,
    shapes: [],
    dtypes: [],
    steps: [],
    times: [],
  } as Series;
}

function showLayers(names: readonly string[], count = RUNS.length): void {
  const runs = RUNS.slice(0, count).map(({ name }) => ({ name, start_time: 0, info: {}, scalars: [] }));
  index.value = { version: 1, revision: "1", runs, series: names.map(layer), warnings: [], replaced: 0 };
}

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
  showLayers(["a", "b", "c"]);
  sweep.value = new Map(
    RUNS.map(({ name, lr, seed }, at) => {
      const hyperparameters: Record<string, Hyperparameter> = { lr, seed, model: "mlp" };
      return [
        name,
        { name, hyperparameters, loss: { tag: "loss", step: 9, value: at === 8 ? null : 9 - at } },
      ];
    }),
  );
  findings.value = [
    ...[1, 2, 3].map((seed) => finding(`lr=1/${seed}`, "error", 28 + seed)),
    finding("lr=0.1/1", "info", 5),
  ];
  progress.value = { runs: RUNS.length, unchecked: [], pending: 0 };
});

afterEach(() => {
  for (const setting of allSettings) setting.reset();
  findings.value = [];
  progress.value = null;
  sweep.value = new Map();
  index.value = null;
  vi.unstubAllGlobals();
});

describe("the board", () => {
  it("opens by itself for many runs, unless a link says which are shown", () => {
    expect(boardOpen.value).toBe(true);
    showRuns(["lr=1/1"]);
    expect([boardOpen.value, settings.view.value]).toEqual([false, "auto"]);
    showRuns(null);
    expect([boardOpen.value, settings.view.value]).toEqual([false, "panels"]);
    settings.view.value = "board";
    expect(boardOpen.value).toBe(true);
    showRuns(["lr=1/1"]);
    expect(boardOpen.value).toBe(false);
  });

  it("has columns for the hyper-parameters that differ", () => {
    expect(allFacts.value.map(({ id }) => id)).toEqual(["lr", "seed", "loss", "worst", "step"]);
  });

  it("sorts runs up, down and not at all, losses that are not finite as the largest", () => {
    sortBy("loss");
    expect(sortedRuns.value[0]).toBe("lr=1/2");
    expect(sortedRuns.value.at(-1)).toBe("lr=1/3");
    sortBy("loss");
    expect([sortedRuns.value[0], sortedRuns.value.at(-1)]).toEqual(["lr=1/3", "lr=1/2"]);
    sortBy("loss");
    expect(sortedRuns.value).toEqual(RUNS.map(({ name }) => name));
    sortBy("layer:c");
    expect(sortedRuns.value.slice(0, 4)).toEqual(["lr=1/1", "lr=1/2", "lr=1/3", "lr=0.1/1"]);
  });

  it("groups runs by any column", () => {
    for (const column of allColumns.value) {
      const groups = groupRuns(sortedRuns.value, column);
      expect(groups.flatMap(({ runs }) => runs).length, column.id).toBe(RUNS.length);
    }
    const worst = allColumns.value.find(({ id }) => id === "worst")!;
    const names = groupRuns(sortedRuns.value, worst).map(({ name, runs }) => `${name} ${runs.length}`);
    expect(names).toEqual(["worst finding=error 3", "worst finding=info 1", "worst finding=healthy 5"]);
  });

  it("sums groups of runs up", () => {
    const [, middle, sick] = groupRuns(sortedRuns.value, allFacts.value[0]!);
    expect(sick?.name).toBe("lr=1");
    expect(sumUp(sick!.runs)).toBe(
      "3 of 3 sick, collapsed, c first, steps 29–31, last loss 2–3, 1 not finite",
    );
    expect(sumUp(middle!.runs)).toMatch(/^3 healthy, last loss /);
    progress.value = { runs: 9, unchecked: ["lr=0.1/2"], pending: 3 };
    expect(sumUp(middle!.runs)).toMatch(/^0 of 3 sick, 1 not checked yet, last loss /);
    settings.boardGroup.value = "lr";
    settings.boardFoldedGroups.value = ["lr=1"];
    expect(boardRows.value.length).toBe(9 + 3 - 3);
  });

  it("names the layer and the steps of the kind that it names", () => {
    const other = { ...finding("lr=1/1", "error", 3), kind: "exploding", layers: ["a"] };
    const two = ["lr=1/2", "lr=1/3"].map((run, at) => finding(run, "error", 30 + at));
    findings.value = [other, ...two];
    const runs = ["lr=1/1", "lr=1/2", "lr=1/3"];
    expect(sumUp(runs)).toMatch(/^3 of 3 sick, often collapsed, c first, steps 30–31, /);
  });

  it("filters and groups by any column, as it is written there", () => {
    const matching = (text: string) => {
      settings.boardFilter.value = text;
      return [sortedRuns.value.length, runFilter.value.error];
    };
    expect(matching("lr=1, seed=2")).toEqual([1, ""]);
    expect(matching("lr=1,seed=2")).toEqual([1, ""]);
    expect(matching("lr > 0.05 last loss <= 4")).toEqual([3, ""]);
    expect(matching("loss=nan")).toEqual([1, ""]);
    expect(matching("worst=collapsed")).toEqual([4, ""]);
    expect(matching("worst=sick")).toEqual([3, ""]);
    expect(matching("c=error")).toEqual([3, ""]);
    expect(matching("c=sick a!=sick")).toEqual([3, ""]);
    expect(matching("c=collapsed")).toEqual([4, ""]);
    expect(matching("c=healthy")).toEqual([5, ""]);
    expect(matching("lr=0.1/")).toEqual([0, ""]);
    expect(matching("rate<1")).toEqual([9, "There is no column rate"]);
    settings.boardFilter.value = "";
    settings.boardGroup.value = "layer:c";
    const heads = boardRows.value.flatMap((row) => (row.kind === "group" ? [row.group.name] : []));
    expect(heads).toEqual(["c=error", "c=info", "c=healthy"]);
  });

  it("groups many different numbers by ranges", () => {
    sweep.value = new Map(
      RUNS.flatMap(({ name }, at) =>
        [0, 1].map((half) => {
          const run = half === 0 ? name : `${name}.${half}`;
          const loss = { tag: "loss", step: 9, value: at + half / 2 };
          return [run, { name: run, hyperparameters: {}, loss }];
        }),
      ),
    );
    const groups = groupRuns([...sweep.value.keys()], allFacts.value.find(({ id }) => id === "loss")!);
    expect(groups.map(({ runs }) => runs.length)).toEqual([5, 5, 5, 3]);
    expect(groups[0]?.name).toBe("last loss=0–2");
  });

  it("finds the healthy run with the most similar hyper-parameters", () => {
    const every = RUNS.map((_, at) => at);
    expect(nearestHealthy("lr=1/2", every)).toBe("lr=0.1/2");
    expect(nearestHealthy("lr=1/2", [0, 1, 2, 8])).toBe("lr=0.01/2");
    expect(nearestHealthy("lr=1/2", [7, 8])).toBeUndefined();
  });

  it("folds many layers to stages that unfold", () => {
    const blocks = Array.from({ length: 8 }, (_, block) =>
      ["conv1", "bn1", "conv2", "bn2"].map((name) => `layer${block}.${name}`),
    ).flat();
    showLayers(["stem", ...blocks, "head"]);
    expect(stages.value.map(({ label }) => label)).toEqual([
      "stem",
      ...Array.from({ length: 8 }, (_, block) => `layer${block}`),
      "head",
    ]);
    expect(stages.value[1]?.series.layer).toBe("layer0.bn2");
    toggleStage("layer0");
    expect(stages.value.length).toBe(13);
    expect(stages.value.slice(1, 5).map(({ inside }) => inside)).toEqual(Array(4).fill("layer0"));
    toggleStage("layer0");
    expect(stages.value.length).toBe(10);
  });
});

/** Four quantiles of one column in bfloat16: all values between minus and plus 1, or 100. */
const QUANTILES = { 1: "\x80\xbf\x80\xbf\x80\x3f\x80\x3f", 100: "\xc8\xc2\xc8\xc2\xc8\x42\xc8\x42" };

describe("the axis of a layer's cells", () => {
  it("stays as runs come in any order, and is chosen anew where there are far more", async () => {
    // As from a slow server: the last of those that were asked for.
    vi.spyOn(client, "board").mockImplementation(async ({ runs }) => ({
      version: 1,
      shares: [0, 0.25, 0.75, 1],
      pending: runs.length - 1,
      cells: runs
        .map((name, run) => ({
          ...{ run, series: 0, steps: [0], last_step: 9, non_finite: [], error: "" },
          quantiles: btoa(QUANTILES[RUNS.findIndex((one) => one.name === name) < 3 ? 1 : 100]),
        }))
        .slice(-1),
    }));
    const chosenOf = async (count: number) => {
      showLayers(["a"], count);
      const [series] = index.value!.series;
      wantCells({ runs: RUNS.slice(0, count).map(({ name }) => name), series: [series!], columns: 1 });
      await new Promise((resolve) => setTimeout(resolve, 60));
      return axisOf(series!);
    };
    const first = await chosenOf(4);
    expect(first?.scale).toBe(0.25);
    expect(await chosenOf(5)).toBe(first);
    expect((await chosenOf(9))?.scale).toBe(25);
    stopAsking();
  });
});

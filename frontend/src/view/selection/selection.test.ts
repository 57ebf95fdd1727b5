import { beforeEach, describe, expect, it } from "vitest";
import type { Index } from "../../series/types";
import { index } from "../catalog/catalog";
import * as settings from "../settings/settings";
import { colourOfPlace } from "./run_colours";
import { colourOfRun, runColour, shownRuns, soloRun } from "./selection";

const NAMES = Array.from({ length: 8 }, (_, at) => `run${at}`);

function shown(): string[] {
  return shownRuns.value.map((run) => run.name);
}

describe("soloRun", () => {
  beforeEach(() => {
    const series = {
      tag: "activations/fc",
      kind: "activations",
      phase: "train",
      runs: NAMES.map((_, at) => at),
    };
    index.value = {
      runs: NAMES.map((name) => ({ name, start_time: 0, info: {}, scalars: [] })),
      series: [series],
    } as unknown as Index;
  });

  it("goes back to the runs that were chosen before", () => {
    settings.runs.value = ["run1", "run7"];
    soloRun("run7");
    expect(shown()).toEqual(["run7"]);
    soloRun("run7");
    expect(shown()).toEqual(["run1", "run7"]);
  });

  it("goes back to the first few where none were chosen", () => {
    settings.runs.value = null;
    const first = shown();
    soloRun("run2");
    soloRun("run2");
    expect(settings.runs.value).toBe(null);
    expect(shown()).toEqual(first);
  });
});

it("colours runs in the order of their beginning, as TensorBoard does", () => {
  const begun = [30, 10, 20];
  const runs = begun.map((start_time, at) => ({ name: NAMES[at], start_time, info: {}, scalars: [] }));
  index.value = { runs, series: [] } as unknown as Index;
  expect([0, 1, 2].map(runColour)).toEqual([2, 0, 1].map((place) => colourOfPlace(place, false)));
  expect(colourOfRun("run2")).toBe(runColour(2));
});

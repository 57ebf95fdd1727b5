import { beforeEach, describe, expect, it } from "vitest";
import type { Index } from "../../series/types";
import { index } from "../catalog/catalog";
import * as settings from "../settings/settings";
import { shownRuns, soloRun } from "./selection";

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

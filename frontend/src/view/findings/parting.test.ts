import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { API_VERSION, type Comparison } from "../../series/types";
import { madeSeries, panelViewsOf, resetPage, showPage } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { comparedRun, otherRuns } from "./compared_run";
import { comparison, equalShown, partingOf, tagsToFold } from "./parting";

const CONV = madeSeries("conv", 3);
const FC = madeSeries("fc", 3);
const HEAD = madeSeries("head", 3);

const FACTS = { other: "", kind: "activations", moved: 0.1, octaves: 0.1, steps: 9, differing_steps: 5 };

function answer(made: Partial<Comparison> = {}): Comparison {
  return {
    version: API_VERSION,
    a: "one",
    b: "two",
    mode: "exact",
    tolerance: 0,
    previous: "",
    differing: [
      { ...FACTS, tag: FC.tag, first_step: 4 },
      { ...FACTS, tag: HEAD.tag, first_step: 5 },
    ],
    equal: [CONV.tag],
    only_in_a: [],
    only_in_b: [],
    first_step: 0,
    last_step: 9,
    notes: [],
    ...made,
  };
}

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
});

beforeEach(() => {
  showPage(["one", "two", "three"], [CONV, FC, HEAD]);
  settings.parting.value = "exact";
  comparison.value = answer();
});

afterEach(() => {
  resetPage();
  settings.parting.reset();
  comparison.value = null;
  equalShown.value = false;
});

describe("where runs part", () => {
  it("folds equal layers away while it is asked for, unless they are shown all the same", () => {
    expect([...tagsToFold.value]).toEqual([CONV.tag]);
    equalShown.value = true;
    expect([...tagsToFold.value]).toEqual([]);
    equalShown.value = false;
    settings.parting.value = "off";
    expect([...tagsToFold.value]).toEqual([]);
  });

  it("marks the layers that differ in the two runs, the first apart", () => {
    const marks = (series: typeof FC) => panelViewsOf(series).map(partingOf);
    expect(marks(FC)).toEqual([{ step: 4, first: true }, { step: 4, first: true }, null]);
    expect(marks(HEAD)).toEqual([{ step: 5, first: false }, { step: 5, first: false }, null]);
    expect(marks(CONV)).toEqual([null, null, null]);
  });

  it("compares the first other run with the baseline", () => {
    expect(comparedRun.value).toBe("two");
    settings.baseline.value = "two";
    expect(comparedRun.value).toBe("one");
    settings.runs.value = ["one"];
    expect(comparedRun.value).toBe("");
  });

  it("compares the run that was chosen while it is shown", () => {
    expect(otherRuns.value).toEqual(["two", "three"]);
    settings.compared.read("three");
    expect(comparedRun.value).toBe("three");
    settings.runs.value = ["one", "two"];
    expect(comparedRun.value).toBe("two");
    settings.compared.reset();
  });
});

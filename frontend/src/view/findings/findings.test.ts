import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { API_VERSION, type FindingAnswer, type Findings } from "../../series/types";
import { pageShown } from "../catalog/catalog";
import { giveTile, madeSeries, panelViewsOf, resetPage, showPage } from "../screen/page_fixture";
import { visible } from "../screen/views";
import * as settings from "../settings/settings";
import {
  differences,
  errors,
  findings,
  findingsOf,
  findingsOfRun,
  findingsOfTag,
  hiddenSickRuns,
  progress,
  shownChecked,
  sorted,
  startFindings,
  worstOfRuns,
} from "./findings";

const CONV = madeSeries("conv", 2);
const FC = madeSeries("fc", 2);

function finding(run: string, layer: string, made: Partial<FindingAnswer> = {}): FindingAnswer {
  const text = {
    source: "",
    title: "",
    advice: "",
    causes: [],
    code: "",
    check: "",
    layer_steps: [],
    evidence: [],
  };
  const steps = { first_step: 0, last_step: 9 };
  const tags = [`activations/${layer}`];
  return {
    kind: "dead",
    run,
    layers: [layer],
    tags,
    severity: "warning",
    incident: 1,
    confidence: 0.9,
    figures: {},
    threshold: {},
    ...steps,
    ...text,
    ...made,
  };
}

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => setTimeout(call));
});

beforeEach(() => showPage(["one", "two"], [CONV, FC]));

afterEach(() => {
  resetPage();
  findings.value = [];
  pageShown.value = false;
});

describe("findings", () => {
  it("stand worst first, then by their step, differences of runs apart", () => {
    const late = finding("one", "conv", { severity: "error", first_step: 5 });
    const early = finding("two", "fc", { severity: "error", first_step: 2 });
    const mild = finding("one", "fc", { severity: "info" });
    const apart = finding("two", "conv", { kind: "run_difference", severity: "info" });
    findings.value = [mild, late, apart, early];
    expect(sorted.value).toEqual([early, late, mild]);
    expect(differences.value).toEqual([apart]);
    expect(findingsOfRun("one")).toEqual([late, mild]);
    expect(findingsOfTag("activations/fc")).toEqual([early, mild]);
    expect(findingsOf(panelViewsOf(CONV)[0]!)).toEqual([late]);
    expect(findingsOf(panelViewsOf(CONV)[1]!)).toEqual([]);
  });

  it("are those of the shown runs and layers", () => {
    findings.value = [finding("one", "conv"), finding("gone", "conv"), finding("one", "gone")];
    expect(sorted.value.length).toBe(1);
    settings.runs.value = ["two"];
    expect(sorted.value).toEqual([]);
  });

  it("tell of hidden runs too, most severe first", () => {
    showPage(["one", "two", "three", "four"], [madeSeries("conv", 4), madeSeries("fc", 4)]);
    settings.runs.value = ["one"];
    findings.value = [
      finding("one", "conv", { severity: "error" }),
      finding("three", "conv"),
      finding("four", "fc", { severity: "info" }),
      finding("two", "fc", { severity: "error" }),
      finding("two", "fc"),
      finding("four", "fc", { kind: "run_difference" }),
    ];
    expect(hiddenSickRuns.value).toEqual(["two", "three"]);
    expect([...worstOfRuns.value.keys()].sort()).toEqual(["one", "three", "two"]);
  });
});

describe("the server", () => {
  let asked: string[];
  let answers: Partial<Findings>[];

  startFindings();

  beforeEach(() => {
    asked = [];
    vi.stubGlobal("fetch", async (address: string) => {
      asked.push(new URL(address).search);
      return Response.json({ version: API_VERSION, ...answers.shift() });
    });
  });

  it("is asked when the panels on the screen are there, and again while it has not seen all", async () => {
    vi.useFakeTimers();
    answers = [
      { findings: [], runs: 3, unchecked: ["two", "three"], pending: 3 },
      { findings: [finding("one", "conv")], runs: 3, pending: 0, errors: ["two: unreadable"] },
    ];
    pageShown.value = true;
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual([]);
    for (const panel of visible.value) giveTile(panel);
    await vi.advanceTimersByTimeAsync(100);
    expect([asked.length, progress.value?.unchecked, shownChecked.value]).toEqual([
      1,
      ["two", "three"],
      false,
    ]);
    expect(asked[0]).toBe("?first=one&first=two&baseline=one");
    await vi.advanceTimersByTimeAsync(10_000);
    expect([asked.length, progress.value?.pending, shownChecked.value]).toEqual([2, 0, true]);
    expect(findings.value.length).toBe(1);
    expect(errors.value).toEqual(["two: unreadable"]);
    vi.useRealTimers();
  });
});

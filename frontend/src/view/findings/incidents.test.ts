import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { madeTile } from "../../math/tile_fixture";
import type { FindingAnswer } from "../../series/types";
import { madeSeries, resetPage, showPage } from "../screen/page_fixture";
import * as settings from "../settings/settings";
import { openFinding, toReveal } from "./explained";
import { findings } from "./findings";
import { chain, incidentToChain, momentsOf, related } from "./incident_data";
import { explained, explainedIncident, incidents, moveIncident } from "./incidents";

const CONV = madeSeries("conv", 2);
const FC = madeSeries("fc", 2);
const GRADIENTS = madeSeries("conv", 1, { tag: "gradients/conv", kind: "gradients" });
const WEIGHTS = madeSeries("conv.weight", 2, { tag: "weights/conv.weight", kind: "weights" });
const BIAS = madeSeries("conv.bias", 2, { tag: "weights/conv.bias", kind: "weights" });

function finding(run: string, layers: readonly string[], made: Partial<FindingAnswer> = {}): FindingAnswer {
  return {
    kind: "dead",
    run,
    layers,
    tags: layers.map((layer) => `activations/${layer}`),
    first_step: 4,
    last_step: 9,
    severity: "warning",
    figures: {},
    threshold: {},
    source: "",
    title: "",
    advice: "",
    incident: 1,
    confidence: 1,
    causes: [],
    code: "",
    check: "",
    evidence: [],
    layer_steps: [],
    ...made,
  };
}

beforeAll(() => {
  vi.stubGlobal("window", globalThis);
});

beforeEach(() => showPage(["one", "two"], [CONV, FC, GRADIENTS, WEIGHTS, BIAS]));

afterEach(() => {
  resetPage();
  findings.value = [];
  toReveal.value = null;
});

describe("incidents", () => {
  const nan = finding("one", ["fc"], { kind: "non_finite", severity: "error", first_step: 5 });
  const followed = finding("one", ["conv"], { kind: "exploding", first_step: 3 });
  const other = finding("two", ["conv"], { incident: 1, severity: "error", first_step: 2 });
  const apart = finding("one", ["conv"], { incident: 0, kind: "run_difference" });

  it("hold the findings of one cause, most severe and earliest first, those of hidden runs apart", () => {
    findings.value = [nan, followed, apart, other];
    expect(incidents.value).toEqual([[other], [nan, followed]]);
    settings.runs.value = ["one"];
    expect(incidents.value).toEqual([[nan, followed]]);
  });

  it("are gone through from each to the next, and round", () => {
    findings.value = [nan, followed, other];
    const opened = () => [settings.incident.value, explainedIncident.value?.[0]];
    moveIncident(1);
    expect(opened()).toEqual([["two", "dead", "activations/conv", "2"], other]);
    moveIncident(1);
    expect(opened()[1]).toBe(nan);
    moveIncident(1);
    expect(opened()[1]).toBe(other);
    moveIncident(-1);
    expect(opened()[1]).toBe(nan);
    expect(toReveal.value).toBe(nan);
  });

  it("are found again by what the address says, though the run has grown meanwhile", () => {
    findings.value = [nan, followed];
    openFinding(followed);
    expect(explained.value).toBe(followed);
    findings.value = [nan, { ...followed }];
    expect(explained.value).toBe(followed);
    findings.value = [
      { ...followed, first_step: 30 },
      { ...followed, first_step: 4 },
    ];
    expect(explained.value?.first_step).toBe(4);
    findings.value = [nan];
    expect(explained.value).toBeUndefined();
  });

  it("spread from the layer that the title names to others: each once, by its own first step", () => {
    const explodes = finding("one", ["conv", "fc"], {
      first_step: 3,
      layer_steps: [
        [6, 9],
        [3, 7],
      ],
    });
    expect(incidentToChain([nan, explodes]).map((at) => [at.layer, at.first_step, at.finding.kind])).toEqual([
      ["fc", 5, "non_finite"],
      ["conv", 6, "dead"],
    ]);
    const named = incidentToChain([explodes, finding("one", ["head"], { first_step: 4 })]);
    expect(named.map(({ layer, first_step }) => [layer, first_step])).toEqual([
      ["conv", 6],
      ["fc", 3],
      ["head", 4],
    ]);
    findings.value = [explodes];
    openFinding(explodes);
    expect(chain.value.length).toBe(2);
  });

  it("come with what else was recorded of the layer in this run", () => {
    findings.value = [other];
    openFinding(other);
    expect(related.value.map(({ tag }) => tag)).toEqual(["weights/conv.weight"]);
    findings.value = [followed];
    openFinding(followed);
    expect(related.value.map(({ tag }) => tag)).toEqual(["gradients/conv", "weights/conv.weight"]);
    const weight = finding("one", ["conv.weight"], { tags: ["weights/conv.weight"] });
    findings.value = [weight];
    openFinding(weight);
    expect(related.value.map(({ tag }) => tag)).toEqual(["activations/conv", "gradients/conv"]);
  });
});

describe("the histograms before, at and after", () => {
  const tile = madeTile({ edges: [0, 1], counts: [Array.from({ length: 100 }, () => 1)] });
  const momentsAt = (first: number, last: number) =>
    momentsOf(finding("one", ["fc"], { layer_steps: [[first, last]] }), tile).map(({ name, step }) => [
      name,
      step,
    ]);

  it("are of recorded steps a tenth of the run apart", () => {
    expect(momentsAt(50, 99)).toEqual([
      ["before", 40],
      ["at", 50],
      ["after", 59],
    ]);
  });

  it("stay within a short trouble, and within the run", () => {
    expect(momentsAt(50, 53)[2]).toEqual(["after", 53]);
    expect(momentsAt(50, 50)[2]).toEqual(["after", 51]);
    expect(momentsAt(0, 99)[0]).toEqual(["at", 0]);
    expect(momentsAt(99, 99).length).toBe(2);
  });
});

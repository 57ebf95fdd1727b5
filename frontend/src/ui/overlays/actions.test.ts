import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { seriesId } from "../../series/series_id";
import type { FindingAnswer } from "../../series/types";
import { index } from "../../view/catalog/catalog";
import { findings } from "../../view/findings/findings";
import { frame } from "../../view/layout/metrics";
import { layerViews } from "../../view/screen/views";
import { allSettings } from "../../view/settings/setting";
import * as settings from "../../view/settings/settings";
import type { Cursor } from "../../view/settings/zoom";
import { applies } from "../settings/offers";
import { type Action, listActions } from "./actions";

function series(layer: string, kind: string, phase: string, type: string) {
  const ofRuns = {
    runs: [0, 1],
    shapes: [[1], [1]],
    dtypes: ["float32", "float32"],
    steps: [9, 9],
    times: [9, 9],
  };
  return {
    tag: `${kind}/${layer}`,
    layer,
    kind,
    phase,
    type,
    order: 0,
    source: "blocks" as const,
    bins: {},
    ...ofRuns,
  };
}

const CONV = { ...series("conv", "activations", "train", "Conv2d"), split: 1 };
const OTHERS = [
  series("fc", "activations", "train", "Linear"),
  series("fc", "activations", "eval", "Linear"),
  series("fc", "weights", "", "Linear"),
];

const COLLAPSED: FindingAnswer = {
  kind: "collapsed",
  run: "one",
  layers: ["conv"],
  tags: [CONV.tag],
  first_step: 3,
  last_step: 9,
  severity: "error",
  figures: {},
  threshold: {},
  source: "",
  title: "conv: collapsed to zero at step 3",
  advice: "",
  incident: 1,
  confidence: 1,
  causes: [],
  code: "",
  check: "",
  evidence: [],
  layer_steps: [[3, 9]],
};

let at: Cursor;

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
  const runs = ["one", "two"].map((name) => ({ name, start_time: 0, info: {}, scalars: ["loss", "lr"] }));
  index.value = { version: 1, revision: "1", runs, series: [CONV, ...OTHERS], warnings: [], replaced: 0 };
  settings.range.value = "manual";
  frame.value = { width_px: 1400, height_px: 4000 };
  findings.value = [COLLAPSED];
  const panel = layerViews.value.get(seriesId(CONV))!.panels.value[0]!;
  at = { panelId: panel.id, rowId: panel.layer.id, unit: 1, value: 0.5, band: null };
});

afterEach(() => {
  for (const setting of allSettings) setting.reset();
  findings.value = [];
  vi.unstubAllGlobals();
});

/** Settings that no command has the name of; commands name the layer that the crosshair is on. */
function withoutCommand(actions: readonly Action[]): string[] {
  const names = actions.map(({ name }) => name.replace(CONV.layer, "this layer"));
  const isFound = (label: string) => names.some((name) => name === label || name.startsWith(`${label}: `));
  return allSettings.filter(({ label }) => !isFound(label)).map(({ name }) => name);
}

describe("the palette", () => {
  it("finds every setting that the page has a control for, under the control's name", () => {
    expect(allSettings.filter((setting) => !applies(setting))).toEqual([]);
    expect(withoutCommand(listActions(at))).toEqual([]);
    const others = listActions(at).filter(({ name }) => !name.startsWith("Kind: "));
    expect(withoutCommand(others)).toEqual(["kind"]);
  });

  it("calls each by one name, and offers every option of a choice", () => {
    const names = listActions(at).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of [
      "Kind: Weights",
      "Phase: eval",
      "Module types: Linear",
      "Scalars above: lr",
      "Panel width",
    ])
      expect(names).toContain(name);
    expect(names).not.toContain("Time: epoch");
    for (const name of ["Time: clock time", "Contrast: auto (0.5–99.5 %)", "Lines: Mean", "Heatmap rows: 64"])
      expect(names).toContain(name);
  });

  it("chooses as the controls do", () => {
    const run = (name: string) =>
      listActions(at)
        .find((action) => action.name === name)
        ?.run();
    settings.toggled.value = ["activations/conv"];
    settings.panelHeight_px.value = 200;
    run("Layout: panels, every layer with its axes");
    run("Density: large");
    expect([settings.toggled.value, settings.panelHeight_px.value]).toEqual([[], 0]);
    run("Module types: Linear");
    expect(settings.types.value).toEqual(["Conv2d"]);
    run("Module types: Linear");
    expect(settings.types.value).toEqual([]);
    run("Link axes and colours");
    expect(listActions(at).some(({ name }) => name.startsWith("Same "))).toBe(false);
    settings.panelWidth_px.value = 640;
    run("Reset panel width");
    expect(settings.panelWidth_px.value).toBe(0);
    run("Reset all settings");
    expect(allSettings.filter((setting) => setting.write() !== undefined)).toEqual([]);
  });
});

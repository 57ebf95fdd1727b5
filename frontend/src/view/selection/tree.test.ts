import { describe, expect, it } from "vitest";
import type { Series } from "../../series/types";
import { parseFilter } from "./filter";
import { layersToTree, type Row } from "./tree";

function layer(name: string, order: number): Series {
  return {
    tag: `activations/${name}`,
    layer: name,
    kind: "activations",
    phase: "train",
    order,
    type: "Conv2d",
    source: "blocks",
    bins: {},
    runs: [0],
    shapes: [[1]],
    dtypes: ["float32"],
    steps: [9],
    times: [9],
  };
}

const RESNET = ["conv1", "bn1"].concat(
  ["layer1", "layer2"].flatMap((stage) =>
    ["0", "1"].flatMap((block) => ["conv1", "bn1", "conv2"].map((part) => `${stage}.${block}.${part}`)),
  ),
);

function outline(rows: readonly Row[]): string[] {
  return rows.map((row) => `${"  ".repeat(row.depth)}${row.kind === "group" ? "+" : ""}${row.label}`);
}

describe("layersToTree", () => {
  it("keeps a short list flat", () => {
    const rows = layersToTree(["layer1.0", "layer1.1"].map(layer), new Set());
    expect(outline(rows)).toEqual(["layer1.0", "layer1.1"]);
  });

  it("groups neighbours by module", () => {
    expect(outline(layersToTree(RESNET.map(layer), new Set())).slice(0, 9)).toEqual([
      "conv1",
      "bn1",
      "+layer1",
      "  +0",
      "    conv1",
      "    bn1",
      "    conv2",
      "  +1",
      "    conv1",
    ]);
  });

  it("tells the tensors of a module from the modules inside it", () => {
    const own = ["/q", "/q/0", "/q/1", "/scores", "/scores/0", "/scores/1"];
    const names = [...own, ".q", ".k", ".v", ".o"].map((part) => `blocks.0.attn${part}`);
    const rows = layersToTree(["embed", "norm", ...names, "head"].map(layer), new Set());
    expect(outline(rows)).toEqual([
      "embed",
      "norm",
      "+blocks.0.attn",
      "  /q",
      "  +/q",
      "    /0",
      "    /1",
      "  /scores",
      "  +/scores",
      "    /0",
      "    /1",
      "  q",
      "  k",
      "  v",
      "  o",
      "head",
    ]);
  });

  it("folds a group and all below it", () => {
    const rows = layersToTree(RESNET.map(layer), new Set(["layer1"]));
    expect(outline(rows).slice(0, 5)).toEqual(["conv1", "bn1", "+layer1", "+layer2", "  +0"]);
  });

  it("joins headings that have only one child", () => {
    const names = Array.from({ length: 14 }, (_, index) => `model.encoder.layer${index}`);
    expect(outline(layersToTree(names.map(layer), new Set())).slice(0, 2)).toEqual([
      "+model.encoder",
      "  layer0",
    ]);
  });

  it("keeps every layer exactly once", () => {
    const names = [...RESNET, "layer1", "a.b.c.d", "layer1.0.conv1.weight", "x/y", "x/z", ""];
    const rows = layersToTree(names.map(layer), new Set());
    const shown = rows.flatMap((row) => (row.kind === "layer" ? [row.series.layer] : []));
    expect(shown).toEqual(names);
  });
});

describe("parseFilter", () => {
  it("wants all words, in any case", () => {
    const filter = parseFilter("CONV layer1");
    expect(filter.matches("layer1.0.conv2")).toBe(true);
    expect(filter.matches("layer2.0.conv2")).toBe(false);
  });

  it("reads a regular expression between slashes, also an unfinished one", () => {
    expect(parseFilter("/^conv\\d$/").matches("conv1")).toBe(true);
    expect(parseFilter("/^CONV/i").matches("conv1")).toBe(true);
    expect(parseFilter("/^conv").matches("aconv")).toBe(false);
  });

  it("says what is wrong and hides nothing meanwhile", () => {
    const filter = parseFilter("/(/");
    expect(filter.error).toContain("Unterminated group");
    expect(filter.matches("anything")).toBe(true);
  });
});

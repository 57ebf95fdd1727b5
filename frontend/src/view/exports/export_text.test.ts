import { describe, expect, it } from "vitest";
import { rebin } from "../../math/rebin";
import { madeTile } from "../../math/tile_fixture";
import { countsToJson, countsToText, fileName, type ShownCells, statisticsToText } from "./export_text";

const tile = madeTile({
  edges: [0, 1, 2, 3],
  counts: [
    [1, 0, 9],
    [0, 2, 9],
    [3, 0, 9],
  ],
  columns: { nans: Float64Array.of(0, 4, 0) },
  tile: { run: 'a,"b"', tag: "=1+1" },
});
const shown: ShownCells = { tile, grid: rebin(tile, Float64Array.of(0, 1, 2)), from: 0, to: 2 };

describe("export as text", () => {
  it("has a line per occupied cell and one for what lies outside", () => {
    expect(countsToText([shown]).split("\n")).toEqual([
      "run,tag,first_step,last_step,records,n,wall_time,lower,upper,count,split",
      '"a,""b""",\'=1+1,0,0,1,4,1000,0,1,1,0',
      '"a,""b""",\'=1+1,0,0,1,4,1000,above,above,3,0',
      '"a,""b""",\'=1+1,1,1,1,2,1001,1,2,2,0',
      '"a,""b""",\'=1+1,1,1,1,2,1001,nan,nan,4,0',
      "",
    ]);
  });

  it("says where rows cut stored bins", () => {
    const halves = { ...shown, grid: rebin(tile, Float64Array.of(0, 1.5, 3)) };
    const [note, head, first] = countsToText([halves]).split("\n");
    expect(note).toMatch(/^# .*split/);
    expect(head).toMatch(/,split$/);
    expect(first).toMatch(/,0,1.5,1,1$/);
    const { panels } = JSON.parse(countsToJson([halves])) as { panels: { note: string }[] };
    expect(panels[0]).toMatchObject({ split_counts: true });
    expect(panels[0]!.note).toContain("exact counts");
    expect(countsToJson([shown])).not.toContain("note");
  });

  it("can have tabs between", () => {
    expect(countsToText([shown], "\t").split("\n")[0]!.split("\t").length).toBe(11);
  });

  it("has statistics per column", () => {
    const [head, first] = statisticsToText([{ ...shown, to: 1 }], "\t").split("\n");
    const named = Object.fromEntries(head!.split("\t").map((name, i) => [name, first!.split("\t")[i]]));
    expect(named).toMatchObject({ n: "4", min: "0", max: "3", mean: "2", share_zero: "0" });
    expect(Object.keys(named).filter((name) => /^p\d+$/.test(name))).toEqual([
      "p05",
      "p25",
      "p50",
      "p75",
      "p95",
    ]);
    expect(Number(named.p25)).toBe(1);
  });

  it("says of no histogram of other tools how many zeros it has", () => {
    const foreign = { ...shown, tile: { ...tile, source: "histograms" as const } };
    const [head, first] = statisticsToText([foreign]).replaceAll('"a,""b"""', "a").split("\n");
    expect(first!.split(",")[head!.split(",").indexOf("share_zero")]).toBe("nan");
    expect(countsToJson([foreign])).not.toContain("zeros");
    expect(countsToJson([shown])).toContain("zeros");
  });

  it("has everything in JSON", () => {
    const { version, panels } = JSON.parse(countsToJson([shown])) as { version: number; panels: unknown[] };
    expect(version).toBe(1);
    expect(panels[0]).toMatchObject({
      run: 'a,"b"',
      records_per_column: 1,
      records: [1, 1],
      n: [4, 2],
      first_steps: [0, 1],
      nan: [0, 4],
      above: [3, 0],
      edges: [0, 1, 2],
      counts: [
        [1, 0],
        [0, 2],
      ],
    });
  });
});

describe("fileName", () => {
  it("keeps letters of all languages and drops what file systems refuse", () => {
    expect(fileName(["lr=0.01", "activations/layer1.0.conv1", "0-99"], "png")).toBe(
      "lr=0.01_activations-layer1.0.conv1_0-99.png",
    );
    expect(fileName(["../ü<b>", ""], "csv")).toBe("ü-b.csv");
    expect(fileName([], "csv")).toBe("histogram.csv");
    expect(fileName(["x".repeat(400)], "csv").length).toBe(154);
  });

  it("cuts many runs short and keeps layer and range", () => {
    const name = fileName(["run_".repeat(100), "eval/gradients/fc", "0-99"], "png");
    expect(name).toMatch(/^run_run_.*_eval-gradients-fc_0-99\.png$/);
    expect(name.length).toBe(154);
  });
});

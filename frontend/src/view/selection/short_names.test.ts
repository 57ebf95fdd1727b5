import { describe, expect, it } from "vitest";
import { shortNames } from "./short_names";

function shortened(...names: string[]): string[] {
  const found = shortNames(names);
  return names.map((name) => found.get(name)!);
}

describe("shortNames", () => {
  it("cuts whole words that all names have in common", () => {
    expect(shortened("2026-11-28_14-03-22_resnet18_fold3", "2026-11-28_14-03-22_resnet18_fold4")).toEqual([
      "…fold3",
      "…fold4",
    ]);
    expect(shortened("sweep/lr=0.1/wd=0.01/seed=1", "sweep/lr=1/wd=0.01/seed=1")).toEqual([
      "…lr=0.1…",
      "…lr=1…",
    ]);
  });

  it("does not cut a value of a hyper-parameter", () => {
    expect(shortened("cnn_lr=0.003,wd=0,seed=1", "cnn_lr=0.1,wd=0,seed=1")).toEqual([
      "cnn_lr=0.003…",
      "cnn_lr=0.1…",
    ]);
    expect(shortened("cnn_lr=1e-3,wd=0,seed=10", "cnn_lr=1e-4,wd=0,seed=20")).toEqual([
      "cnn_lr=1e-3,wd=0,seed=10",
      "cnn_lr=1e-4,wd=0,seed=20",
    ]);
    expect(shortened("experiment-v1.25-final", "experiment-v1.26-final")).toEqual(["…v1.25…", "…v1.26…"]);
  });

  it("leaves short names, single names and names without anything in common as they are", () => {
    expect(shortened("mnist/lr=0.01", "mnist/lr=1")).toEqual(["mnist/lr=0.01", "mnist/lr=1"]);
    expect(shortened("2026-11-28_14-03-22_resnet18_fold3")).toEqual(["2026-11-28_14-03-22_resnet18_fold3"]);
    expect(shortened("a very long name of a run", "another long name of one")).toEqual([
      "a very long name of a run",
      "another long name of one",
    ]);
  });

  it("keeps a name that the others begin with", () => {
    const names = ["experiments/resnet/run", "experiments/resnet/run/eval"];
    expect(shortened(...names)).toEqual(["…run", "…run/eval"]);
    expect(new Set(shortened("experiments/resnet/", "experiments/resnet/a")).size).toBe(2);
  });
});

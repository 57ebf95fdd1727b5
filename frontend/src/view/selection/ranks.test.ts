import { describe, expect, it } from "vitest";
import { firstRuns, runsToChoices, splitRank } from "./ranks";

const named = (...names: string[]) => names.map((name) => ({ name }));
const names = (runs: readonly { readonly name: string }[]) => runs.map(({ name }) => name);

describe("ranks", () => {
  it("knows the directories of ranks from other names", () => {
    expect(splitRank("a/b/rank12")).toEqual({ parent: "a/b", rank: 12 });
    expect(splitRank("rank0")).toEqual({ parent: "", rank: 0 });
    for (const name of ["rank", "ranked/1", "a/rank1/b", "a/rankx", "frank1"])
      expect(splitRank(name)).toBeNull();
  });

  it("makes one choice of the ranks of a training, sorted by number", () => {
    const choices = runsToChoices(named("a", "ddp/rank10", "ddp/rank2", "z/rank0", "ddp/rank0"));
    expect(choices.map(({ name }) => name)).toEqual(["a", "ddp", "z/rank0"]);
    expect(names(choices[1]!.runs)).toEqual(["ddp/rank0", "ddp/rank2", "ddp/rank10"]);
  });

  it("keeps a run apart from ranks below it", () => {
    expect(runsToChoices(named("ddp", "ddp/rank0", "ddp/rank1"))).toHaveLength(2);
  });

  it("shows one rank of each training at first, all ranks of a single one", () => {
    expect(names(firstRuns(named("a", "ddp/rank0", "ddp/rank1"), 6))).toEqual(["a", "ddp/rank0"]);
    expect(names(firstRuns(named("rank0", "rank1", "rank2"), 2))).toEqual(["rank0", "rank1"]);
    expect(firstRuns([], 6)).toEqual([]);
  });
});

/** Ranks of one training, each with a run directory of its own (`per_rank=True`), as one choice. */

interface NamedRun {
  readonly name: string;
}

/** A run, or all ranks of a training under the name of their parent directory. */
export interface RunChoice<T extends NamedRun> {
  readonly name: string;
  /** One for each rank, in the order of the ranks; a single one for other runs. */
  readonly runs: readonly T[];
}

export interface RankName {
  readonly parent: string;
  readonly rank: number;
}

/** "ddp/rank3" as rank 3 of "ddp"; null for other names. */
export function splitRank(name: string): RankName | null {
  const found = /^(?:(.+)\/)?rank(\d+)$/.exec(name);
  return found && { parent: found[1] ?? "", rank: Number(found[2]) };
}

/** Runs in their order; ranks stand where the first of them stood. One rank alone is a run like others. */
export function runsToChoices<T extends NamedRun>(runs: readonly T[]): readonly RunChoice<T>[] {
  const choices = new Map<string, T[]>();
  for (const run of runs) {
    const split = splitRank(run.name);
    // A run may have the name of a parent; the slash keeps them apart.
    const key = split === null ? run.name : `${split.parent}/`;
    const members = choices.get(key);
    if (members) members.push(run);
    else choices.set(key, [run]);
  }
  return [...choices.values()].map((members) => toChoice(members));
}

function toChoice<T extends NamedRun>(members: readonly T[]): RunChoice<T> {
  const name = members[0]?.name ?? "";
  if (members.length === 1) return { name, runs: members };
  return {
    name: splitRank(name)?.parent || "ranks",
    runs: [...members].sort((a, b) => rankOf(a) - rankOf(b)),
  };
}

function rankOf(run: NamedRun): number {
  return splitRank(run.name)?.rank ?? 0;
}

/**
 * What is shown before anybody chooses: the first choices. Of several trainings the first rank of each; of one
 * alone all its ranks.
 */
export function firstRuns<T extends NamedRun>(runs: readonly T[], most: number): readonly T[] {
  const choices = runsToChoices(runs);
  const found =
    choices.length === 1 ? (choices[0]?.runs ?? []) : choices.flatMap(({ runs: [first] }) => first ?? []);
  return found.slice(0, most);
}

/** The answers of the server's routes, out of a shared file. */

import {
  API_VERSION,
  type Board,
  type BoardRequest,
  type Comparison,
  type Findings,
  type Index,
  type Profile,
  type ProfileColumns,
  type ScalarSeries,
  type Unchanged,
} from "../series/types";
import type { SharedData } from "./shared_data";

/** What the file does not hold; the message is for the reader. */
export class NotShared extends Error {
  override readonly name = "NotShared";
}

type Figures = Readonly<Record<string, readonly (number | null)[]>>;

/** `readPart`: a part of the file as JSON. */
export class SharedAnswers {
  constructor(
    private readonly data: SharedData,
    private readonly readPart: (name: string) => Promise<unknown>,
  ) {}

  /** The answer of a route; NotShared where the file has none. */
  async answer(route: string, query: URLSearchParams, body: unknown): Promise<object> {
    switch (route) {
      case "index":
        return this.index(query.get("known"));
      case "findings":
        return this.findings(query.get("baseline") ?? "");
      case "sweep":
        return this.data.sweep;
      case "board":
        return this.board(body as BoardRequest);
      case "scalars":
        return this.scalars(query);
      case "comparison":
        return this.comparison(query);
      case "profile":
        return this.profile(query);
      default:
        throw new NotShared("A shared file does not hold this; TensorBoard shows it.");
    }
  }

  private index(known: string | null): Index | Unchanged {
    const { index } = this.data;
    if (known !== index.revision) return index;
    return { version: API_VERSION, revision: known, unchanged: true };
  }

  private findings(baseline: string): Findings {
    const { findings, errors, differences } = this.data.findings;
    const apart = differences.find((of) => of.baseline === baseline)?.findings ?? [];
    return {
      version: API_VERSION,
      findings: [...findings, ...apart],
      runs: this.data.index.runs.length,
      unchecked: [],
      pending: 0,
      errors: [...errors],
    };
  }

  private board({ runs, series }: BoardRequest): Board {
    const { index, board } = this.data;
    const runAt = new Map(runs.map((name, at) => [name, at]));
    const seriesAt = new Map(series.map(({ tag, source = "blocks" }, at) => [`${source} ${tag}`, at]));
    const cells = board.cells.flatMap((cell) => {
      const { source, tag } = index.series[cell.series]!;
      const run = runAt.get(index.runs[cell.run]!.name);
      const at = seriesAt.get(`${source} ${tag}`);
      return run === undefined || at === undefined ? [] : [{ ...cell, run, series: at }];
    });
    return { version: API_VERSION, shares: [...board.shares], cells, pending: 0 };
  }

  private scalars(query: URLSearchParams): ScalarSeries {
    const found = this.data.scalars.find(
      ({ run, tag }) => run === query.get("run") && tag === query.get("tag"),
    );
    if (found === undefined) throw new NotShared("This scalar is not in the shared file.");
    return found;
  }

  private comparison(query: URLSearchParams): Comparison {
    const found = this.data.comparisons.find(
      ({ a, b, mode }) => a === query.get("a") && b === query.get("b") && mode === query.get("mode"),
    );
    if (found !== undefined) return found;
    throw new NotShared(
      "The shared file does not say where these runs first differ; `tb-activation-hist compare` and TensorBoard do.",
    );
  }

  private async profile(query: URLSearchParams): Promise<Profile> {
    const asked = (name: string, otherwise: string) => query.get(name) ?? otherwise;
    const held = this.data.profiles.find(
      ({ run, kind, phase, figures }) =>
        run === query.get("run") &&
        kind === query.get("kind") &&
        phase === asked("phase", "train") &&
        figures === asked("figures", "change"),
    );
    if (held === undefined) throw new NotShared("These layers are not in the shared file.");
    const whole = (await this.readPart(held.part)) as Profile;
    const steps = query.get("steps")?.split(",").map(Number);
    const part = steps === undefined ? whole : cutProfile(whole, steps[0]!, steps[1]!);
    return asked("pooled", "0") === "1" ? poolProfile(part) : part;
  }
}

/** The columns that hold one of these steps. */
export function cutProfile(whole: Profile, first: number, last: number): Profile {
  const spans = whole.columns.map(({ first_steps, last_steps }) => {
    const from = last_steps.findIndex((step) => step >= first);
    return [
      from < 0 ? last_steps.length : from,
      first_steps.findLastIndex((step) => step <= last) + 1,
    ] as const;
  });
  return mapColumns(
    whole,
    (columns, at) => slices(columns, ...spans[at]!),
    (figures, at) => slices(figures, ...spans[at]!),
  );
}

/**
 * All columns as one. Of each figure it has the mean over the records, of `rms` the root of the mean square: of
 * quantiles that is not the quantile of all values together, but near it.
 */
export function poolProfile(part: Profile): Profile {
  return mapColumns(part, poolTimes, (figures, at) => {
    const { records } = part.columns[at]!;
    return Object.fromEntries(
      Object.entries(figures).map(([name, values]) => [name, [meanOf(name, values, records)]]),
    );
  });
}

function meanOf(name: string, values: readonly (number | null)[], weights: readonly number[]): number | null {
  const power = name === "rms" ? 2 : 1;
  let sum = 0;
  let all = 0;
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    sum += weights[at]! * value ** power;
    all += weights[at]!;
  }
  return all === 0 ? null : (sum / all) ** (1 / power);
}

function poolTimes(columns: ProfileColumns): ProfileColumns {
  const { length } = columns.records;
  if (length === 0) return columns;
  return {
    first_steps: columns.first_steps.slice(0, 1),
    last_steps: columns.last_steps.slice(-1),
    first_wall_times: columns.first_wall_times.slice(0, 1),
    last_wall_times: columns.last_wall_times.slice(-1),
    records: [columns.records.reduce((sum, count) => sum + count, 0)],
  };
}

function mapColumns(
  profile: Profile,
  toColumns: (columns: ProfileColumns, at: number) => ProfileColumns,
  toFigures: (figures: Figures, at: number) => object,
): Profile {
  return {
    ...profile,
    columns: profile.columns.map(toColumns),
    layers: profile.layers.map((layer) => ({
      ...layer,
      figures: toFigures(layer.figures as Figures, layer.columns) as typeof layer.figures,
    })),
  };
}

function slices<Lists extends object>(lists: Lists, from: number, to: number): Lists {
  const cut = Object.entries(lists).map(([name, values]) => [name, (values as unknown[]).slice(from, to)]);
  return Object.fromEntries(cut) as Lists;
}

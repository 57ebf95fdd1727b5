/** What lies in a shared file (plugin/sharing/share.py). The page is in the same file, so both are of one version. */

import type {
  BoardCell,
  Comparison,
  FindingAnswer,
  Index,
  Profile,
  ScalarSeries,
  SeriesSource,
  Sweep,
} from "../series/types";

/** Differences along the columns of a time axis; wall times in ms. */
export interface PackedAxis {
  readonly first_step: readonly number[];
  readonly last_step: readonly number[];
  readonly first_wall_time: readonly number[];
  readonly last_wall_time: readonly number[];
  readonly records: readonly number[];
}

export interface SharedData {
  readonly index: Index;
  readonly findings: {
    readonly findings: readonly FindingAnswer[];
    readonly errors: readonly string[];
    readonly differences: readonly {
      readonly baseline: string;
      readonly findings: readonly FindingAnswer[];
    }[];
  };
  readonly sweep: Sweep;
  readonly board: { readonly shares: readonly number[]; readonly cells: readonly BoardCell[] };
  readonly scalars: readonly ScalarSeries[];
  readonly comparisons: readonly Comparison[];
  /** Each under the name of its part. */
  readonly profiles: readonly (Pick<Profile, "run" | "kind" | "phase"> & {
    readonly figures: string;
    readonly part: string;
  })[];
  readonly tiles: readonly {
    readonly run: string;
    readonly tag: string;
    readonly source: SeriesSource;
    readonly part: string;
  }[];
  readonly axes: readonly PackedAxis[];
  readonly about: {
    readonly origin: string;
    /** Seconds since 1970. */
    readonly made: number;
    /** What the file holds, what was pooled and what was left out. */
    readonly summary: readonly string[];
  };
}

/** What the server sends (plugin/http_api.md), as the page holds it. */

import type { Source } from "../math/tile";

export interface RunInfo {
  readonly silent?: readonly string[];
  readonly skipped?: number;
  readonly cadence?: string;
  readonly errors?: readonly string[];
}

export interface Run {
  readonly name: string;
  readonly start_time: number | null;
  readonly info: RunInfo;
  /** Scalar tags that can be drawn above the heatmaps. */
  readonly scalars: readonly string[];
}

/** One layer and kind; `runs[i]`, `shapes[i]`, `dtypes[i]` and `steps[i]` belong together. */
export interface Series {
  readonly tag: string;
  readonly layer: string;
  readonly kind: string;
  readonly phase: string;
  readonly order: number;
  readonly type: string;
  readonly source: Source;
  readonly bins: Readonly<Record<string, unknown>>;
  readonly runs: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  readonly dtypes: readonly string[];
  /** Newest step of each when this object was made; it outlives that, so ask `newestSteps` (view/catalog/catalog.ts). */
  readonly steps: readonly number[];
}

export interface Index {
  readonly version: 1;
  readonly revision: string;
  readonly runs: readonly Run[];
  readonly series: readonly Series[];
  readonly warnings: readonly string[];
}

export interface TileRequest {
  readonly run: string;
  readonly tag: string;
  readonly source: Source;
  readonly steps?: readonly [number, number];
  readonly columns?: number;
  readonly rows?: number;
  readonly unit?: number;
  readonly since?: number;
}

export interface TileError {
  readonly run: string;
  readonly tag: string;
  readonly source: Source;
  readonly error: string;
  readonly status: number;
}

export interface ScalarSeries {
  readonly run: string;
  readonly tag: string;
  readonly steps: readonly number[];
  readonly wall_times: readonly number[];
  readonly values: readonly (number | null)[];
}

export type Severity = "error" | "warning" | "info";

/** Lists are parallel to the layers of the finding. */
export type Figure = number | string | null | readonly number[];

export interface Finding {
  readonly kind: string;
  readonly run: string;
  readonly layers: readonly string[];
  readonly tags: readonly string[];
  readonly first_step: number;
  readonly last_step: number;
  readonly severity: Severity;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly threshold: Readonly<Record<string, number>>;
  readonly source: string;
  readonly title: string;
  readonly advice: string;
}

export interface Findings {
  readonly findings: readonly Finding[];
  readonly pending: number;
  /** A sentence for each run that could not be looked at. */
  readonly errors: readonly string[];
}

/** Columns of the page's exports: made by tools/table_columns.py. */

/** One row for each column of a heatmap. */
export const STATISTICS_COLUMNS = [
  "run",
  "tag",
  "first_step",
  "last_step",
  "records",
  "n",
  "mean",
  "std",
  "min",
  "max",
  "p05",
  "p25",
  "p50",
  "p75",
  "p95",
  "share_near_zero",
  "share_zero",
] as const;

/** One row for each occupied cell of a heatmap. */
export const CELL_COLUMNS = [
  "run",
  "tag",
  "first_step",
  "last_step",
  "records",
  "n",
  "wall_time",
  "lower",
  "upper",
  "count",
  "split",
] as const;

/** Words that stand in `lower` and `upper` of the rows for what lies in no cell. */
export const WORDS = ["zeros", "nan", "+inf", "-inf", "below", "above"] as const;

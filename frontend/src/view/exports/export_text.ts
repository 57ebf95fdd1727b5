/** What a panel shows as CSV, TSV or JSON, and names for the files. */

import { shareNearZero, shareZero } from "../../math/near_zero";
import { PERCENTILES, quantiles } from "../../math/quantiles";
import type { Grid } from "../../math/rebin";
import type { Tile } from "../../math/tile";

/** A panel's data: the tile, its re-binned counts and the columns in view, [from, to). */
export interface Shown {
  readonly tile: Tile;
  readonly grid: Grid;
  readonly from: number;
  readonly to: number;
}

export type Separator = "," | "\t";

/** What is counted beside the rows; stands in the columns lower and upper. */
const OUTSIDE = ["zeros", "nan", "+inf", "-inf", "below", "above"] as const;
type Outside = (typeof OUTSIDE)[number];

/** `n`: values of the column, all its records together. */
const COLUMN_HEAD = ["run", "tag", "first_step", "last_step", "records", "n"];
const COUNT_HEAD = [...COLUMN_HEAD, "wall_time", "lower", "upper", "count", "split"];
const STATISTICS_HEAD = [...COLUMN_HEAD, "mean", "std", "min", "max"];

/** Said in files whose counts are not all exact. */
const SPLIT_NOTE =
  "Rows cut stored bins, whose counts were split in proportion where split is 1; the export of exact counts has whole ones.";

/**
 * One line per occupied cell of each panel, then those of zeros, non-finite and out-of-range values. Where any
 * counts are split, a line that begins with # says so first.
 */
export function countsToText(panels: readonly Shown[], separator: Separator = ","): string {
  const lines: Cell[][] = [COUNT_HEAD];
  for (const { tile, grid, from, to } of panels) {
    const split = grid.split ? 1 : 0;
    for (let c = from; c < to; c++) {
      const head = [...columnHead(tile, c), tile.columns.firstWallTime[c]!];
      for (let row = 0; row < grid.rows; row++) {
        const count = grid.counts[row * grid.columns + c]!;
        if (count > 0) lines.push([...head, grid.edges[row]!, grid.edges[row + 1]!, count, split]);
      }
      for (const word of OUTSIDE) {
        const count = outsideCount(tile, grid, word, c);
        if (count > 0) lines.push([...head, word, word, count, isOutOfRange(word) ? split : 0]);
      }
    }
  }
  const note = panels.some(({ grid }) => grid.split) ? `# ${SPLIT_NOTE}\n` : "";
  return note + linesToText(lines, separator);
}

/** These are counted beyond an edge that may cut a stored bin; the others were counted by themselves. */
function isOutOfRange(word: Outside): boolean {
  return word === "below" || word === "above";
}

/** One line per column: exact moments, percentiles, shares near zero and exactly zero. */
export function statisticsToText(panels: readonly Shown[], separator: Separator = ","): string {
  const percentiles = PERCENTILES.map((share) => `p${share * 100}`);
  const lines: Cell[][] = [[...STATISTICS_HEAD, ...percentiles, "share_near_zero", "share_zero"]];
  for (const { tile, from, to } of panels) {
    const values = [...quantiles(tile), shareNearZero(tile), shareZero(tile)];
    for (let c = from; c < to; c++) {
      const { mean, std, min, max } = tile.columns;
      const moments = [mean, std, min, max, ...values].map((array) => array[c]!);
      lines.push([...columnHead(tile, c), ...moments]);
    }
  }
  return linesToText(lines, separator);
}

/** The same numbers with the edges, one object per panel; counts[column][row]. */
export function countsToJson(panels: readonly Shown[]): string {
  const objects = panels.map(({ tile, grid, from, to }) => {
    const columns = Array.from({ length: to - from }, (_, i) => from + i);
    const each = (array: ArrayLike<number>): number[] => columns.map((c) => array[c]!);
    const rows = Array.from({ length: grid.rows }, (_, row) => row * grid.columns);
    return {
      run: tile.run,
      tag: tile.tag,
      records_per_column: 2 ** tile.level,
      split_counts: grid.split,
      ...(grid.split ? { note: SPLIT_NOTE.replace("split is 1", "split_counts is true") } : {}),
      first_steps: each(tile.columns.firstStep),
      last_steps: each(tile.columns.lastStep),
      wall_times: each(tile.columns.firstWallTime),
      records: each(tile.columns.records),
      n: each(tile.columns.n),
      ...Object.fromEntries(
        OUTSIDE.filter((word) => word !== "zeros" || tile.source === "blocks").map((word) => [
          word,
          columns.map((c) => outsideCount(tile, grid, word, c)),
        ]),
      ),
      edges: Array.from(grid.edges),
      counts: columns.map((c) => rows.map((at) => grid.counts[at + c]!)),
    };
  });
  return `${JSON.stringify({ version: 1, panels: objects })}\n`;
}

const NAME_LENGTH = 150;

/** A file name of runs, tag, range ... without characters that a file system refuses. Many runs are cut short. */
export function fileName(parts: readonly (string | number)[], extension: string): string {
  const words = parts.map((part) =>
    String(part)
      .replace(/[^\p{L}\p{N}.=_-]+/gu, "-")
      .replace(/^[-.]+|-+$/g, ""),
  );
  const [runs = "", ...others] = words.filter((word) => word !== "");
  const rest = others
    .map((word) => `_${word}`)
    .join("")
    .slice(1 - NAME_LENGTH);
  const name = runs.slice(0, NAME_LENGTH - rest.length) + rest;
  return `${name === "" ? "histogram" : name}.${extension}`;
}

type Cell = string | number;

function columnHead(tile: Tile, c: number): Cell[] {
  const { firstStep, lastStep, records, n } = tile.columns;
  return [tile.run, tile.tag, firstStep[c]!, lastStep[c]!, records[c]!, n[c]!];
}

function outsideCount(tile: Tile, grid: Grid, word: Outside, c: number): number {
  const { zeros, nans, posInfs, negInfs } = tile.columns;
  const arrays = { zeros, nan: nans, "+inf": posInfs, "-inf": negInfs, below: grid.below, above: grid.above };
  return arrays[word][c]!;
}

function linesToText(lines: readonly (readonly Cell[])[], separator: Separator): string {
  return `${lines.map((line) => line.map((cell) => cellToText(cell, separator)).join(separator)).join("\n")}\n`;
}

/** Quoted as RFC 4180 says; a leading = + - @ in a name would run as a formula in a spreadsheet. */
function cellToText(cell: Cell, separator: Separator): string {
  if (typeof cell === "number") return Number.isNaN(cell) ? "nan" : String(cell);
  const formula = /^[=@]/.test(cell) || /^[+-](?!inf$)/.test(cell);
  const safe = formula ? `'${cell}` : cell;
  return safe.includes(separator) || /["\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

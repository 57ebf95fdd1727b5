/** What a panel shows as CSV, TSV or JSON, and names for the files. */

import { shareNearZero, shareZero } from "../../math/near_zero";
import { quantiles } from "../../math/quantiles";
import type { CellGrid } from "../../math/rebin";
import type { Tile } from "../../math/tile";
import { CELL_COLUMNS, STATISTICS_COLUMNS, WORDS } from "./table_columns";

/** A panel's data: the tile, its re-binned counts and the columns in view, [from, to). */
export interface ShownCells {
  readonly tile: Tile;
  readonly grid: CellGrid;
  readonly from: number;
  readonly to: number;
}

export type Separator = "," | "\t";

type Word = (typeof WORDS)[number];

/** The cells of one line by column. */
type Line<Columns extends readonly string[]> = Readonly<Record<Columns[number], CellValue>>;

/** Said in files whose counts are not all exact. */
const SPLIT_NOTE =
  "Rows cut stored bins, whose counts were divided in proportion where split is 1; the export of exact counts has whole bins.";

/**
 * One line per occupied cell of each panel, then those of zeros, non-finite and out-of-range values. Where any
 * counts are split, a line that begins with # says so first.
 */
export function countsToText(panels: readonly ShownCells[], separator: Separator = ","): string {
  const lines: Line<typeof CELL_COLUMNS>[] = [];
  for (const { tile, grid, from, to } of panels) {
    const split = grid.split ? 1 : 0;
    for (let c = from; c < to; c++) {
      const head = { ...columnHead(tile, c), wall_time: tile.columns.firstWallTime[c]! };
      for (let row = 0; row < grid.rows; row++) {
        const count = grid.counts[row * grid.columns + c]!;
        const [lower, upper] = [grid.edges[row]!, grid.edges[row + 1]!];
        if (count > 0) lines.push({ ...head, lower, upper, count, split });
      }
      for (const word of WORDS) {
        const count = wordCount(tile, grid, word, c);
        const cut = isOutOfRange(word) ? split : 0;
        if (count > 0) lines.push({ ...head, lower: word, upper: word, count, split: cut });
      }
    }
  }
  const note = panels.some(({ grid }) => grid.split) ? `# ${SPLIT_NOTE}\n` : "";
  return note + linesToText(CELL_COLUMNS, lines, separator);
}

/** These are counted beyond an edge that may cut a stored bin; the others were counted by themselves. */
function isOutOfRange(word: Word): boolean {
  return word === "below" || word === "above";
}

/** One line per column: exact moments, percentiles, shares near zero and exactly zero. */
export function statisticsToText(panels: readonly ShownCells[], separator: Separator = ","): string {
  const lines: Line<typeof STATISTICS_COLUMNS>[] = [];
  for (const { tile, from, to } of panels) {
    const { mean, std, min, max } = tile.columns;
    const [p05, p25, p50, p75, p95] = quantiles(tile);
    const [near, zero] = [shareNearZero(tile), shareZero(tile)];
    for (let c = from; c < to; c++) {
      lines.push({
        ...columnHead(tile, c),
        ...{ mean: mean[c]!, std: std[c]!, min: min[c]!, max: max[c]! },
        ...{ p05: p05![c]!, p25: p25![c]!, p50: p50![c]!, p75: p75![c]!, p95: p95![c]! },
        ...{ share_near_zero: near[c]!, share_zero: zero[c]! },
      });
    }
  }
  return linesToText(STATISTICS_COLUMNS, lines, separator);
}

/** The same numbers with the edges, one object per panel; counts[column][row]. */
export function countsToJson(panels: readonly ShownCells[]): string {
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
        WORDS.filter((word) => word !== "zeros" || tile.source === "blocks").map((word) => [
          word,
          columns.map((c) => wordCount(tile, grid, word, c)),
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

type CellValue = string | number;

function columnHead(tile: Tile, c: number) {
  const { firstStep, lastStep, records, n } = tile.columns;
  return {
    run: tile.run,
    tag: tile.tag,
    first_step: firstStep[c]!,
    last_step: lastStep[c]!,
    records: records[c]!,
    n: n[c]!,
  };
}

/** How many values of a column a word stands for. */
function wordCount(tile: Tile, grid: CellGrid, word: Word, c: number): number {
  const { zeros, nans, posInfs, negInfs } = tile.columns;
  const arrays = { zeros, nan: nans, "+inf": posInfs, "-inf": negInfs, below: grid.below, above: grid.above };
  return arrays[word][c]!;
}

function linesToText<Columns extends readonly string[]>(
  columns: Columns,
  lines: readonly Line<Columns>[],
  separator: Separator,
): string {
  const rows = lines.map((line) => columns.map((name: Columns[number]) => line[name]));
  return [columns, ...rows]
    .map((row) => `${row.map((cell) => cellToText(cell, separator)).join(separator)}\n`)
    .join("");
}

/** Quoted as RFC 4180 says; a leading = + - @ in a name would run as a formula in a spreadsheet. */
function cellToText(cell: CellValue, separator: Separator): string {
  if (typeof cell === "number") return Number.isNaN(cell) ? "nan" : String(cell);
  const formula = /^[=@]/.test(cell) || /^[+-](?!inf$)/.test(cell);
  const safe = formula ? `'${cell}` : cell;
  return safe.includes(separator) || /["\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

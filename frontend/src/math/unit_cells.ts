/** Where the units (slices) of a split layer lie in their picture, and how a statistic becomes a colour. */

/** The parts of an answer of the slices route that a picture is made of. */
export interface UnitTable {
  readonly per_row: number;
  readonly order: readonly number[];
  readonly first_steps: readonly number[];
  readonly last_steps: readonly number[];
  readonly range: readonly [number, number] | null;
  readonly values: readonly (readonly (number | null)[])[];
}

/** Statistics that are sizes: their colours are logarithmic. */
const SIZES: ReadonlySet<string> = new Set(["std", "abs_max", "rms"]);
/** Octaves below the largest size that have colours of their own. */
const OCTAVES = 20;

/** The column that holds a step, -1 before the first one; a step in a gap belongs to the column before it. */
export function unitColumn(table: UnitTable, step: number): number {
  let low = 0;
  let high = table.first_steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table.first_steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Units of a row of the picture, the first row at its top. */
export function unitsOfRow(table: UnitTable, row: number): readonly number[] {
  return table.order.slice(row * table.per_row, (row + 1) * table.per_row);
}

/** "17", "16–19" or "3, 9, 12 …", as the order is. */
export function unitsToText(units: readonly number[]): string {
  const first = units[0]!;
  const last = units[units.length - 1]!;
  if (units.length === 1) return `${first}`;
  if (units.every((unit, at) => unit === first + at)) return `${first}–${last}`;
  return units.length > 3 ? `${units.slice(0, 3).join(", ")} …` : units.join(", ");
}

/** The range of all values of some tables; null where none has any. */
export function joinRanges(tables: readonly UnitTable[]): UnitTable["range"] {
  const ends = tables.flatMap(({ range }) => range ?? []);
  return ends.length === 0 ? null : [Math.min(...ends), Math.max(...ends)];
}

/** Share 0..1 of the colour scale of a value; -1 where it has no colour. */
export function valueToShare(value: number | null, statistic: string, range: UnitTable["range"]): number {
  if (value === null || range === null) return -1;
  const [low, high] = statistic === "zero_share" ? [0, 1] : range;
  if (SIZES.has(statistic)) {
    if (value <= 0) return -1;
    const least = Math.max(low, high * 2 ** -OCTAVES);
    return least >= high ? 1 : clamp(Math.log2(value / least) / Math.log2(high / least));
  }
  return high > low ? clamp((value - low) / (high - low)) : 1;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

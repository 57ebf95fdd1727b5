/** Groups of the board's runs, and the line that sums each up. */

import { formatExact, formatValue, nameSteps } from "../../math/format";
import { type Column, compareFacts, type Fact, factToText, lossColumn } from "./facts";
import { healthOf, isSick, worstFinding } from "./health";

export interface RunGroup {
  /** Such as "lr=1". */
  readonly name: string;
  readonly runs: readonly string[];
}

/** More different numbers than this are grouped by ranges. */
const MOST_VALUES = 12;
const RANGES = 4;

/** In the order of the column's values; runs keep theirs. */
export function groupRuns(runs: readonly string[], column: Column): readonly RunGroup[] {
  const facts = [...new Set(runs.map(column.read))].sort((a, b) => compareFacts(a, b, 1));
  const numbers = facts.filter((fact) => typeof fact === "number");
  const groupOf = numbers.length > MOST_VALUES ? rangeOf(numbers) : factToText;
  const groups = new Map<string, string[]>(facts.map((fact) => [groupOf(fact), []]));
  for (const run of runs) groups.get(groupOf(column.read(run)))?.push(run);
  return [...groups].map(([value, members]) => ({ name: groupName(column.label, value), runs: members }));
}

function groupName(label: string, value: string): string {
  return value === "" ? `no ${label}` : `${label}=${value}`;
}

/** Quarters of the numbers, such as "0.1–0.35". */
function rangeOf(ascending: readonly number[]): (fact: Fact) => string {
  const size = Math.ceil(ascending.length / RANGES);
  const ranges = Array.from({ length: RANGES }, (_, at) => ascending.slice(at * size, (at + 1) * size));
  const names = new Map(
    ranges.flatMap((range) =>
      range.map((number) => [number as Fact, `${formatValue(range[0]!)}–${formatValue(range.at(-1)!)}`]),
    ),
  );
  return (fact) => names.get(fact) ?? factToText(fact);
}

/** "6 of 6 sick, often exploding, layer3 first, steps 29–37, last loss 2.3–2.32"; what is not known yet is said. */
export function sumUp(runs: readonly string[]): string {
  const sick = runs.filter(isSick);
  const unknown = runs.filter((run) => healthOf(run) === "unchecked").length;
  const parts = [
    sick.length === 0 && unknown === 0
      ? `${runs.length} healthy`
      : `${formatExact(sick.length)} of ${formatExact(runs.length)} sick`,
  ];
  const worst = sick.flatMap((run) => worstFinding(run) ?? []);
  const kind = mostFrequent(worst.map((one) => one.kind));
  // What is said of layers and steps is said of this kind.
  const usual = worst.filter((one) => one.kind === kind);
  const layer = mostFrequent(usual.flatMap(({ layers: [first] }) => first ?? []));
  if (kind !== undefined)
    parts.push(`${usual.length < worst.length ? "often " : ""}${kind.replaceAll("_", " ")}`);
  if (layer !== undefined) parts.push(`${layer} first`, stepsToText(usual.map((one) => one.first_step)));
  if (unknown > 0) parts.push(`${formatExact(unknown)} not checked yet`);
  const losses = runs.map(lossColumn.read);
  const finite = losses.filter((loss) => typeof loss === "number");
  const broken = losses.filter((loss) => typeof loss === "string");
  const ends = finite.length > 0 ? [rangeToText(finite)] : [];
  if (broken[0]) ends.push(`${broken.length < runs.length ? `${broken.length} ` : ""}${broken[0]}`);
  if (ends.length > 0) parts.push(`${lossColumn.label} ${ends.join(", ")}`);
  return parts.join(", ");
}

function stepsToText(steps: readonly number[]): string {
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  return nameSteps(first, last);
}

function rangeToText(numbers: readonly number[]): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)].map((number) => formatValue(number));
  return least === most ? `${least}` : `${least}–${most}`;
}

function mostFrequent(names: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** The filter of the board's runs: words of names, and conditions on columns. */

import { type Filter, parseFilter } from "../selection/filter";
import { type Column, factToText } from "./facts";

/** A column, a comparison and a value. */
const CONDITION = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/;
const AROUND = /\s*([<>=!]=?)\s*/g;
const APART = /[\s,]+/;

interface RunFilter {
  matches(run: string): boolean;
  readonly error: string;
}

/** "lr=1, loss<0.5 seed3": runs that fulfil all conditions and whose names have all other words. */
export function parseRunFilter(text: string, columns: readonly Column[]): RunFilter {
  const conditions: ((run: string) => boolean)[] = [];
  let unknown = "";
  const words = text.trim().startsWith("/")
    ? [text]
    : withoutBlanks(text, columns)
        .split(APART)
        .filter((word) => {
          const [, name = "", comparison = "", value = ""] = CONDITION.exec(word) ?? [];
          const column = findColumn(name, columns);
          if (column !== undefined) conditions.push((run) => compare(column, run, comparison, value));
          // A name may have an equals sign, but no other comparison.
          else if (comparison !== "" && comparison !== "=") unknown = `There is no column ${name}`;
          else return true;
          return false;
        });
  const names: Filter = parseFilter(words.join(" "));
  return {
    matches: (run) => names.matches(run) && conditions.every((holds) => holds(run)),
    error: names.error || unknown,
  };
}

/** Each condition as one word: "last loss < 1" as "loss<1". */
function withoutBlanks(text: string, columns: readonly Column[]): string {
  let short = text.replace(AROUND, "$1");
  for (const { id, label } of columns) if (label.includes(" ")) short = short.replaceAll(label, id);
  return short;
}

/** By its name, or by the only one that ends with it: "lr" for "resnet_lr". */
function findColumn(name: string, columns: readonly Column[]): Column | undefined {
  const exact = columns.find(({ id, label }) => [id, label].includes(name));
  const [ending, ...others] = columns.filter(
    ({ label }) => name !== "" && label.split(/[_./-]/).at(-1) === name,
  );
  return exact ?? (others.length === 0 ? ending : undefined);
}

function compare(column: Column, run: string, comparison: string, value: string): boolean {
  const fact = column.read(run);
  const number = Number(value);
  const numeric = typeof fact === "number" && value !== "" && !Number.isNaN(number);
  const words = [factToText(fact), ...(column.words?.(run) ?? [])].map((word) => word.toLowerCase());
  const equal = numeric ? fact === number : words.includes(value.toLowerCase());
  if (comparison === "=") return equal;
  if (comparison === "!=") return !equal;
  if (!numeric) return false;
  if (comparison === "<") return fact < number;
  if (comparison === ">") return fact > number;
  return equal || (comparison === "<=" ? fact < number : fact > number);
}

/** The filter of the board's runs: words of names, and conditions on columns. */

import { type Filter, parseFilter } from "../selection/filter";
import { type Fact, type FactColumn, factToText } from "./facts";
import { isSick } from "./health";

/** A column, a comparison and a value. */
const CONDITION = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/;

interface RunFilter {
  matches(run: string): boolean;
  readonly error: string;
}

/** "lr=1 loss<0.5 seed3": runs that fulfil all conditions and whose names have all other words. */
export function parseRunFilter(text: string, columns: readonly FactColumn[]): RunFilter {
  const conditions: ((run: string) => boolean)[] = [];
  const words = text.trim().startsWith("/")
    ? [text]
    : text.split(/\s+/).filter((word) => {
        const condition = wordToCondition(word, columns);
        if (condition !== null) conditions.push(condition);
        return condition === null;
      });
  const names: Filter = parseFilter(words.join(" "));
  return {
    matches: (run) => names.matches(run) && conditions.every((holds) => holds(run)),
    error: names.error,
  };
}

/** null where the word names no column. */
function wordToCondition(word: string, columns: readonly FactColumn[]): ((run: string) => boolean) | null {
  const [, name = "", comparison = "", value = ""] = CONDITION.exec(word) ?? [];
  const column = columns.find(({ id, label }) => [id, label].includes(name));
  if (column === undefined) return null;
  if (column.id === "worst" && value === "sick") return (run) => isSick(run) === (comparison === "=");
  return (run) => compare(column.read(run), comparison, value);
}

function compare(fact: Fact, comparison: string, value: string): boolean {
  const number = Number(value);
  const numeric = typeof fact === "number" && value !== "" && !Number.isNaN(number);
  const equal = numeric ? fact === number : factToText(fact).toLowerCase() === value.toLowerCase();
  if (comparison === "=") return equal;
  if (comparison === "!=") return !equal;
  if (!numeric) return false;
  if (comparison === "<") return fact < number;
  if (comparison === ">") return fact > number;
  return equal || (comparison === "<=" ? fact < number : fact > number);
}

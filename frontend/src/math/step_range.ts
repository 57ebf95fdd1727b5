/** A range of steps as somebody types it. */

/** Both ends count; null: from the first, or to the last. */
export interface StepRange {
  readonly first: number | null;
  readonly last: number | null;
}

const DASH = /^(\d*)(?:-|–|—|−|:|\.\.|to)(\d*)$/i;

/** "100-150", "100:", "-50" or "120"; "" for all. What is wrong with anything else, as a sentence. */
export function parseStepRange(text: string): StepRange | string {
  const typed = text.replace(/[\s,]/g, "");
  if (typed === "") return { first: null, last: null };
  if (/^\d+$/.test(typed)) return { first: Number(typed), last: Number(typed) };
  const [, from, to] = DASH.exec(typed) ?? [];
  if (from === undefined || to === undefined || from + to === "")
    return `“${text.trim()}” is no range of steps: type 100-150, 100:, -50 or 120.`;
  const first = from === "" ? null : Number(from);
  const last = to === "" ? null : Number(to);
  if (first !== null && last !== null && first > last)
    return `The range begins at step ${first} and ends before it, at ${last}: type ${last}-${first}.`;
  return { first, last };
}

/** Long names of runs, cut where they are equal instead of where they differ. */

/** Shorter names are written out. */
const LONG = 20;
/** Fewer letters in common stay where they are. */
const WORTH_CUTTING = 6;
const CUT = "…";
/** The end of a word, which a point within a number is not. */
const BREAK = /^([/_\-,; ]|\.(?!\d))/;
/** A key and its value so far: the rest of a value alone misleads. */
const PAIR = /[^/_,; ]*=[^/_,; ]*$/;

/** Each name with "…" for the words that all have in common at the start and at the end. */
export function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const cut = names.length > 1 && names.some((name) => name.length > LONG);
  const start = cut ? commonStart(names) : 0;
  const rests = names.map((name) => reversed(name.slice(start)));
  const end = cut ? commonStart(rests) : 0;
  return new Map(
    names.map((name) => {
      const middle = name.slice(start, name.length - end);
      return [name, `${start > 0 ? CUT : ""}${middle}${end > 0 ? CUT : ""}`];
    }),
  );
}

/** Letters of the words that all texts begin with; 0 where there are too few to be worth it. */
function commonStart(texts: readonly string[]): number {
  const [first = "", ...others] = texts;
  let length = 0;
  while (length < first.length && others.every((text) => text[length] === first[length])) length++;
  // A text that ends here needs a word of its own.
  while (length > 0 && !(BREAK.test(first.slice(length - 1)) && texts.every((text) => text.length > length)))
    length--;
  length -= PAIR.exec(first.slice(0, length))?.[0].length ?? 0;
  return length < WORTH_CUTTING ? 0 : length;
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}

/** Finding an entry by a few of its letters. */

export interface Match {
  readonly score: number;
  /** Places of the letters that matched, ascending. */
  readonly at: readonly number[];
}

const WHOLE_WORD = 100;
const WORD_START = 40;
/** Earlier places are a little better, a letter apart is a little worse. */
const LATER = 0.1;
const APART = 1;

/**
 * Every word of the query must occur, in any order: as it is, or else as letters one after another,
 * each at the beginning of a word or next to the one before where that is possible. null: no match.
 */
export function fuzzyMatch(query: string, text: string): Match | null {
  const lower = text.toLowerCase();
  let score = 0;
  const at = new Set<number>();
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const found = matchWhole(word, lower) ?? matchLetters(word, lower);
    if (found === null) return null;
    score += found.score;
    for (const place of found.at) at.add(place);
  }
  return { score, at: [...at].sort((a, b) => a - b) };
}

function matchWhole(word: string, text: string): Match | null {
  let best = text.indexOf(word);
  if (best < 0) return null;
  for (let next = best; next >= 0; next = text.indexOf(word, next + 1)) {
    if (!startsWord(text, next)) continue;
    best = next;
    break;
  }
  const bonus = startsWord(text, best) ? WORD_START : 0;
  return { score: WHOLE_WORD + bonus - LATER * best, at: Array.from(word, (_, i) => best + i) };
}

function matchLetters(word: string, text: string): Match | null {
  if (!holds(word, text, 0)) return null;
  const at: number[] = [];
  for (let i = 0; i < word.length; i++) {
    const next = (at.at(-1) ?? -1) + 1;
    let place = text.indexOf(word.charAt(i), next);
    for (let start = place; start > next; start = text.indexOf(word.charAt(i), start + 1)) {
      if (!startsWord(text, start) || !holds(word.slice(i + 1), text, start + 1)) continue;
      place = start;
      break;
    }
    at.push(place);
  }
  const first = at[0] ?? 0;
  const apart = (at.at(-1) ?? 0) - first - at.length + 1;
  return { score: WORD_START - APART * apart - LATER * first, at };
}

/** Whether letters come one after another somewhere from a place on. */
function holds(letters: string, text: string, from: number): boolean {
  let place = from - 1;
  for (const letter of letters) {
    place = text.indexOf(letter, place + 1);
    if (place < 0) return false;
  }
  return true;
}

function startsWord(text: string, place: number): boolean {
  return place === 0 || /[^a-z0-9]/.test(text.charAt(place - 1));
}

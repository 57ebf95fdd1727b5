/** The layer filter: words that must all occur, or a regular expression between slashes. */

export interface Filter {
  matches(name: string): boolean;
  /** Why the regular expression cannot be read; empty when all is well. */
  readonly error: string;
}

const ALL: Filter = { matches: () => true, error: "" };

/** `conv layer1` wants both words anywhere, in any case; `/^layer[12]/i` is a regular expression. */
export function parseFilter(text: string): Filter {
  const trimmed = text.trim();
  if (trimmed === "") return ALL;
  if (trimmed.startsWith("/")) return parseExpression(trimmed);
  const words = trimmed.toLowerCase().split(/\s+/);
  return {
    matches: (name) => {
      const lower = name.toLowerCase();
      return words.every((word) => lower.includes(word));
    },
    error: "",
  };
}

function parseExpression(text: string): Filter {
  const end = text.lastIndexOf("/");
  const [pattern, flags] = end > 0 ? [text.slice(1, end), text.slice(end + 1)] : [text.slice(1), ""];
  try {
    const expression = new RegExp(pattern, flags.replace(/[gy]/g, ""));
    return { matches: (name) => expression.test(name), error: "" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...ALL, error: reason.replace(/^Invalid regular expression: /, "") };
  }
}

/** What keys are called on the sheet of keys, in tooltips and in the table of commands. */

export interface KeyRow {
  readonly keys: readonly string[];
  readonly does: string;
}

/** Names of keys that the browser calls otherwise, and keys that do the same without Shift. */
const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  " ": "Space",
  "=": "+",
  "-": "−",
  _: "−",
};

/** The key of an event; Shift is asked for apart. */
export function eventToKey({ key, ctrlKey, metaKey }: KeyboardEvent): string {
  const name = NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return (ctrlKey ? "Ctrl " : metaKey ? "⌘ " : "") + name;
}

export function keysToText(keys: readonly string[]): string {
  return keys.join(" or ");
}

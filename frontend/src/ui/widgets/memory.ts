/** What the browser keeps for this reader between visits. */

const PREFIX = "activation_hist.";

/** null: nothing was kept; undefined: the browser keeps nothing for this page. */
export function recallChoice(name: string): string | null | undefined {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return undefined;
  }
}

export function rememberChoice(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It holds for this visit.
  }
}

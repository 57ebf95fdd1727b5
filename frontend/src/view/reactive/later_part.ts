/** What is loaded when it is first wanted, once. */

import { type ReadonlySignal, signal } from "@preact/signals";

export interface LaterPart<T extends object> {
  /** null until it is there. */
  readonly value: ReadonlySignal<T | null>;
  /** Loads it unless it is there or on its way; false where that failed, and it can be asked for again. */
  load(): Promise<boolean>;
}

export function laterPart<T extends object>(load: () => Promise<T>): LaterPart<T> {
  const value = signal<T | null>(null);
  let asked = false;
  return {
    value,
    load: async () => {
      if (asked) return true;
      asked = true;
      try {
        value.value = await load();
      } catch {
        asked = false;
      }
      return asked;
    },
  };
}

/** Where TensorBoard looks for runs, as it says itself; "" until it answered. */

import { signal } from "@preact/signals";

export const logDirectory = signal("");

/** Asked for only where nothing was found; without an answer the page goes without it. */
export async function askLogDirectory(): Promise<void> {
  try {
    const answer = await fetch("../../environment");
    const { data_location } = (await answer.json()) as { readonly data_location?: unknown };
    if (typeof data_location === "string") logDirectory.value = data_location;
  } catch {
    // The sentence is true without the path.
  }
}

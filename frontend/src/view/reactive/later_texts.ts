/** Words of the parts that are loaded later. The build takes them out of the script into a list (texts_apart.ts). */

/** Filled before the first of these parts is there. */
export const laterTexts: string[] = [];

let asking: Promise<void> | null = null;

/** Loads a part after its words. */
export async function loadWithTexts<T>(load: () => Promise<T>): Promise<T> {
  asking ??= fetchTexts();
  try {
    await asking;
  } catch (error) {
    // Whoever wants the part next asks again.
    asking = null;
    throw error;
  }
  return load();
}

async function fetchTexts(): Promise<void> {
  const answer = await fetch(new URL("later_parts.json", import.meta.url));
  laterTexts.push(...((await answer.json()) as string[]));
}

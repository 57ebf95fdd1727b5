/** The part of the page for number formats, which is loaded when one is chosen first. */

import { signal } from "@preact/signals";
import * as settings from "../settings/settings";

type Part = typeof import("./number_format");

const part = signal<Part | null>(null);
let asked = false;

/** null while no format is chosen, and until the part is there. */
export function numberFormatPart(): Part | null {
  if (settings.numberFormat.value === "off") return null;
  if (!asked) void load();
  return part.value;
}

async function load(): Promise<void> {
  asked = true;
  try {
    part.value = await import("./number_format");
  } catch {
    // Asked for again when something changes.
    asked = false;
  }
}

/** What is open beside and over the page. */

import { signal } from "@preact/signals";
import type { PanelLayer } from "../../view/panel/panel_view";

export const paneOpen = signal(false);
export const paletteOpen = signal(false);
export const helpOpen = signal(false);
/** The row whose table is open. */
export const tableOf = signal<PanelLayer | null>(null);

/** Id of the field that a setting is typed or dragged in. */
export function fieldId(name: string): string {
  return `field-${name}`;
}

/** Leads to the field of a setting in the pane. */
export function showField(name: string): void {
  paneOpen.value = true;
  // The pane is drawn in this turn.
  window.setTimeout(() => document.getElementById(fieldId(name))?.focus());
}

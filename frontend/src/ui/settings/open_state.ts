/** What is open beside and over the page. */

import { computed, signal } from "@preact/signals";
import type { PanelLayer } from "../../view/panel/panel_view";
import { boardOpen, manyRuns, runsWithData } from "../../view/selection/selection";
import { recallChoice, rememberChoice } from "../widgets/memory";

export const paneOpen = signal(false);
export const paletteOpen = signal(false);
export const helpOpen = signal(false);
/** The row whose table is open. */
export const tableOf = signal<PanelLayer | null>(null);

const RUN_LIST = "run_list";
/** Where pages are this wide, the list leaves room for panels. */
const LIST_FROM_PX = 1200;
/** On narrower ones it lies over them. */
const COVERS_UP_TO_PX = 640;
/** What was chosen at this visit. */
const chosenList = signal<boolean | null>(null);

/**
 * Whether the list of runs is at the left: as somebody chose, now or at the last visit, else where the page is wide and
 * not all runs are shown. The board lists them itself.
 */
export const runListOpen = computed(() => {
  if (boardOpen.value || runsWithData.value.length < 2) return false;
  if (chosenList.value !== null) return chosenList.value;
  if (listCovers()) return false;
  const chosen = recallChoice(RUN_LIST);
  return chosen ? chosen === "1" : manyRuns.value && window.innerWidth >= LIST_FROM_PX;
});

export function openRunList(open: boolean): void {
  chosenList.value = open;
  if (!listCovers()) rememberChoice(RUN_LIST, open ? "1" : "0");
}

/** Whether the list lies over the panels while it is open. */
export function listCovers(): boolean {
  return window.innerWidth <= COVERS_UP_TO_PX;
}

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

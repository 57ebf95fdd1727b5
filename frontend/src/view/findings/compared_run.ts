/** Which shown run is compared with the baseline where runs part. */

import { computed, signal } from "@preact/signals";
import { baselineRun } from "../panel/compare";
import { shownRuns } from "../selection/selection";

/** Chosen by the user; "" for nobody's choice. */
export const chosenRun = signal("");

/** The shown runs beside the baseline. */
export const otherRuns = computed(() =>
  shownRuns.value.map((run) => run.name).filter((name) => name !== baselineRun()),
);

/** The chosen run while it is shown, else the first other one; "" without any. */
export const comparedRun = computed(() =>
  otherRuns.value.includes(chosenRun.value) ? chosenRun.value : (otherRuns.value[0] ?? ""),
);

/** Which shown run is compared with the baseline where runs part. */

import { computed } from "@preact/signals";
import { baselineRun } from "../panel/compare";
import { shownRuns } from "../selection/selection";
import * as settings from "../settings/settings";

/** The shown runs beside the baseline. */
export const otherRuns = computed(() =>
  shownRuns.value.map((run) => run.name).filter((name) => name !== baselineRun()),
);

/** The chosen run while it is shown, else the first other one; "" without any. */
export const comparedRun = computed(() =>
  otherRuns.value.includes(settings.compared.value) ? settings.compared.value : (otherRuns.value[0] ?? ""),
);

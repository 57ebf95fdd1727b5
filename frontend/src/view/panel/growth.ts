/** Whether the shown runs still grow. */

import { computed } from "@preact/signals";
import { now_ms } from "../catalog/catalog";
import { boardOpen } from "../selection/selection";
import { allTiles } from "./known_panels";

/** A run is still followed as live for so long after its last record. */
const LEAST_QUIET_S = 120;
/** Or for so many times as long as its records usually lie apart. */
const QUIET_RECORDS = 20;

/**
 * Seconds since the newest record of the panels, where that is much longer than the records lie apart; else 0. null
 * before any has come, and on the board, which may show other runs.
 */
export const quiet_s = computed((): number | null => {
  let least: number | null = null;
  for (const { columns, records } of boardOpen.value ? [] : allTiles.value) {
    const last = columns.lastWallTime.at(-1);
    if (last === undefined) continue;
    const apart_s = (last - columns.firstWallTime[0]!) / records;
    const age_s = now_ms.value / 1000 - last;
    if (age_s < Math.max(LEAST_QUIET_S, QUIET_RECORDS * apart_s)) return 0;
    least = Math.min(least ?? age_s, age_s);
  }
  return least;
});

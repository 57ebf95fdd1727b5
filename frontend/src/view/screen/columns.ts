/** Where layers are columns and runs are rows: places, so that only what is on the screen needs to exist. */

import { computed } from "@preact/signals";
import { name_px, narrow, panel_px, SCALAR_PX, STRIP_GAP_PX, strip_px, TITLE_PX } from "../layout/metrics";
import { expanded_px, rows } from "../layout/rows";
import { anyOpen, shownRuns } from "../selection/selection";
import type { LayerRow } from "../selection/tree";
import { shownTags } from "./scalars";

export interface PlacedColumn {
  readonly row: LayerRow;
  readonly left_px: number;
}

/** Room between the rows of strips. */
const GAP_PX = 7;

/** Whether the scalars of the runs stand before the first layer. */
export const showsScalars = computed(() => shownTags.value.length > 0);

/** Left end of the first layer. */
export const layersLeft_px = computed(() => name_px.value + (showsScalars.value ? panel_px.value : 0));

export const placedColumns = computed<readonly PlacedColumn[]>(() =>
  rows.value
    .filter((row) => row.kind === "layer")
    .map((row, at) => ({ row, left_px: layersLeft_px.value + at * panel_px.value })),
);

export const columnsEnd_px = computed(
  () => layersLeft_px.value + placedColumns.value.length * panel_px.value,
);

/** Height of each run's row. */
export const runRow_px = computed(() => {
  const title_px = narrow.value ? TITLE_PX : 0;
  const panels_px = anyOpen.value ? expanded_px.value : strip_px.value + STRIP_GAP_PX + GAP_PX + title_px;
  return Math.max(
    panels_px,
    (showsScalars.value ? shownTags.value.length * SCALAR_PX : 0) + GAP_PX + title_px,
  );
});

/** All rows, and under them that of the histograms of one step. */
export const runRowsEnd_px = computed(
  () => shownRuns.value.length * runRow_px.value + (anyOpen.value ? expanded_px.value : 0),
);

/** The columns that lie at least partly between two places. */
export function columnsBetween(from_px: number, to_px: number): readonly PlacedColumn[] {
  const first = Math.max(0, Math.floor((from_px - layersLeft_px.value) / panel_px.value));
  const end = Math.max(0, Math.ceil((to_px - layersLeft_px.value) / panel_px.value));
  return placedColumns.value.slice(first, end);
}

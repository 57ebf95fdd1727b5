/** The same step in all panels: one line per column of panels, or per panel where each has its own axis. */

import { useComputed } from "@preact/signals";
import { frame, name_px, panel_px, plot_px, stuckSlice_px, Y_AXIS_PX } from "../../view/layout/metrics";
import { placedRows } from "../../view/layout/rows";
import { fullAxis, sharedLiveAxis } from "../../view/panel/known_panels";
import type { PanelView } from "../../view/panel/panel_view";
import { placedColumns, runRow_px } from "../../view/screen/columns";
import { scrollLeft_px } from "../../view/screen/screen";
import { visible } from "../../view/screen/views";
import { isTransposed, shownRuns } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { cursor } from "../../view/settings/zoom";

interface LineBox {
  readonly left_px: number;
  /** Both left out: from the top to the bottom. */
  readonly top_px?: number;
  readonly height_px?: number;
}

/** `lefts_px`: where the heatmaps of each column begin. */
export function ColumnLines({ lefts_px }: { readonly lefts_px: readonly number[] }) {
  return (
    <>
      {settings.linked.value
        ? lefts_px.map((left_px) => <Lines key={left_px} box={{ left_px }} />)
        : visible.value.map((panel) => <Lines key={panel} box={boxOf(panel)} panel={panel} />)}
    </>
  );
}

function boxOf({ run, layer: { id } }: PanelView): LineBox {
  const at = shownRuns.value.findIndex(({ name }) => name === run);
  if (isTransposed.value) {
    const column = placedColumns.value.find(({ row }) => row.id === id);
    const height_px = runRow_px.value;
    return { left_px: (column?.left_px ?? 0) + Y_AXIS_PX, top_px: at * height_px, height_px };
  }
  const { top_px = 0, height_px = 0 } = placedRows.value.find(({ row }) => row.id === id) ?? {};
  return { left_px: name_px.value + at * panel_px.value + Y_AXIS_PX, top_px, height_px };
}

function Lines({ box, panel }: { readonly box: LineBox; readonly panel?: PanelView }) {
  const { left_px, top_px, height_px } = box;
  const style = (unit: number | null): string => {
    const axis = (panel?.liveAxis ?? sharedLiveAxis).value;
    const share = unit === null || fullAxis.value.kind !== axis.kind ? -1 : axis.unitToFraction(unit);
    const x_px = left_px + share * plot_px.value;
    // Names and slices stay where they are while the panels are scrolled under them.
    const seen_px = x_px - scrollLeft_px.value;
    const end_px = frame.value.width_px - stuckSlice_px.value;
    if (share < 0 || share > 1 || seen_px < name_px.value || seen_px > end_px) return "visibility:hidden";
    const part = height_px === undefined ? "" : `top:${top_px}px;height:${height_px}px;`;
    return `${part}transform:translateX(${x_px.toFixed(1)}px)`;
  };
  return (
    <>
      <div class="cross-x pin-line" style={useComputed(() => style(settings.pinned.value))} />
      <div class="cross-x" style={useComputed(() => style(cursor.value?.unit ?? null))} />
    </>
  );
}

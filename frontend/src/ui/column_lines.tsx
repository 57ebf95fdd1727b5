/** The same step in all panels: one line per column of panels, moved by CSS alone. */

import { useComputed } from "@preact/signals";
import { plot_px } from "../state/metrics";
import { fullAxis, sharedLiveAxis } from "../state/panels";
import * as settings from "../state/settings";
import { cursor } from "../state/view";

/** `lefts_px`: where the heatmaps of each column begin. */
export function ColumnLines({ lefts_px }: { readonly lefts_px: readonly number[] }) {
  return (
    <>
      {lefts_px.map((left_px) => (
        <ColumnLine key={left_px} left_px={left_px} />
      ))}
    </>
  );
}

function ColumnLine({ left_px }: { readonly left_px: number }) {
  const hovered = useComputed(() => lineStyle(cursor.value?.unit ?? null, left_px));
  const pinned = useComputed(() => lineStyle(settings.pinned.value, left_px));
  return (
    <>
      <div class="cross-x pin-line" style={pinned} />
      <div class="cross-x" style={hovered} />
    </>
  );
}

function lineStyle(unit: number | null, left_px: number): string {
  if (unit === null || fullAxis.value.kind !== sharedLiveAxis.value.kind) return "visibility:hidden";
  const share = sharedLiveAxis.value.unitToShare(unit);
  if (share < 0 || share > 1) return "visibility:hidden";
  return `transform:translateX(${(left_px + share * plot_px.value).toFixed(1)}px)`;
}

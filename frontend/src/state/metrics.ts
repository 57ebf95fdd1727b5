/** Sizes of the page's parts in CSS px, from the frame's size and the chosen density. */

import { computed, signal } from "@preact/signals";
import { runs } from "./selection";
import * as settings from "./settings";

/** Size of the part that scrolls, without its scroll bars. */
export const frame = signal({ width_px: 0, height_px: 0 });
export const pixelRatio = signal(1);

const DENSITY = {
  compact: { strip_px: 11, panel_px: 104 },
  normal: { strip_px: 13, panel_px: 148 },
  large: { strip_px: 22, panel_px: 220 },
} as const;

export const AXIS_PX = 46;
export const RIGHT_PX = 10;
export const GROUP_PX = 16;
export const STRIP_GAP_PX = 1;
/** Above and below the parts of a panel. */
export const PAD_PX = 6;
export const X_AXIS_PX = 17;
export const THIN_PX = 5;
export const THIN_GAP_PX = 1;
/** Height of the strip with shares under a panel. */
export const SHARE_PX = 12;

/** Height of one scalar above the heatmaps. */
export const SCALAR_PX = 34;

/** Run heads and margins around the only row. */
const AROUND_FULL_PX = 150;
const NARROW_PX = 640;
const MIN_PANEL_PX = 230;

/** Too narrow for a column of names: they stand above their panels. */
export const narrow = computed(() => frame.value.width_px < NARROW_PX);
export const name_px = computed(() => {
  if (narrow.value) return 0;
  return frame.value.width_px < 1000 ? 132 : 190;
});
export const TITLE_PX = 22;
export const slice_px = computed(() => {
  const { width_px } = frame.value;
  return narrow.value ? 160 : width_px < 1000 ? 130 : width_px < 1400 ? 170 : 210;
});

export const panel_px = computed(() => {
  const chosen = settings.panelWidth_px.value;
  if (chosen > 0) return Math.max(MIN_PANEL_PX, chosen);
  const { width_px } = frame.value;
  const shown = Math.max(1, runs.value.length);
  const slice = narrow.value ? 0 : slice_px.value;
  return Math.max(MIN_PANEL_PX, Math.floor((width_px - name_px.value - slice) / shown));
});

/** Width of the heatmaps themselves. */
export const plot_px = computed(() => panel_px.value - AXIS_PX - RIGHT_PX);
export const content_px = computed(() => name_px.value + panel_px.value * runs.value.length + slice_px.value);

export const strip_px = computed(() => DENSITY[settings.density.value].strip_px);
export const panelHeight_px = computed(() => {
  const usual_px = settings.panelHeight_px.value || DENSITY[settings.density.value].panel_px;
  return settings.full.value === "" ? usual_px : Math.max(usual_px, frame.value.height_px - AROUND_FULL_PX);
});

/** The next power of two, so that sizes a few pixels apart ask for the same tiles. */
export function roundUp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, 2 ** Math.ceil(Math.log2(Math.max(1, value)))));
}

/** Sizes of the page's parts in CSS px, from the frame's size and the chosen density. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { seriesId } from "../../series/series_id";
import { anyOpen, effectiveLayout, isOpen, isTransposed, layers, shownRuns } from "../selection/selection";
import { layersToTree } from "../selection/tree";
import * as settings from "../settings/settings";

/** Size of the part that scrolls, without its scroll bars. */
export const frame = signal({ width_px: 0, height_px: 0 });
export const pixelRatio = signal(1);
/** Height of the whole page: of TensorBoard's frame for us. */
export const page_px = signal(0);

/** To be called when the window may have another size. */
export function noteWindow(): void {
  page_px.value = window.innerHeight;
  pixelRatio.value = Math.min(3, window.devicePixelRatio || 1);
}

const DENSITY = {
  compact: { strip_px: 11, panel_px: 110 },
  normal: { strip_px: 13, panel_px: 154 },
  large: { strip_px: 23, panel_px: 226 },
} as const;

export const Y_AXIS_PX = 46;
export const RIGHT_PX = 10;
/** Fingers need more room than pointers. */
const coarse = typeof window !== "undefined" && window.matchMedia?.("(pointer: coarse)").matches === true;
const FINGER_PX = 24;
export const GROUP_PX = coarse ? FINGER_PX : 16;
export const STRIP_GAP_PX = 1;
/** Below the parts of a panel; above them is a line of notes, so that these cover no cells. */
export const PAD_PX = 6;
export const NOTES_PX = 16;
export const X_AXIS_PX = 17;
export const THIN_GAP_PX = 1;

/** Name and time axis of a column of panels. */
export const HEAD_PX = 48;

/** Height of one scalar above the heatmaps. */
export const SCALAR_PX = 46;

/** Run heads and margins around the only row. */
const AROUND_FULL_PX = 150;
const NARROW_PX = 640;
const MIN_PANEL_PX = 200;
const MIN_STRIP_PX = 150;
/** Height of strips beside each other, in usual strips. */
const STRIP_LEAST = 3;
const STRIP_MOST = 8;

/** Too narrow for a column of names: they stand above their panels. */
export const narrow = computed(() => frame.value.width_px < NARROW_PX);
const WIDE_NAME_PX = 190;
export const name_px = computed(() => {
  if (narrow.value) return 0;
  return frame.value.width_px < 1000 ? 132 : WIDE_NAME_PX;
});
/** Whether the corner above the names has room for the choices of axes and colours, and badges for words. */
export const roomyCorner = computed(() => name_px.value >= WIDE_NAME_PX);

/** Lower pages, such as a usual one at twice its size, have less around the heatmaps, so that three layers are seen. */
const SHORT_PX = 520;
export const short = computed(() => page_px.value > 0 && page_px.value < SHORT_PX);
const LAYERS_IN_SIGHT = 3;
const LEAST_PANEL_PX = 72;
export const TITLE_PX = 22;
/** Left and right of a slice. */
export const SLICE_MARGIN_PX = 8;
/** Beside the panels of a layer, or under them where layers are columns. */
export const slice_px: ReadonlySignal<number> = computed(() => {
  const { width_px } = frame.value;
  if (isTransposed.value) return plot_px.value + 2 * SLICE_MARGIN_PX;
  if (!anyOpen.value) return 0;
  return narrow.value ? 160 : width_px < 1000 ? 130 : width_px < 1400 ? 170 : 210;
});

/** What of it stays in sight while the panels are scrolled under it. */
export const stuckSlice_px = computed(() => (narrow.value || isTransposed.value ? 0 : slice_px.value));

export const panel_px: ReadonlySignal<number> = computed(() => {
  const chosen = settings.panelWidth_px.value;
  if (chosen > 0) return Math.max(MIN_PANEL_PX, chosen);
  const { width_px } = frame.value;
  if (isTransposed.value) return layerColumn_px(width_px - name_px.value);
  const shown = Math.max(1, shownRuns.value.length);
  return Math.max(MIN_PANEL_PX, Math.floor((width_px - name_px.value - stuckSlice_px.value) / shown));
});

/** All layers side by side where they fit, the scalars of the runs before them. */
function layerColumn_px(room_px: number): number {
  const count = (settings.full.value === "" ? layers.value.length : 1) + 1;
  const least_px = effectiveLayout.value === "strips" ? MIN_STRIP_PX : MIN_PANEL_PX;
  return Math.max(least_px, Math.floor(room_px / count));
}

/** Width of the heatmaps themselves. */
export const plot_px: ReadonlySignal<number> = computed(() => panel_px.value - Y_AXIS_PX - RIGHT_PX);
export const content_px = computed(
  () => name_px.value + panel_px.value * shownRuns.value.length + slice_px.value,
);

export const strip_px = computed(() => {
  const thin_px = Math.max(coarse ? FINGER_PX : 0, DENSITY[settings.density.value].strip_px);
  return isTransposed.value ? runStrip_px(thin_px) : layerStrip_px(thin_px);
});

/** Few layers share the height that open ones leave of the page, while none is folded away. */
function layerStrip_px(thin_px: number): number {
  if (narrow.value) return thin_px;
  const groups = settings.sort.value === "model" ? groupCount.value : 0;
  const open = layers.value.filter((series) => isOpen(seriesId(series))).length;
  const taken_px = groups * GROUP_PX + open * effectivePanelHeight_px.value;
  const room_px = frame.value.height_px - HEAD_PX - SCALAR_PX - taken_px;
  const each_px = Math.floor(room_px / Math.max(1, layers.value.length - open)) - STRIP_GAP_PX;
  return Math.max(thin_px, Math.min(STRIP_MOST * thin_px, each_px));
}

/** Headings of modules among the layers. */
const groupCount = computed(
  () => layersToTree(layers.value, new Set()).filter((row) => row.kind === "group").length,
);

/** Rows of runs share the height of the page; strips beside each other have no need to be thin. */
function runStrip_px(thin_px: number): number {
  const room_px = frame.value.height_px - HEAD_PX - SCALAR_PX;
  const each_px = Math.floor(room_px / Math.max(1, shownRuns.value.length)) - 2 * PAD_PX;
  return Math.max(STRIP_LEAST * thin_px, Math.min(STRIP_MOST * thin_px, each_px));
}
export const effectivePanelHeight_px = computed(() => {
  const usual_px = settings.panelHeight_px.value || autoPanel_px();
  if (settings.full.value === "") return usual_px;
  const room_px = frame.value.height_px - AROUND_FULL_PX;
  const rows = isTransposed.value ? shownRuns.value.length + 1 : 1;
  return Math.max(usual_px, Math.floor(room_px / rows));
});

function autoPanel_px(): number {
  const { panel_px } = DENSITY[settings.density.value];
  if (!short.value) return panel_px;
  const third_px = Math.floor((frame.value.height_px - HEAD_PX) / LAYERS_IN_SIGHT);
  return Math.min(panel_px, Math.max(LEAST_PANEL_PX, third_px));
}

/** The next power of two, so that sizes a few pixels apart ask for the same tiles. */
export function roundUp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, 2 ** Math.ceil(Math.log2(Math.max(1, value)))));
}

/** Colours that canvases and saved pictures share with the style sheet, which gets them from here (ui/app.tsx). */

import { computed } from "@preact/signals";
import { dark } from "./catalog";

/** By their names in the style sheet: `plot-bg` is for cells without any value, `bg` for times without any record. */
const THEMES = {
  light: { bg: "#ffffff", "plot-bg": "#f3f3f4", text: "#212121", "line-strong": "#8a8a8a" },
  dark: { bg: "#303030", "plot-bg": "#262626", text: "#ffffff", "line-strong": "#9a9a9a" },
} as const;

export const theme = computed(() => (dark.value ? THEMES.dark : THEMES.light));

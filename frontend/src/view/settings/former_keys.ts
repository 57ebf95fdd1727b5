/** Keys that links had before each setting's name became its key. Links live on in notes: take none out of here. */

import type { Pairs } from "../../host/hash";

export const FORMER_KEYS = {
  q: "filter",
  fold: "folded",
  open: "toggled",
  t: "transposed",
  pins: "pinnedLayers",
  x: "time",
  y: "valueScale",
  yof: "axisScope",
  yrange: "manualRange",
  bins: "heatmapRows",
  zeros: "zerosInside",
  unit: "quantity",
  color: "curve",
  same: "colourScope",
  map: "colormap",
  limits: "colourLimits",
  empty: "emptyColoured",
  lines: "overlays",
  step: "pinned",
  slice: "sliceMode",
  slicelog: "sliceLog",
  base: "baseline",
  cmp: "difference",
  w: "panelWidth_px",
  h: "panelHeight_px",
  zx: "zoomX",
  zy: "zoomY",
} as const;

/** Values that were called something else under a former key. */
const FORMER_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cmp: { none: "0", difference: "1" },
};

/** The pairs of an address under today's keys; where it has both keys, the former one says nothing. */
export function renameKeys(pairs: Pairs): Pairs {
  const renamed = new Map(pairs);
  for (const [former, name] of Object.entries(FORMER_KEYS)) {
    const text = pairs.get(former);
    if (text !== undefined && !pairs.has(name)) renamed.set(name, FORMER_VALUES[former]?.[text] ?? text);
  }
  return renamed;
}

/** What a picture shows, in words. */

import { formatExact, formatShare, formatValue, nameSteps } from "../../math/format";
import type { BandName } from "../../paint/bands";
import type { PanelView } from "./panel_view";

export const BAND_WORDS: Readonly<Record<BandName, string>> = {
  zeros: "exactly 0",
  nans: "NaN",
  posInfs: "+∞",
  negInfs: "−∞",
  above: "above the range",
  below: "below the range",
};

/** Counted by themselves at every step. */
export const COUNTED_APART = ["zeros", "nans", "posInfs", "negInfs"] as const;

/** What a picture shows, in a sentence, for those who cannot see it. */
export function summarise(panel: PanelView): string {
  const { layer, type } = panel.layer.series.value;
  const tile = panel.data.tile.value;
  const what = `${layer}${type ? ` (${type})` : ""} in run ${panel.run}`;
  if (tile === null) return `Heatmap of ${what}, loading.`;
  const { columns } = tile;
  const last = columns.length - 1;
  if (last < 0) return `Heatmap of ${what}: no records.`;
  const mean = columns.mean[last] ?? Number.NaN;
  const std = columns.std[last] ?? Number.NaN;
  const moments = Number.isFinite(mean)
    ? `mean ${formatValue(mean)}, standard deviation ${formatValue(std)}`
    : "no finite values";
  const apart = COUNTED_APART.filter((name) => columns[name][last]).map(
    (name) => `, ${formatShare((columns[name][last] ?? 0) / (columns.n[last] ?? 1))} ${BAND_WORDS[name]}`,
  );
  return (
    `Heatmap of ${what}: ${formatExact(tile.records)} records, ${nameSteps(tile.firstStep, tile.lastStep)}. ` +
    `At the last: ${moments}${apart.join("")}.`
  );
}

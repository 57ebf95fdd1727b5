/** What one place of a panel says, in words. */

import { formatExact } from "../../math/format";
import { formatEnd } from "../../math/normalise";
import * as settings from "../settings/settings";
import type { PanelView } from "./panel_view";
import type { Readout } from "./readout";

/** "step 38: 512 of 32,768 values (1.6 %) in [0.312, 0.328)". */
export function readoutToSentence({ steps, records, bin, ends, count, n, value }: Readout): string {
  const when = `step ${steps}${records > 1 ? ` (${records} records pooled)` : ""}`;
  if (count === null) return `${when}: ${bin} ${value}`.trimEnd();
  const where = ends === null ? `are ${bin}` : `in ${bin}`;
  return `${when}: ${formatExact(count)} of ${formatExact(n)} values (${value}) ${where}`;
}

/** "difference +0.2 percentage points"; "" where none is shown. */
export function differenceToText({ difference }: Readout): string {
  if (Number.isNaN(difference)) return "";
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
  const size = formatEnd(settings.quantity.value, Math.abs(difference));
  return `difference ${sign}${size.replace("%", "percentage points")}`;
}

/** One line of text, for the screen reader and the clipboard. */
export function readoutToText(panel: PanelView, readout: Readout): string {
  const layer = panel.layer.series.value.layer;
  const { steps, bin, count, n, value } = readout;
  const what = count === null ? "" : `${formatExact(count)} of ${formatExact(n)} values`;
  const says = [what, value, differenceToText(readout)].filter(Boolean).join(", ");
  return `${panel.run}, ${layer}, step ${steps}, ${bin}${says && `: ${says}`}`;
}

export const TSV_HEAD = [
  "run",
  "layer",
  "first_step",
  "last_step",
  "bin",
  "from",
  "to",
  "count",
  "of",
  "share",
  "difference",
];

/** The same as cells of a table, numbers in full. */
export function readoutToCells(panel: PanelView, readout: Readout): readonly (string | number)[] {
  const { firstStep, lastStep, bin, ends, count, n, share, difference } = readout;
  const [from, to] = ends ?? ["", ""];
  const of = count === null ? ["", ""] : [count, n];
  const known = [share, difference].map((number) => (Number.isNaN(number) ? "" : number));
  return [panel.run, panel.layer.series.value.layer, firstStep, lastStep, bin, from, to, ...of, ...known];
}

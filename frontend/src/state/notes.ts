/** What a panel does not show as it is: pooled, sampled, matched, foreign. */

import { alignPanels, baselinePanel, baselineRun, showsDifference } from "./compare";
import type { PanelModel } from "./panels";

export interface Note {
  readonly short: string;
  readonly long: string;
}

export function noteTexts(panel: PanelModel): readonly Note[] {
  const tile = panel.shown.value;
  if (tile === null) return [];
  const notes: Note[] = [];
  if (tile.missing > 0) {
    const all = tile.records + tile.missing;
    notes.push({ short: `showing ${tile.records} of ${all} logged steps`, long: tile.hint });
  }
  if (tile.level > 0) {
    const records = 2 ** tile.level;
    notes.push({
      short: `${records} per column`,
      long: `${records} neighbouring records are summed in each column; zoom in to see each`,
    });
  }
  if (tile.source === "histograms") {
    notes.push({
      short: "histograms of another tool",
      long: "Written with add_histogram or alike; bins as stored, zeros unknown",
    });
  }
  if (showsDifference(panel)) {
    const base = baselinePanel(panel);
    const alignment = base === null ? null : alignPanels(panel, base);
    const statement = alignment?.statement ?? "";
    // Nothing is drawn then, and an empty panel must say why.
    const short = alignment?.matched === 0 ? statement : `minus ${baselineRun()}`;
    notes.push({ short, long: `This run minus the baseline. ${statement}` });
  }
  return notes;
}

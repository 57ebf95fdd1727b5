/** What the crosshair reads, in all runs of its row, for the clipboard. */

import { readoutToCells, readoutToText, readPanel, TSV_HEAD } from "../../view/panel/readout";
import { findPanel } from "../../view/screen/views";
import { type Cursor, cursor } from "../../view/settings/zoom";
import { copyText } from "../widgets/clipboard";
import { say } from "../widgets/toast";

/** false when the crosshair is nowhere. `tsv`: a table with a head, for a spreadsheet; else sentences. */
export function copyCell(tsv: boolean, at: Cursor | null = cursor.peek()): boolean {
  const panel = at === null ? undefined : findPanel(at.panelId);
  if (at === null || panel === undefined) return false;
  const lines = panel.layer.panels.peek().flatMap((other) => {
    const cell = readPanel(other, at.unit, at.value, at.band);
    if (cell === null) return [];
    return [tsv ? readoutToCells(other, cell).join("\t") : readoutToText(other, cell)];
  });
  const text = (tsv ? [TSV_HEAD.join("\t"), ...lines] : lines).join("\n");
  void copyText(tsv ? `${text}\n` : text).then(say);
  return true;
}

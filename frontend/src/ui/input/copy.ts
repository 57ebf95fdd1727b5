/** What the crosshair reads in all runs of its row, for the clipboard. */

import { readoutToCells, readoutToText, TSV_HEAD } from "../../view/panel/readout_text";
import { readRecord } from "../../view/screen/record_lookup";
import { findPanel } from "../../view/screen/views";
import type { Cursor } from "../../view/settings/zoom";
import { copyText } from "../widgets/clipboard";
import { say } from "../widgets/toast";

/** `tsv`: a table with a head, for a spreadsheet; else sentences. */
export function copyCell(tsv: boolean, at: Cursor): void {
  const panel = findPanel(at.panelId);
  if (panel === undefined) return;
  const lines = panel.layer.panels.peek().flatMap((other) => {
    const cell = readRecord(other, at.unit, at.value, at.band);
    if (cell === null) return [];
    return [tsv ? readoutToCells(other, cell).join("\t") : readoutToText(other, cell)];
  });
  const text = (tsv ? [TSV_HEAD.join("\t"), ...lines] : lines).join("\n");
  void copyText(tsv ? `${text}\n` : text).then(say);
}

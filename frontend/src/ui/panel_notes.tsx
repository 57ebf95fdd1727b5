/** What a panel does not show as it is: clipped, pooled, sampled, matched, foreign. One line, never silent. */

import { clippedShare, clippedToText } from "../math/range";
import { noteTexts } from "../state/notes";
import type { PanelModel } from "../state/panels";
import * as settings from "../state/settings";

export function PanelNotes({ panel }: { readonly panel: PanelModel }) {
  const tile = panel.shown.value;
  const grid = panel.grid.value;
  if (tile === null || grid === null) return null;
  const clipped =
    panel.liveScale.value === panel.fullScale.value ? clippedToText(clippedShare(grid, tile.columns.n)) : "";
  const notes = noteTexts(panel);
  return (
    <div class="notes">
      {clipped === "" ? null : (
        <button
          type="button"
          title="Values outside of the shown range. Click: show the full range"
          onClick={() => {
            settings.range.value = "full";
          }}
        >
          {clipped}
        </button>
      )}
      {notes.map(({ short, long }) => (
        <span key={short} title={long}>
          {short}
        </span>
      ))}
    </div>
  );
}

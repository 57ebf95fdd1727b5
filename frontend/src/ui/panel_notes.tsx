/** What a panel does not show as it is: clipped, pooled, sampled, matched, foreign. One line, never silent. */

import type { Tile } from "../data/types";
import { formatShare } from "../math/format";
import { clippedShare, clippedToText } from "../math/range";
import type { Grid } from "../math/rebin";
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
          title={`${clipped} the shown range. Click: show the full range`}
          aria-label={`${clippedMarks(grid, tile)}: ${clipped} the shown range; show the full range`}
          onClick={() => {
            settings.range.value = "full";
          }}
        >
          {clippedMarks(grid, tile)}
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

/** Shares above and below, short enough for a narrow panel. */
function clippedMarks(grid: Grid, tile: Tile): string {
  const { above, below } = clippedShare(grid, tile.columns.n);
  const parts = [above > 0 ? `▲ ${formatShare(above)}` : "", below > 0 ? `▼ ${formatShare(below)}` : ""];
  return parts.filter(Boolean).join("  ");
}

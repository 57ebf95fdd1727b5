/** What a panel does not show as it is: clipped, pooled, sampled, matched, foreign. One line, never silent. */

import { formatShare } from "../../math/format";
import { clippedFractions, clippedToText } from "../../math/range";
import { effectiveAxisScope } from "../../view/panel/known_panels";
import { isHiddenByAxis, noteTexts, noteToText } from "../../view/panel/notes";
import type { PanelView } from "../../view/panel/panel_view";
import { showsUnits, toggleUnits } from "../../view/panel/shown_units";
import * as settings from "../../view/settings/settings";
import { chooseRange } from "../../view/settings/zoom";
import { Menu } from "../widgets/controls";

const APART = "   ";

export function PanelNotes({ panel }: { readonly panel: PanelView }) {
  if (panel.shown.value === null) return null;
  const notes = noteTexts(panel);
  const sentences = notes.map(noteToText);
  const text = notes.map(({ short }) => short).join(APART);
  const menu =
    notes.length === 0 ? null : (
      <Menu text={text} tip={sentences.join("\n")} name={named(panel, text)}>
        <ul class="notices">
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Menu>
    );
  // What has no room beside what stands before it is left out whole.
  const isLast = notes.every(({ minor }) => minor);
  return (
    <div class="notes">
      {isLast ? null : menu}
      <UnitsButton panel={panel} />
      <OwnScale panel={panel} />
      {showsUnits(panel.layer.id) ? null : settings.range.value === "full" ? (
        <FullRange panel={panel} />
      ) : (
        <ClippedNote panel={panel} />
      )}
      {isLast ? menu : null}
    </div>
  );
}

/** What a control of a panel is called among all others: its words, and where it is. */
function named(panel: PanelView, text: string): string {
  return `${text}, ${panel.layer.series.value.layer}, ${panel.run}`;
}

/** Shares beyond the axis, while nobody zoomed into a part of it. */
function ClippedNote({ panel }: { readonly panel: PanelView }) {
  const tile = panel.shown.value;
  const grid = panel.grid.value;
  if (tile === null || grid === null || panel.liveScale.value !== panel.fullScale.value) return null;
  const { above, below } = clippedFractions(grid, tile.columns.n);
  if (above + below === 0) return null;
  const words = clippedToText({ above, below });
  const both = above > 0 && below > 0;
  const text = both ? `${formatShare(above + below)} outside ↕` : `${words} ${above > 0 ? "↑" : "↓"}`;
  return (
    <button
      type="button"
      aria-label={named(panel, text)}
      title={`${words} the shown range. Click: include them all`}
      onClick={() => {
        settings.range.value = "full";
      }}
    >
      {text}
    </button>
  );
}

function FullRange({ panel }: { readonly panel: PanelView }) {
  return (
    <button
      type="button"
      aria-label={named(panel, "all values")}
      title="The value axis spans all values. Click: only the central values"
      onClick={() => chooseRange("auto")}
    >
      all values
    </button>
  );
}

/** Of a layer that was recorded with `split`. */
function UnitsButton({ panel }: { readonly panel: PanelView }) {
  const { id, series } = panel.layer;
  if (typeof series.value.split !== "number") return null;
  const on = showsUnits(id);
  return (
    <button
      type="button"
      class="own-scale"
      aria-label={named(panel, on ? "histograms" : "units")}
      aria-pressed={on}
      title={
        on ? "Back to the histograms" : "Every unit (channel, head, expert) of this layer over the steps"
      }
      onClick={() => toggleUnits(id)}
    >
      {on ? "histograms" : "units"}
    </button>
  );
}

/** Offered where the shared axis hides most of a run; says so where each run has its own. */
function OwnScale({ panel }: { readonly panel: PanelView }) {
  if (!settings.linked.value || panel.layer.panels.value.length < 2) return null;
  // A difference has one scale for all, and its notes say so.
  if (settings.difference.value) return null;
  const own = effectiveAxisScope() === "panel";
  if (!own && !isHiddenByAxis(panel)) return null;
  const text = own ? "own axes" : "use own axes";
  return (
    <button
      type="button"
      class="own-scale"
      aria-label={named(panel, text)}
      title={
        own
          ? "Each run has its own value axis, so heights cannot be compared. Click: one axis for all runs of a layer"
          : "One value axis per layer hides much of a run. Click: each run has its own"
      }
      onClick={() => {
        settings.axisScope.value = own ? "row" : "panel";
      }}
    >
      {text}
    </button>
  );
}

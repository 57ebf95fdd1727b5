/** Findings as marks on the time axis of their panel. */

import { recordEnd, stepToUnit } from "../../math/column_spans";
import { nameSteps } from "../../math/format";
import type { FindingAnswer } from "../../series/types";
import { openFinding } from "../../view/findings/explained";
import { findingsOf } from "../../view/findings/findings";
import { plot_px } from "../../view/layout/metrics";
import type { PanelView } from "../../view/panel/panel_view";
import { box } from "../widgets/box";

/** Least width of a mark, as the style sheet has it. */
const TARGET_PX = 24;

/** Where and how long, on the panel's own time axis; they explain it. */
export function FindingMarks({ panel }: { readonly panel: PanelView }) {
  const found = findingsOf(panel);
  const clock = panel.clock.value;
  const columns = panel.data.tile.value?.columns;
  const spans = panel.wholeSpans.value;
  if (found.length === 0 || clock === null || spans === null || !columns?.length) return null;
  const axis = panel.liveAxis.value;
  return (
    <>
      {found.map((finding) => {
        const from = stepToUnit(axis.kind, finding.first_step, columns, clock);
        const to = recordEnd(axis.kind, finding.last_step, columns, clock, spans);
        const from_px = Math.max(0, axis.unitToPx(from, plot_px.value));
        const to_px = Math.min(plot_px.value, axis.unitToPx(to, plot_px.value));
        // Neither holds where the run has no place on the axis.
        if (!(to_px >= 0 && from_px <= plot_px.value)) return null;
        const bar_px = Math.max(3, to_px - from_px);
        return (
          <button
            key={`${finding.kind} ${finding.first_step}`}
            type="button"
            class={`finding-mark ${finding.severity}`}
            style={box({ left: Math.min(from_px, plot_px.value - TARGET_PX), width: bar_px })}
            title={findingToTip(finding)}
            aria-label={`${findingToTip(finding)} ${panel.layer.series.value.layer}, ${panel.run}`}
            tabIndex={panel.layer.open.value ? 0 : -1}
            // The plot would take the pointer, and the click with it.
            onPointerDown={(event) => event.stopPropagation()}
            onMouseDown={(event) => event.stopPropagation()}
            onClick={() => openFinding(finding)}
          >
            <span style={box({ left: Math.max(0, from_px - plot_px.value + TARGET_PX), width: bar_px })} />
          </button>
        );
      })}
    </>
  );
}

function findingToTip(finding: FindingAnswer): string {
  return `${finding.title} (${nameSteps(finding.first_step, finding.last_step)}). ${finding.advice}`;
}

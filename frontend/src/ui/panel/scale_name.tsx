/** The kind of scale of a value axis, at its upper end; a click switches it. */

import { switchScale } from "../../view/panel/kept_scale";
import { effectiveAxisScope } from "../../view/panel/known_panels";
import type { PanelView } from "../../view/panel/panel_view";
import { showsUnits } from "../../view/panel/shown_units";

export function ScaleName({ panel }: { readonly panel: PanelView }) {
  const { kind } = panel.fullScale.value;
  if (!panel.hasAxis) return null;
  if (showsUnits(panel.layer.id)) return <span class="scale-name">units</span>;
  if (kind === "native" || effectiveAxisScope() === "all")
    return <span class="scale-name">{kind === "native" ? "bins" : kind}</span>;
  const other = kind === "linear" ? "symlog" : "linear";
  return (
    <button
      type="button"
      class="scale-name"
      title={`The value axis is ${kind}. Click: ${other}, for this layer`}
      aria-label={`${kind} value axis of ${panel.layer.series.value.layer}, ${panel.run}. Switch to ${other}`}
      onClick={() => switchScale(panel.layer.id, kind)}
    >
      {kind}
    </button>
  );
}

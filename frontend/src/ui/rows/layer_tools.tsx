/** What stands beside or above the panels of a layer besides its name: its colours and buttons. */

import { roomyCorner } from "../../view/layout/metrics";
import { showsDifference } from "../../view/panel/compare";
import type { LayerView } from "../../view/panel/layer_view";
import { isTransposed, toggleExpanded, togglePinnedLayer } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import * as commands from "../input/commands";
import { IconButton } from "../widgets/controls";
import { ColourBar, DifferenceBar } from "./colour_bar";
import { FindingBadge } from "./finding_badges";
import { RowMenu } from "./row_menu";

/** Colours of the row's heatmaps, and those of its difference maps. */
export function Bars({ model, width_px }: { readonly model: LayerView; readonly width_px: number }) {
  const differs = model.panels.value.some(showsDifference);
  return (
    <>
      <ColourBar model={model} width_px={width_px} />
      {differs ? <DifferenceBar model={model} width_px={width_px} /> : null}
    </>
  );
}

export function RowActions({ model }: { readonly model: LayerView }) {
  const series = model.series.value;
  const { layer } = series;
  const pinned = settings.pinnedLayers.value.includes(model.id);
  const full = settings.full.value === model.id;
  return (
    <div class="row-actions">
      <FindingBadge series={series} short={!roomyCorner.value || isTransposed.value} />
      {full ? null : (
        <IconButton
          icon="strips"
          tip="Close this layer to a strip"
          name={`Close ${layer} to a strip`}
          onClick={() => toggleExpanded(model.id)}
        />
      )}
      <RowMenu model={model} />
      <IconButton
        icon="pin"
        tip={pinned ? "Unpin this layer" : settings.pinnedLayers.label}
        name={pinned ? `Unpin ${layer}` : `Keep ${layer} at the top`}
        pressed={pinned}
        onClick={() => togglePinnedLayer(series)}
      />
      <IconButton
        icon={full ? "shrink" : "expand"}
        tip={full ? `${commands.showAll.label} (Esc)` : settings.full.label}
        name={full ? commands.showAll.label : `Show only ${layer}, enlarged`}
        pressed={full}
        onClick={() => {
          settings.full.value = full ? "" : model.id;
        }}
      />
    </div>
  );
}

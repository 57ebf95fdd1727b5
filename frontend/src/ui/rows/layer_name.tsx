/** What stands beside or above the panels of a layer: its facts, colours and buttons. */

import type { Series } from "../../series/types";
import { narrow } from "../../view/layout/metrics";
import { showsDifference } from "../../view/panel/compare";
import type { LayerView } from "../../view/panel/layer_view";
import { togglePinnedLayer } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import * as commands from "../input/commands";
import { IconButton } from "../widgets/controls";
import { ColourBar, DifferenceBar } from "./colour_bar";
import { FindingBadge } from "./finding_badges";
import { RowMenu } from "./row_menu";

/** Module type and shape. */
export function layerFacts({ type, shapes }: Series): string {
  const shape = shapes[0]?.length ? shapes[0].join(" × ") : "";
  return [type, shape].filter(Boolean).join(" · ");
}

/** A name with something about it in brackets. */
export function withFacts(layer: string, facts: string): string {
  return layer + (facts && ` (${facts})`);
}

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
  const pinned = settings.pinnedLayers.value.includes(model.id);
  const full = settings.full.value === model.id;
  return (
    <div class="row-actions">
      <FindingBadge tag={series.tag} short={narrow.value || settings.transposed.value} />
      <RowMenu model={model} />
      <IconButton
        icon="pin"
        tip={pinned ? "Unpin this layer" : settings.pinnedLayers.label}
        pressed={pinned}
        onClick={() => togglePinnedLayer(series)}
      />
      <IconButton
        icon={full ? "shrink" : "expand"}
        tip={full ? `${commands.showAll.label} (Esc)` : settings.full.label}
        pressed={full}
        onClick={() => {
          settings.full.value = full ? "" : model.id;
        }}
      />
    </div>
  );
}

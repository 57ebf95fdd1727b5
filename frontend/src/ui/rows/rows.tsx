/** The rows of the page: headings of modules, layers as strips, layers as panels. */

import type { ComponentChildren } from "preact";
import { content_px, name_px, narrow } from "../../view/layout/metrics";
import type { PlacedRow } from "../../view/layout/rows";
import { showsDifference } from "../../view/panel/compare";
import type { LayerView } from "../../view/panel/layer_view";
import { drawnOnce } from "../../view/screen/screen";
import { isOpen, shownRuns, toggleFolded } from "../../view/selection/selection";
import type { GroupRow, LayerRow, Row } from "../../view/selection/tree";
import * as settings from "../../view/settings/settings";
import { Panel } from "../panel/panel";
import { LateSlice } from "../panel/slice_later";
import { box } from "../widgets/box";
import { Icon } from "../widgets/icons";
import { Absent, nameBox } from "./cells";
import { hasSharedBar } from "./corner";
import { FindingBadge } from "./finding_badges";
import { LayerButton } from "./layer_button";
import { layerFacts, withFacts } from "./layer_facts";
import { LateBars, LateRowActions } from "./layer_tools_later";

const INDENT_PX = 10;
/** Width of the colour bars beside a layer's name, on a narrow page. */
const NARROW_BARS_PX = 130;

export interface PlacedRowProps {
  readonly placed: PlacedRow;
  /** Of a row that is a layer. */
  readonly layer: LayerView | undefined;
}

export function PlacedRowView({ placed: { row, top_px, height_px }, layer }: PlacedRowProps) {
  return (
    <Frame top_px={top_px} height_px={height_px} kind={kindOf(row)}>
      {row.kind === "group" ? <GroupHeading row={row} /> : layer && <Layer row={row} model={layer} />}
    </Frame>
  );
}

function kindOf(row: Row): string {
  if (row.kind === "group") return "group";
  const pinned = settings.pinnedLayers.value.includes(row.id);
  return `layer${isOpen(row.id) ? " open" : ""}${pinned ? " pinned" : ""}`;
}

interface FrameProps {
  readonly top_px: number;
  readonly height_px: number;
  readonly kind: string;
  readonly children: ComponentChildren;
}

function Frame({ top_px, height_px, kind, children }: FrameProps) {
  return (
    <div
      class={`row ${kind}${narrow.value ? " narrow" : ""}`}
      style={box({ top: top_px, height: height_px, width: content_px.value })}
    >
      {children}
    </div>
  );
}

function GroupHeading({ row }: { readonly row: GroupRow }) {
  return (
    <h2 class="row-heading">
      <button
        type="button"
        class="group-heading"
        style={box({ "padding-left": 4 + row.depth * INDENT_PX })}
        aria-label={`${row.path} ${row.layers.length}`}
        aria-expanded={!row.folded}
        title={`${row.folded ? "Unfold" : "Fold"} ${row.path}`}
        onClick={() => toggleFolded(row.path)}
      >
        <Icon name={row.folded ? "fold" : "unfold"} />
        <span class="group-name">{row.label}</span> <span class="count">{row.layers.length}</span>
      </button>
    </h2>
  );
}

interface LayerProps {
  readonly row: LayerRow;
  readonly model: LayerView;
}

function Layer({ row, model }: LayerProps) {
  const expanded = model.open.value;
  const panels = new Map(model.panels.value.map((panel) => [panel.run, panel]));
  return (
    <>
      {expanded ? <PanelName row={row} model={model} /> : <StripName row={row} />}
      <div class="cells">
        {shownRuns.value.map((run) => {
          const panel = panels.get(run.name);
          return panel ? <Panel key={panel} panel={panel} /> : <Absent key={run.name} open={expanded} />;
        })}
        {expanded && drawnOnce.value ? <LateSlice layer={model} /> : null}
      </div>
    </>
  );
}

function StripName({ row }: { readonly row: LayerRow }) {
  const { layer, type } = row.series;
  return (
    <div class="name-cell short" style={nameBox()}>
      <LayerButton
        id={row.id}
        name={layer}
        label={row.label}
        title={withFacts(layer, type)}
        open={false}
        indent_px={10 + row.depth * INDENT_PX}
      />
      <FindingBadge series={row.series} short />
    </div>
  );
}

function PanelName({ row, model }: LayerProps) {
  const { layer } = row.series;
  const facts = layerFacts(row.series);
  const differs = model.panels.value.some(showsDifference);
  return (
    <div class="name-cell tall" style={nameBox()}>
      <LayerButton
        id={row.id}
        name={layer}
        label={row.depth > 0 ? layer : row.label}
        title={withFacts(layer, facts)}
        open
      />
      {/* Two colour bars leave no room for it. */}
      {differs ? null : (
        <div class="facts ellipsis" title={facts}>
          {facts}
        </div>
      )}
      {drawnOnce.value ? (
        <>
          {hasSharedBar.value ? null : (
            <LateBars
              model={model}
              width_px={!narrow.value ? name_px.value - 22 : differs ? NARROW_BARS_PX / 2 : NARROW_BARS_PX}
            />
          )}
          <LateRowActions model={model} />
        </>
      ) : null}
    </div>
  );
}

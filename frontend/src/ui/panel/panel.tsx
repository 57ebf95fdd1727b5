/** One layer in one run: axes, heatmap, crosshair; or only the heatmap, as a strip. */

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { failure } from "../../view/catalog/catalog";
import { explainedPanel } from "../../view/findings/explained";
import { partingOf } from "../../view/findings/parting";
import { effectivePanelHeight_px, panel_px, plot_px, Y_AXIS_PX } from "../../view/layout/metrics";
import type { PanelView } from "../../view/panel/panel_view";
import { showsUnits } from "../../view/panel/shown_units";
import { retry } from "../../view/screen/loading";
import { drawnOnce } from "../../view/screen/screen";
import { crosshairKeys } from "../input/crosshair_keys";
import { brush, PanelPointer, pointAt } from "../input/pointer";
import { LatePartingLine } from "../overlays/findings_later";
import { box } from "../widgets/box";
import { AxesLabels, ValueMark } from "./axes";
import { FindingMarks } from "./finding_marks";
import { Heatmap } from "./heatmap";
import { LatePanelNotes, LateScaleName } from "./panel_texts_later";
import { LateUnits } from "./units_later";

export function Panel({ panel }: PartProps) {
  const pointer = useMemo(() => new PanelPointer(panel), [panel]);
  const expanded = panel.layer.open.value;
  // Bound to their attributes, so that a tile's arrival renders no panel anew.
  const loaded = useComputed(() => panel.data.tile.value !== null);
  const plot = useComputed(() => {
    return box({ left: Y_AXIS_PX, width: plot_px.value, height: panel.layer.layout.value.axisTop_px });
  });
  const heat = useComputed(() => {
    const { heatTop_px, heatHeight_px } = panel.layer.layout.value;
    return box({ top: heatTop_px, height: heatHeight_px });
  });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls; this groups a picture's parts.
    <div
      class={`panel${expanded ? "" : " strip"}`}
      data-panel={panel.id}
      style={box({ width: panel_px.value })}
      role="group"
      aria-label={`${panel.layer.series.value.layer}, ${panel.run}`}
      tabIndex={expanded ? 0 : -1}
      // Keys on a button inside are the button's.
      onKeyDown={(event) => {
        if (event.target === event.currentTarget) crosshairKeys(event, panel);
      }}
      onBlur={() => pointAt(null)}
    >
      {expanded ? <AxesLabels panel={panel} /> : null}
      {/** biome-ignore lint/a11y/noStaticElementInteractions: the same can be done with the group's keys. */}
      <div
        class="plot"
        style={plot}
        onPointerDown={pointer.onPointerDown}
        onMouseDown={pointer.onMouseDown}
        onPointerMove={pointer.onPointerMove}
        onPointerUp={pointer.onPointerUp}
        onPointerCancel={pointer.onPointerCancel}
        onPointerLeave={pointer.onPointerLeave}
        onDblClick={pointer.onDblClick}
        onWheel={pointer.onWheel}
        onTouchStart={pointer.onTouch}
        onTouchMove={pointer.onTouch}
      >
        <Heatmap panel={panel} area={heat} />
        <div class="skeleton" hidden={loaded} style={heat} aria-hidden="true" />
        {drawnOnce.value ? <Overlays panel={panel} /> : null}
      </div>
      {drawnOnce.value ? <PanelTexts panel={panel} /> : null}
    </div>
  );
}

interface PartProps {
  readonly panel: PanelView;
}

function Overlays({ panel }: PartProps) {
  const framed = useComputed(() => explainedPanel.value === panel.id);
  return (
    <>
      {panel.layer.open.value && showsUnits(panel.layer.id) ? <LateUnits panel={panel} /> : null}
      <FindingMarks panel={panel} />
      {framed.value ? <div class="finding-frame" /> : null}
      {partingOf(panel) === null ? null : <LatePartingLine panel={panel} />}
      {panel.layer.open.value ? <Crosshair panel={panel} /> : null}
      <BrushBox panel={panel} />
    </>
  );
}

function PanelTexts({ panel }: PartProps) {
  return (
    <>
      {panel.layer.open.value ? (
        <>
          <LateScaleName panel={panel} />
          <ValueMark panel={panel} />
          <LatePanelNotes panel={panel} />
        </>
      ) : null}
      <PanelError panel={panel} />
    </>
  );
}

/** The hovered value. */
function Crosshair({ panel }: PartProps) {
  const style = useComputed(() => {
    const share = panel.crossFraction.value;
    if (share === null) return "visibility:hidden";
    const { heatTop_px, heatHeight_px } = panel.layer.layout.value;
    return `transform:translateY(${(heatTop_px + (1 - share) * heatHeight_px).toFixed(1)}px)`;
  });
  return <div class="cross-y" style={style} />;
}

/** On all panels whose axes would be zoomed. */
function BrushBox({ panel }: PartProps) {
  const style = useComputed(() => {
    const now = brush.value;
    if (now === null) return null;
    const { axes, from, to } = now;
    const x = axes !== "y" && now.keyX === panel.keyX;
    const y = axes !== "x" && now.keyY === panel.keyY;
    if (!x && !y) return null;
    const left = Math.min(from.x_px, to.x_px);
    const top = Math.min(from.y_px, to.y_px);
    return box({
      ...(x ? { left, width: Math.abs(to.x_px - from.x_px) } : {}),
      ...(y ? { top, height: Math.abs(to.y_px - from.y_px) } : {}),
    });
  });
  return style.value === null ? null : <div class="brush" style={style.value} />;
}

/** Height of a panel from which on all lines of its card fit below each other. */
const CARD_PX = 112;

/** A card where there is no picture; else a badge that leaves it readable. Without a server the toolbar's retry is for all. */
function PanelError({ panel }: PartProps) {
  const error = panel.data.error.value;
  const expanded = panel.layer.open.value;
  const empty = panel.data.tile.value === null;
  const isCard = empty && expanded;
  const isCutOff = failure.value !== "";
  if (error === "" || (isCutOff && !isCard)) return null;
  const part = empty ? "This panel" : panel.data.failed === "fine" ? "The zoomed part" : "Newer data";
  const what = `${part} could not be loaded`;
  const isLow = effectivePanelHeight_px.value < CARD_PX;
  return (
    <div class={isCard ? `panel-error${isLow ? " low" : ""}` : ""} role="alert">
      {isCard ? (
        <>
          <strong>{what}</strong>
          <span>{error}</span>
        </>
      ) : null}
      {isCutOff ? null : (
        <button
          type="button"
          class={isCard ? "button text" : "badge error retry ellipsis"}
          title={`${what}: ${error}`}
          onClick={retry}
        >
          {expanded && !empty ? `Retry. ${what}: ${error}` : "Retry"}
        </button>
      )}
    </div>
  );
}

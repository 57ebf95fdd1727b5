/**
 * The colour bar of a row: real units, a mark at the hovered cell, handles at the ends of the colours.
 * Pointing at it (or moving its mark by keys) makes the cells of that colour stand out.
 */

import { type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { barToColour } from "../../math/contrast";
import {
  type ColourScale,
  colourTicks,
  formatEnd,
  quantityToLabel,
  quantityToShare,
  shareToQuantity,
} from "../../math/normalise";
import type { Tick } from "../../math/value_scale";
import { colourToCss, HIGHLIGHT_SHARE } from "../../paint/colormap";
import { effectivePanelHeight_px, roomyCorner } from "../../view/layout/metrics";
import { currentLut } from "../../view/panel/colour_tables";
import { baselineRun, showsDifference } from "../../view/panel/compare";
import { effectiveColourScope, scaleOwner, setLimits } from "../../view/panel/contrast";
import { differenceBar, differenceToShare } from "../../view/panel/difference";
import { highlight } from "../../view/panel/highlight";
import { effectiveAxisScope } from "../../view/panel/known_panels";
import type { LayerView } from "../../view/panel/layer_view";
import type { PanelView } from "../../view/panel/panel_view";
import { type Readout, readPanel } from "../../view/panel/readout";
import { findPanel } from "../../view/screen/views";
import type { Scope } from "../../view/settings/settings";
import { cursor } from "../../view/settings/zoom";
import { box } from "../widgets/box";
import { hasSharedBar } from "./corner";
import { LimitHandle } from "./limit_handle";
import { Saturated } from "./saturated";

interface Props {
  readonly model: LayerView;
  readonly width_px: number;
}

const GRADIENT_STOPS = 33;
/** Lower panels have room for one line of words. */
const ROOMY_PX = 130;
const KEY_STEP = 0.02;

export function ColourBar({ model, width_px }: Props) {
  const panel = useBarPanel(model);
  const { scale, bar: whole } = panel?.colouring.value ?? model.colouring.value;
  // While an end is dragged the bar stands still.
  const held = useSignal<ColourScale | null>(null);
  const bar = held.value ?? whole;
  const owner = panel?.scaleOwner ?? scaleOwner(model.id);
  const mark = useMark(model, (cell, hovered) =>
    !cell.count || showsDifference(hovered) ? null : quantityToShare(bar, cell.quantity),
  );
  const pointed = useSignal<number | null>(null);
  const point = (share: number | null) => {
    pointed.value = share === null ? null : Math.min(1, Math.max(0, share));
    highlight.value =
      pointed.value === null ? null : { owner, colour: barToColour(bar, scale, pointed.value) };
  };
  const pointAt = (event: { readonly offsetX: number; readonly currentTarget: HTMLElement }) =>
    point(event.offsetX / event.currentTarget.clientWidth);
  // A bar that is taken away under the pointer is not left by it.
  useEffect(() => () => point(null), []);
  const at = pointed.value ?? mark.value;
  const words = labelOf(scale, panel) + (effectiveAxisScope() === "all" ? "; one value axis" : "");
  // What is said once above the names is not said again beside each of them.
  const usual =
    hasSharedBar.value ||
    (roomyCorner.value && effectiveColourScope() === "row" && effectiveAxisScope() !== "all");
  return (
    <div
      class={`colour-bar${effectivePanelHeight_px.value < ROOMY_PX ? " tight" : ""}${model.isFinite.value ? "" : " blank"}`}
      style={box({ width: width_px })}
    >
      <div class="ramp" style={{ background: gradientOf(bar, scale) }}>
        <div
          class="ramp-cells"
          role="slider"
          tabIndex={0}
          aria-label={`Show where a colour of ${model.series.value.layer} is`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round((pointed.value ?? 0) * 100)}
          aria-valuetext={
            pointed.value === null ? "nothing shown" : quantityRangeText(bar, scale, pointed.value)
          }
          title={`Colour: ${labelOf(scale, panel)}. ${SHARED_BY[effectiveColourScope()]} Point at a colour to see its cells.`}
          onPointerDown={pointAt}
          onPointerMove={pointAt}
          onPointerLeave={() => point(null)}
          onKeyDown={(event) => {
            const next = keyToShare(event, pointed.peek());
            if (next === undefined) return;
            point(next);
            event.preventDefault();
            event.stopPropagation();
          }}
          onBlur={() => point(null)}
          onDblClick={() => setLimits(owner, undefined)}
        />
        {([0, 1] as const).map((end) => (
          <LimitHandle
            key={end}
            end={end}
            layer={model.series.value.layer}
            bar={bar}
            scale={scale}
            owner={owner}
            held={held}
          />
        ))}
        <Mark at={at} />
      </div>
      <Ticks ticks={colourTicks(bar, Math.max(2, Math.floor(width_px / 60)))} />
      <div class="unit" title={words}>
        {pointed.value !== null ? quantityRangeText(bar, scale, pointed.value) : usual ? "" : words}
      </div>
      <Saturated key={owner} model={model} owner={owner} />
    </div>
  );
}

/** The panel whose scale the bar shows: where each has its own, the one that was pointed at last. */
function useBarPanel(model: LayerView): PanelView | undefined {
  const last = useRef<PanelView>(undefined);
  return useComputed(() => {
    const panels = model.panels.value;
    const pointed = panels.find(({ id }) => id === cursor.value?.panelId);
    if (pointed) last.current = pointed;
    return panels.find((panel) => panel === last.current) ?? panels[0];
  }).value;
}

const SHARED_BY: Readonly<Record<Scope, string>> = {
  row: "The runs of this layer share the scale.",
  panel: "Each panel has a scale of its own; this is that of the run pointed at last.",
  all: "All layers and runs share the scale.",
};

/** What is coloured, how it is spread, and for whom where that is not the row. */
function labelOf({ quantity, curve }: ColourScale, panel: PanelView | undefined): string {
  const whose = { row: "", panel: `, ${panel?.run}`, all: ", all layers" }[effectiveColourScope()];
  return `${quantityToLabel(quantity)}${curve === "linear" ? "" : `, ${curve}`}${whose}`;
}

/** The quantities that have the colour at a place of the bar. */
function quantityRangeText(bar: ColourScale, scale: ColourScale, share: number): string {
  const colour = barToColour(bar, scale, share);
  const [lo, hi] = [-HIGHLIGHT_SHARE, HIGHLIGHT_SHARE].map((by) =>
    formatEnd(scale.quantity, shareToQuantity(scale, Math.min(1, Math.max(0, colour + by)))),
  );
  if (colour + HIGHLIGHT_SHARE >= 1) return `from ${lo}`;
  return colour <= HIGHLIGHT_SHARE ? `up to ${hi}` : `${lo} … ${hi}`;
}

/** Colours along the bar; beyond the limits it has the end colours. */
function gradientOf(bar: ColourScale, scale: ColourScale): string {
  const lut = currentLut();
  const stops = Array.from({ length: GRADIENT_STOPS }, (_, i) => {
    const colour = barToColour(bar, scale, i / (GRADIENT_STOPS - 1));
    return colourToCss(lut[Math.round(colour * (lut.length - 1))] ?? 0);
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

function keyToShare(event: KeyboardEvent, now: number | null): number | null | undefined {
  const step = event.shiftKey ? 5 * KEY_STEP : KEY_STEP;
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowDown":
      return (now ?? 1 + step) - step;
    case "ArrowRight":
    case "ArrowUp":
      return (now ?? -step) + step;
    case "Home":
      return 0;
    case "End":
      return 1;
    case "Escape":
      return now === null ? undefined : null;
  }
  return undefined;
}

/** The bar of difference maps: less than the baseline to the left, more to the right. */
export function DifferenceBar({ model, width_px }: Props) {
  const { gradient, ticks, label } = differenceBar(model);
  const mark = useMark(model, ({ difference }) =>
    Number.isNaN(difference) ? null : differenceToShare(model, difference),
  );
  return (
    <div
      class="colour-bar"
      style={box({ width: width_px })}
      title={`Difference to ${baselineRun()}, square root`}
    >
      <div class="ramp" style={{ background: `linear-gradient(to right, ${gradient.join(", ")})` }}>
        <Mark at={mark.value} />
      </div>
      <Ticks ticks={ticks} />
      <div class="unit">{label}</div>
    </div>
  );
}

/** Where the hovered cell of the row stands on a bar. */
function useMark(
  model: LayerView,
  toShare: (cell: Readout, hovered: PanelView) => number | null,
): ReadonlySignal<number | null> {
  return useComputed(() => {
    const at = cursor.value;
    const hovered = at === null ? undefined : findPanel(at.panelId);
    if (at === null || at.value === null || hovered === undefined) return null;
    if (!model.panels.value.includes(hovered)) return null;
    const cell = readPanel(hovered, at.unit, at.value, null);
    return cell && toShare(cell, hovered);
  });
}

function Mark({ at }: { readonly at: number | null }) {
  return at === null ? null : <span class="mark" style={{ left: `${at * 100}%` }} />;
}

function Ticks({ ticks }: { readonly ticks: readonly Tick[] }) {
  return (
    <div class="ramp-ticks" aria-hidden="true">
      {ticks.map((tick) => (
        <span key={tick.value} style={{ left: `${tick.share * 100}%` }} data-edge={edgeOf(tick.share)}>
          {tick.label}
        </span>
      ))}
    </div>
  );
}

function edgeOf(share: number): string {
  return share < 0.12 ? "start" : share > 0.88 ? "end" : "";
}

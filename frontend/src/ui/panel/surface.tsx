/** Canvases under the panels, each for several of them: every canvas costs the browser a layer of its own. */

import { type Signal, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { panel_px, pixelRatio, plot_px } from "../../view/layout/metrics";
import type { PanelModel } from "../../view/panel/panels";
import { box } from "../widgets/box";

/** Wider ones are cut up between two panels: browsers limit the size of a canvas. */
const MOST_PX = 4096;

/** Where a panel is drawn. */
export interface Place {
  readonly context: CanvasRenderingContext2D;
  readonly left_px: number;
  /** Of the heatmap alone. */
  readonly width_px: number;
}

const places = new WeakMap<PanelModel, Signal<Place | null>>();

/** A new object whenever the canvas was cleared; null while the panel has none. */
export function placeOf(panel: PanelModel): Signal<Place | null> {
  let place = places.get(panel);
  if (place === undefined) {
    place = signal(null);
    places.set(panel, place);
  }
  return place;
}

export interface PlacedPanel {
  readonly panel: PanelModel;
  readonly left_px: number;
}

interface Props {
  /** From left to right. */
  readonly panels: readonly PlacedPanel[];
  readonly top_px: number;
  readonly height_px: number;
}

export function Surfaces({ panels, top_px, height_px }: Props) {
  const most_px = Math.max(panel_px.value, MOST_PX / pixelRatio.value);
  const parts: PlacedPanel[][] = [];
  for (const placed of panels) {
    const last = parts.at(-1);
    const fits = last?.[0] && placed.left_px + panel_px.value - last[0].left_px <= most_px;
    if (fits) last.push(placed);
    else parts.push([placed]);
  }
  return (
    <>
      {parts.map((part) => (
        <Surface key={part[0]?.panel.id} panels={part} top_px={top_px} height_px={height_px} />
      ))}
    </>
  );
}

function Surface({ panels, top_px, height_px }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const left_px = panels[0]?.left_px ?? 0;
  const width_px = (panels.at(-1)?.left_px ?? 0) + panel_px.value - left_px;
  const ratio = pixelRatio.value;
  const order = panels.map((placed) => `${placed.panel.id} ${placed.left_px}`).join("\n");
  // `order` stands for the panels and their places.
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return undefined;
    // Setting the size also clears.
    element.width = Math.round(width_px * ratio);
    element.height = Math.round(height_px * ratio);
    const held = panels.map((placed) => {
      const place = { context, left_px: placed.left_px - left_px, width_px: plot_px.peek() };
      const known = placeOf(placed.panel);
      known.value = place;
      return { known, place };
    });
    return () => {
      for (const { known, place } of held) if (known.peek() === place) known.value = null;
    };
  }, [order, width_px, height_px, ratio]);
  const style = box({ left: left_px, top: top_px, width: width_px, height: height_px });
  return <canvas ref={canvas} class="surface" style={style} />;
}

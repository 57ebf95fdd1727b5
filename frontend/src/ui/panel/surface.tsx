/** Canvases under the panels, each for several of them: every canvas costs the browser a layer of its own. */

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { PanelCanvas } from "../../paint/canvas_area";
import { panel_px, pixelRatio, plot_px, Y_AXIS_PX } from "../../view/layout/metrics";
import type { PanelView } from "../../view/panel/panel_view";
import { perObject } from "../../view/reactive/per_object";
import { box } from "../widgets/box";

/** Wider ones are cut up between two panels: browsers limit the size of a canvas. */
const MOST_PX = 4096;

/** Where a panel is drawn: a new object whenever the canvas was cleared; null while the panel has none. */
export const canvasOf = perObject((_: PanelView) => signal<PanelCanvas | null>(null));

export interface PlacedPanel {
  readonly panel: PanelView;
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
        <Surface key={part[0]?.panel} panels={part} top_px={top_px} height_px={height_px} />
      ))}
    </>
  );
}

function Surface({ panels, top_px, height_px }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const left_px = panels[0]?.left_px ?? 0;
  const width_px = (panels.at(-1)?.left_px ?? 0) + panel_px.value - left_px;
  const ratio = pixelRatio.value;
  const order = panels.flatMap(({ panel, left_px }) => [panel, left_px]);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return undefined;
    // Setting the size also clears.
    element.width = Math.round(width_px * ratio);
    element.height = Math.round(height_px * ratio);
    const held = panels.map((placed) => {
      const part = {
        context,
        left_px: placed.left_px - left_px,
        heatLeft_px: Y_AXIS_PX,
        heatWidth_px: plot_px.peek(),
      };
      const known = canvasOf(placed.panel);
      known.value = part;
      return { known, part };
    });
    return () => {
      for (const { known, part } of held) if (known.peek() === part) known.value = null;
    };
  }, [...order, width_px, height_px, ratio]);
  const style = box({ left: left_px, top: top_px, width: width_px, height: height_px });
  return <canvas ref={canvas} class="surface" style={style} />;
}

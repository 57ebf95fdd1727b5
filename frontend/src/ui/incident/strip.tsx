/** A series of the incident's run as a thin heatmap, on the time axis of the page. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Tile } from "../../math/tile";
import { HeatmapPainter } from "../../paint/heatmap_painter";
import { stripScene } from "../../view/findings/strip_scene";
import { pixelRatio } from "../../view/layout/metrics";
import { currentLut } from "../../view/panel/colour_tables";
import { clocks, sharedAxis } from "../../view/panel/known_panels";
import { spansOf } from "../../view/panel/panel_times";

/** Height of a strip. */
const STRIP_PX = 18;

interface Props {
  readonly tile: Tile;
  readonly width_px: number;
  readonly label: string;
}

export function Strip({ tile, width_px, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = pixelRatio.value;
  const axis = sharedAxis.value;
  const spans = spansOf(tile, clocks.value.get(tile.run) ?? null);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || spans === null || width_px < 1) return;
    // Setting the size also clears.
    element.width = Math.round(width_px * ratio);
    element.height = Math.round(STRIP_PX * ratio);
    const scene = stripScene(tile, spans, axis, { width_px, height_px: STRIP_PX, ratio });
    new HeatmapPainter().paint({ context, left_px: 0, heatLeft_px: 0, heatWidth_px: width_px }, scene);
  }, [tile, spans, axis, width_px, ratio, currentLut()]);
  return (
    <canvas
      ref={canvas}
      class="incident-strip"
      style={{ width: `${width_px}px`, height: `${STRIP_PX}px` }}
      role="img"
      aria-label={label}
    />
  );
}

/** The heatmap of one panel, drawn onto the surface under it; its element says where it is and what it shows. */

import { type ReadonlySignal, useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { HeatmapPainter } from "../../paint/heatmap_painter";
import { sceneOf } from "../../view/panel/panel_scene";
import { summarise } from "../../view/panel/panel_summary";
import type { PanelView } from "../../view/panel/panel_view";
import { drawSoon, forget, isWaiting, keepDrawn } from "../../view/reactive/draw_queue";
import { gesturing } from "../../view/settings/zoom";
import { canvasOf } from "./surface";

interface Props {
  readonly panel: PanelView;
  readonly area: ReadonlySignal<string>;
}

export function Heatmap({ panel, area }: Props) {
  const label = useComputed(() => summarise(panel));
  const place = useRef<HTMLDivElement>(null);
  const painter = useMemo(() => new HeatmapPainter(), [panel]);

  const follow = () => {
    // It is about to be drawn anew, and would be stretched for nothing.
    if (isWaiting(panel) && !gesturing.peek()) return;
    const canvas = canvasOf(panel).peek();
    if (canvas === null) return;
    const stretched = painter.follow(canvas, panel.liveAxis.peek(), panel.liveScale.peek());
    place.current?.classList.toggle("stretched", stretched);
  };
  const paint = () => {
    const canvas = canvasOf(panel).value;
    const scene = canvas && sceneOf(panel);
    if (canvas && scene) {
      painter.paint(canvas, scene);
      forget(painter);
      follow();
    }
    if (place.current) place.current.dataset.painted = scene ? panel.shown.peek()?.revision : "";
  };
  useSignalEffect(() => {
    void [panel.liveAxis.value, panel.liveScale.value];
    drawSoon(painter, follow);
  });
  useEffect(() => {
    const stop = keepDrawn(panel, paint);
    return () => {
      stop();
      forget(painter);
    };
  }, [panel, painter]);

  return <div ref={place} class="heat" style={area} role="img" aria-label={label} />;
}

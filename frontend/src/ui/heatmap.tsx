/** The canvases of one panel. During a gesture they are moved by CSS; afterwards they are drawn again. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { dark } from "../state/catalog";
import { pixelRatio, plot_px, SHARE_PX, THIN_PX } from "../state/metrics";
import type { PanelModel } from "../state/panels";
import * as settings from "../state/settings";
import { box } from "./box";
import { drawSoon, forget } from "./frames";
import { type Painted, paintBand, paintHeat } from "./paint";
import { paintShares } from "./paint_lines";

export function Heatmap({ panel, label }: { readonly panel: PanelModel; readonly label: string }) {
  const heat = useRef<HTMLCanvasElement>(null);
  const bands = useRef(new Map<string, HTMLCanvasElement>());
  const shares = useRef<HTMLCanvasElement>(null);
  const painted = useRef<Painted | null>(null);

  useSignalEffect(() => {
    // Only what is cheap to read: the expensive parts are worked out when it is this panel's turn to draw.
    void [panel.shown.value, panel.axis.value, panel.scale.value, panel.row.tiles.value];
    void [settings.quantity.value, settings.curve.value, settings.scope.value, settings.linked.value];
    void [settings.colormap.value, settings.zerosInside.value, dark.value];
    void [settings.contrast.value, settings.emptyColoured.value];
    void [panel.row.limits.value, panel.row.highlighted.value];
    void [panel.row.bins.value, plot_px.value, pixelRatio.value];
    void [settings.overlays.value, settings.strip.value, settings.compare.value, settings.baseline.value];
    drawSoon(panel, () => {
      const ratio = pixelRatio.value;
      const { heatHeight_px, bands: placed } = panel.row.layout.value;
      if (heat.current) {
        const size = { height_px: heatHeight_px, ratio };
        painted.current = paintHeat(heat.current, panel, size, painted.current);
        heat.current.dataset.painted = painted.current === null ? "" : panel.shown.value?.revision;
      }
      for (const { band } of placed) {
        const canvas = bands.current.get(band);
        if (canvas) paintBand(canvas, panel, band, { height_px: THIN_PX, ratio });
      }
      if (shares.current) paintShares(shares.current, panel, SHARE_PX, ratio);
      moveAlong();
    });
  });

  const moveAlong = () => {
    // Read first, so that this follows them also from before the first picture on.
    const axis = panel.liveAxis.value;
    const scale = panel.liveScale.value;
    const last = painted.current;
    if (last === null) return;
    const left = axis.unitToShare(last.axis.lo);
    const right = axis.unitToShare(last.axis.hi);
    const bottom = scale.valueToShare(last.scale.lo);
    const top = scale.valueToShare(last.scale.hi);
    const still = left === 0 && right === 1 && bottom === 0 && top === 1;
    const across = `translateX(${left * 100}%) scaleX(${right - left})`;
    const upward = `translateY(${(1 - top) * 100}%) scaleY(${top - bottom})`;
    if (heat.current) heat.current.style.transform = still ? "" : `${across} ${upward}`;
    const others = [...bands.current.values(), ...(shares.current ? [shares.current] : [])];
    for (const canvas of others) canvas.style.transform = still ? "" : across;
  };
  useSignalEffect(moveAlong);
  useEffect(() => () => forget(panel), [panel]);

  const { heatTop_px, heatHeight_px, shareTop_px, bands: placed } = panel.row.layout.value;
  return (
    <>
      <div class="clip" style={box({ top: heatTop_px, height: heatHeight_px })}>
        <canvas ref={heat} role="img" aria-label={label} />
      </div>
      {placed.map(({ band, top_px }) => (
        <div key={band} class="clip" style={box({ top: top_px, height: THIN_PX })}>
          <canvas
            ref={(canvas) => {
              if (canvas) bands.current.set(band, canvas);
              else bands.current.delete(band);
            }}
          />
        </div>
      ))}
      {shareTop_px === null ? null : (
        <div class="clip shares" style={box({ top: shareTop_px, height: SHARE_PX })}>
          <canvas ref={shares} />
        </div>
      )}
    </>
  );
}

/** The heatmap of one panel, drawn onto the surface under it; its element says where it is and what it shows. */

import { type ReadonlySignal, useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { dark } from "../../view/catalog/catalog";
import { pixelRatio, plot_px } from "../../view/layout/metrics";
import { colourScope } from "../../view/panel/contrast";
import { allTiles, type PanelModel } from "../../view/panel/panels";
import { summarise } from "../../view/panel/readout";
import { looksAtOthers } from "../../view/panel/strip";
import * as settings from "../../view/settings/settings";
import { gesturing } from "../../view/settings/zoom";
import { drawSoon, forget, isWaiting } from "./draw_queue";
import { PanelPicture } from "./panel_picture";
import { placeOf } from "./surface";

interface Props {
  readonly panel: PanelModel;
  readonly area: ReadonlySignal<string>;
}

export function Heatmap({ panel, area }: Props) {
  const label = useComputed(() => summarise(panel));
  const place = useRef<HTMLDivElement>(null);
  const picture = useMemo(() => new PanelPicture(panel), [panel]);

  const follow = () => {
    // It is about to be drawn anew, and would be stretched for nothing.
    if (isWaiting(panel) && !gesturing.peek()) return;
    const surface = placeOf(panel).peek();
    if (surface !== null) place.current?.classList.toggle("stretched", picture.follow(surface));
  };
  useSignalEffect(() => {
    // Only what is cheap to read: the expensive parts are worked out when it is this panel's turn to draw.
    void [panel.shown.value, panel.clock.value, panel.axis.value, panel.scale.value];
    void (colourScope() === "all" ? allTiles : panel.row.tiles).value;
    void [settings.quantity.value, settings.curve.value, settings.linked.value];
    void [settings.colormap.value, settings.zerosInside.value, dark.value];
    void [settings.contrast.value, settings.emptyColoured.value];
    void [panel.limits.value, panel.highlighted.value];
    void [panel.row.bins.value, plot_px.value, pixelRatio.value];
    void [settings.overlays.value, settings.strip.value, settings.difference.value, settings.baseline.value];
    if (looksAtOthers()) for (const other of panel.row.panels.value) void other.shown.value;
    const surface = placeOf(panel).value;
    if (surface === null) return;
    drawSoon(panel, () => {
      const painted = picture.paint(surface);
      forget(picture);
      follow();
      if (place.current) place.current.dataset.painted = painted ? panel.shown.value?.revision : "";
    });
  });
  useSignalEffect(() => {
    void [panel.liveAxis.value, panel.liveScale.value];
    drawSoon(picture, follow);
  });
  useEffect(
    () => () => {
      forget(panel);
      forget(picture);
    },
    [panel, picture],
  );

  return <div ref={place} class="heat" style={area} role="img" aria-label={label} />;
}

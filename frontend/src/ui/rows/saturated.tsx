/** What the limits of a row's or a panel's colours hide: the share of its cells beyond either end. */

import { useSignal, useSignalEffect } from "@preact/signals";
import type { Saturation } from "../../math/contrast";
import { formatShare } from "../../math/format";
import { isLimited } from "../../view/panel/contrast";
import type { LayerView } from "../../view/panel/layer_view";
import { findPanel } from "../../view/screen/views";

/** Counting takes longer than colouring, and nobody reads a number while an end is dragged. */
const REST_MS = 120;

interface Props {
  readonly model: LayerView;
  readonly owner: string;
}

export function Saturated({ model, owner }: Props) {
  const found = useSignal<Saturation | null>(null);
  useSignalEffect(() => {
    const own = findPanel(owner);
    const panels = own ? [own] : model.panels.value;
    for (const panel of panels) void [panel.data.tile.value, panel.colours.value];
    if (!isLimited(owner)) {
      found.value = null;
      return undefined;
    }
    const timer = window.setTimeout(() => {
      found.value = sumSaturation(panels.map((panel) => panel.saturated.peek()));
    }, REST_MS);
    return () => window.clearTimeout(timer);
  });
  if (found.value === null) return null;
  const { cells, above, below } = found.value;
  const [over, under] = [above, below].map((count) => formatShare(cells > 0 ? count / cells : 0));
  const words = `${over} of the occupied cells are above the colour scale, ${under} below it`;
  return (
    <div class="unit saturated" title={words}>
      <span aria-hidden="true">{`cells ▲ ${over}  ▼ ${under}`}</span>
      <span class="visually-hidden">{words}</span>
    </div>
  );
}

function sumSaturation(parts: readonly (Saturation | null)[]): Saturation {
  let [cells, below, above] = [0, 0, 0];
  for (const part of parts) {
    cells += part?.cells ?? 0;
    below += part?.below ?? 0;
    above += part?.above ?? 0;
  }
  return { cells, below, above };
}

/** The colour bar of a row, with real units and a mark at the hovered cell. */

import { useComputed } from "@preact/signals";
import { lutToGradient } from "../draw/colormap";
import { type ColourScale, colourTicks, quantityToLabel, quantityToShare } from "../math/normalise";
import { findPanel, type PanelModel } from "../state/panels";
import { readPanel } from "../state/readout";
import { cursor } from "../state/view";
import { box } from "./box";
import { currentLut } from "./paint";

interface Props {
  readonly scale: ColourScale;
  readonly width_px: number;
  readonly panels: readonly PanelModel[];
}

export function ColourBar({ scale, width_px, panels }: Props) {
  const ticks = colourTicks(scale, Math.max(2, Math.floor(width_px / 60)));
  const gradient = `linear-gradient(to right, ${lutToGradient(currentLut()).join(", ")})`;
  const mark = useComputed(() => {
    const at = cursor.value;
    const panel = at === null ? undefined : findPanel(at.panelId);
    if (at === null || panel === undefined || at.value === null || !panels.includes(panel)) return null;
    const cell = readPanel(panel, at.unit, at.value, null);
    return cell === null ? null : quantityToShare(scale, cell.quantity);
  });
  const label = `${quantityToLabel(scale.quantity)}${scale.curve === "linear" ? "" : `, ${scale.curve}`}`;
  return (
    <div class="colour-bar" style={box({ width: width_px })} title={`Colour: ${label}`}>
      <div class="ramp" style={{ background: gradient }}>
        {mark.value === null ? null : <span class="mark" style={{ left: `${mark.value * 100}%` }} />}
      </div>
      <div class="ramp-ticks" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick.value} style={{ left: `${tick.share * 100}%` }} data-edge={edgeOf(tick.share)}>
            {tick.label}
          </span>
        ))}
      </div>
      <div class="unit">{label}</div>
    </div>
  );
}

function edgeOf(share: number): string {
  return share < 0.12 ? "start" : share > 0.88 ? "end" : "";
}

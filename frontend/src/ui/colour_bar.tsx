/** The colour bar of a row, with real units and a mark at the hovered cell. */

import { useComputed } from "@preact/signals";
import { colormapToLut, lutToGradient } from "../draw/colormap";
import {
  type ColourScale,
  colourTicks,
  formatQuantity,
  type Quantity,
  quantityToLabel,
  quantityToShare,
} from "../math/normalise";
import { dark } from "../state/catalog";
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

interface DifferenceProps {
  readonly most: number;
  readonly quantity: Quantity;
  readonly width_px: number;
  readonly baseline: string;
}

/** The bar of difference maps: less than the baseline to the left, more to the right. */
export function DifferenceBar({ most, quantity, width_px, baseline }: DifferenceProps) {
  const lut = colormapToLut("diverging", dark.value);
  const gradient = `linear-gradient(to right, ${lutToGradient(lut).join(", ")})`;
  const end = formatQuantity(quantity, most);
  return (
    <div class="colour-bar" style={box({ width: width_px })} title={`Difference to ${baseline}, square root`}>
      <div class="ramp" style={{ background: gradient }} />
      <div class="ramp-ticks" aria-hidden="true">
        <span style={{ left: "0%" }} data-edge="start">{`−${end}`}</span>
        <span style={{ left: "50%" }}>0</span>
        <span style={{ left: "100%" }} data-edge="end">{`+${end}`}</span>
      </div>
      <div class="unit">minus {baseline}</div>
    </div>
  );
}

function edgeOf(share: number): string {
  return share < 0.12 ? "start" : share > 0.88 ? "end" : "";
}

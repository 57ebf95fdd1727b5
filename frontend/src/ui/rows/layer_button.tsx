/** A layer's name, by which its panels are opened, and closed to strips. */

import { toggleExpanded } from "../../view/selection/selection";
import { box } from "../widgets/box";

interface Props {
  readonly id: string;
  readonly label: string;
  /** The whole name with what is known of the layer. */
  readonly title: string;
  readonly open: boolean;
  readonly indent_px?: number;
}

export function LayerButton({ id, label, title, open, indent_px }: Props) {
  return (
    <button
      type="button"
      class="layer-name"
      style={indent_px === undefined ? undefined : box({ "padding-left": indent_px })}
      aria-expanded={open}
      title={`${title}: ${open ? "close to a strip" : "open"}`}
      onClick={() => toggleExpanded(id)}
    >
      <span class="ellipsis">{label}</span>
    </button>
  );
}

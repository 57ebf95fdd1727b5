/** A layer's name, a heading: a click opens its strips as panels, shows its panels large, or all layers again. */

import { toggleExpanded } from "../../view/selection/selection";
import { full } from "../../view/settings/settings";
import { box } from "../widgets/box";

interface Props {
  readonly id: string;
  /** The layer's, of which the label may be the end. */
  readonly name: string;
  readonly label: string;
  /** The whole name with what is known of the layer. */
  readonly title: string;
  readonly open: boolean;
  readonly indent_px?: number;
}

export function LayerButton({ id, name, label, title, open, indent_px }: Props) {
  const large = full.value === id;
  const does = large ? "back to all layers" : open ? "enlarge" : "open";
  const click = () => {
    if (open) full.value = large ? "" : id;
    else toggleExpanded(id);
  };
  return (
    <h2 class="row-heading">
      <button
        type="button"
        class="layer-name"
        style={indent_px === undefined ? undefined : box({ "padding-left": indent_px })}
        aria-label={name}
        aria-expanded={open}
        title={`${title}. Click: ${does}`}
        onClick={click}
      >
        {/* Layers differ at the ends of their names: what has no room is cut off at the start. */}
        <span class="ellipsis">
          <bdi>{label}</bdi>
        </span>
      </button>
    </h2>
  );
}

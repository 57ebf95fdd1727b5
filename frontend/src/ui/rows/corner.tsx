/** Above the names: what the axes and colours of all panels are, beside the axes that it is about. */

import { computed } from "@preact/signals";
import { AXIS_NAMES } from "../../math/step_axis";
import { name_px, narrow, roomyCorner } from "../../view/layout/metrics";
import { wantsDifference } from "../../view/panel/compare";
import { effectiveColourScope } from "../../view/panel/contrast";
import { shownTags } from "../../view/screen/scalars";
import { drawnOnce } from "../../view/screen/screen";
import { layerViews } from "../../view/screen/views";
import { isTransposed } from "../../view/selection/selection";
import { settingsOf } from "../../view/settings/setting";
import { time } from "../../view/settings/settings";
import { cursor } from "../../view/settings/zoom";
import { ChoiceField } from "../settings/choice_field";
import { box } from "../widgets/box";
import { Breadcrumb } from "./breadcrumb";
import { LateBars } from "./layer_tools_later";

/** Whether all layers have one scale of colours and there is room to show it here, once, instead of beside each. */
export const hasSharedBar = computed(
  () =>
    effectiveColourScope() === "all" &&
    roomyCorner.value &&
    shownTags.value.length > 0 &&
    !isTransposed.value &&
    !wantsDifference(),
);

export function Corner() {
  if (narrow.value) return null;
  const shared = hasSharedBar.value;
  const low = shared || shownTags.value.length === 0;
  return (
    <div class={`corner${low ? " low" : ""}`} style={box({ width: name_px.value })}>
      <Breadcrumb />
      {shared && drawnOnce.value ? <SharedBar /> : null}
      {roomyCorner.value ? (
        <div class="axis-choices">
          {settingsOf("Axes and colours").map((setting) =>
            setting.form === "choice" ? <ChoiceField key={setting.name} setting={setting} /> : null,
          )}
        </div>
      ) : (
        `${AXIS_NAMES[time.value]} →`
      )}
    </div>
  );
}

/** The bar of the layer under the pointer, so that its mark is too. */
function SharedBar() {
  const views = layerViews.value;
  const model = views.get(cursor.value?.rowId ?? "") ?? [...views.values()][0];
  return model && <LateBars key={model} model={model} width_px={name_px.value - 22} />;
}

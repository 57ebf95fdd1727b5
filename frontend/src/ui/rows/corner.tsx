/** Above the names: what the axes and colours of all panels are, beside the axes that it is about. */

import { AXIS_NAMES } from "../../math/step_axis";
import { name_px, narrow, roomyCorner } from "../../view/layout/metrics";
import { shownTags } from "../../view/screen/scalars";
import { settingsOf } from "../../view/settings/setting";
import { time } from "../../view/settings/settings";
import { ChoiceField } from "../settings/choice_field";
import { box } from "../widgets/box";
import { Breadcrumb } from "./breadcrumb";

export function Corner() {
  if (narrow.value) return null;
  return (
    <div class={`corner${shownTags.value.length === 0 ? " low" : ""}`} style={box({ width: name_px.value })}>
      <Breadcrumb />
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

/** The step whose histograms are shown: typed, or the newest. */

import { countsSteps } from "../../math/step_axis";
import { fullAxis } from "../../view/panel/known_panels";
import { pinAt, pinnedStep, pinStep } from "../../view/screen/pin";
import { pinned, zoomX } from "../../view/settings/settings";
import { CommandButton } from "../input/command_button";
import * as commands from "../input/commands";
import { say } from "../widgets/toast";

export function StepField() {
  const { kind } = fullAxis.value;
  const counted = countsSteps(kind);
  const name = counted ? "step" : kind === "epoch" || kind === "share" ? kind : "time";
  return (
    <span class="slice-head">
      <label
        title={`The ${name} whose histograms are shown; empty: the last one shown, which is the newest unless the steps are zoomed`}
      >
        {name}
        <input
          id={commands.STEP_ID}
          class="text-input"
          inputMode="numeric"
          placeholder={zoomX.value.size > 0 ? "last shown" : "newest"}
          value={fieldText()}
          readOnly={!counted}
          onChange={({ currentTarget }) => {
            pinTypedStep(currentTarget.value.replace(/[ ,]/g, ""));
            // Also where nothing changes: another step of the same record, or no step at all.
            currentTarget.value = fieldText();
          }}
        />
      </label>
      {pinned.value === null ? null : <CommandButton command={commands.newestStep} icon="close" />}
    </span>
  );
}

function fieldText(): string {
  const unit = pinned.value;
  if (unit === null) return "";
  return countsSteps(fullAxis.value.kind) ? String(pinnedStep(unit)) : fullAxis.value.format(unit);
}

function pinTypedStep(text: string): void {
  const step = Number(text);
  if (text === "") pinAt(null);
  else if (Number.isFinite(step)) pinStep(step);
  else say("A step is a number, or empty for the newest.");
}

/** The step whose histograms are shown at the right: typed, stepped through, or the newest. */

import { countsSteps } from "../../math/step_axis";
import { fullAxis } from "../../view/panel/known_panels";
import { pinAt, pinnedStep, pinStep } from "../../view/screen/pin";
import * as settings from "../../view/settings/settings";
import { CommandButton } from "../input/command_button";
import * as commands from "../input/commands";
import { box } from "../widgets/box";
import { say } from "../widgets/toast";

export function StepField({ width_px }: { readonly width_px: number }) {
  const { kind } = fullAxis.value;
  const counted = countsSteps(kind);
  const name = counted ? "step" : kind === "epoch" || kind === "share" ? kind : "time";
  return (
    <div class="slice-head" style={box({ width: width_px })}>
      <label title={`The ${name} whose histograms are shown; empty follows the newest`}>
        {name}
        <input
          id={commands.STEP_ID}
          class="text-input"
          inputMode="numeric"
          placeholder="newest"
          value={fieldText()}
          readOnly={!counted}
          onChange={({ currentTarget }) => {
            pinTypedStep(currentTarget.value.replace(/[ ,]/g, ""));
            // Also where nothing changes: another step of the same record, or no step at all.
            currentTarget.value = fieldText();
          }}
        />
      </label>
      <CommandButton command={commands.stepBefore} icon="fold" />
      <CommandButton command={commands.nextStep} icon="fold" />
      {settings.pinned.value === null ? null : <CommandButton command={commands.newestStep} icon="close" />}
    </div>
  );
}

function fieldText(): string {
  const unit = settings.pinned.value;
  if (unit === null) return "";
  return countsSteps(fullAxis.value.kind) ? String(pinnedStep(unit)) : fullAxis.value.format(unit);
}

function pinTypedStep(text: string): void {
  const step = Number(text);
  if (text === "") pinAt(null);
  else if (Number.isFinite(step)) pinStep(step);
  else say("A step is a number, or empty for the newest.");
}

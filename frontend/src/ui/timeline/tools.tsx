/** Beside the timeline: play, step, and the range of steps as a field. */

import { parseStepRange } from "../../math/step_range";
import { fullAxis, sharedAxis } from "../../view/panel/known_panels";
import { placesToSteps, stepPlacer } from "../../view/panel/run_times";
import { pinAt } from "../../view/screen/pin";
import { playing } from "../../view/screen/playing";
import { moveAll } from "../../view/screen/zooming";
import { shownRuns } from "../../view/selection/selection";
import { zoomX } from "../../view/settings/settings";
import { settle } from "../../view/settings/zoom";
import { CommandButton } from "../input/command_button";
import * as commands from "../input/commands";
import { say } from "../widgets/toast";

export function TimelineTools() {
  return (
    <>
      <CommandButton command={commands.stepBefore} icon="fold" />
      <button
        type="button"
        class="button icon-only"
        title={`${playing.value ? "Stop" : "Play"} the steps (P)`}
        aria-label={playing.value ? "Stop playing" : "Play the steps"}
        onClick={() => commands.play.run(null, false)}
      >
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path
            d={playing.value ? "M4 3h3v10H4ZM9 3h3v10H9Z" : "M4.5 2.5 13 8l-8.5 5.5Z"}
            fill="currentColor"
          />
        </svg>
      </button>
      <CommandButton command={commands.nextStep} icon="fold" />
      <RangeField />
    </>
  );
}

function RangeField() {
  return (
    <input
      id={commands.RANGE_ID}
      class="text-input range-field"
      title="The steps that are shown: 100-150, 100:, -50 or 120; empty shows all"
      aria-label="steps"
      placeholder="all steps"
      value={shownText()}
      onChange={({ currentTarget }) => {
        const wrong = showTyped(currentTarget.value);
        currentTarget.setAttribute("aria-invalid", String(wrong !== ""));
        say(wrong);
        // Also where nothing changes: the range as the axis has it.
        if (wrong === "") currentTarget.value = shownText();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
      }}
    />
  );
}

function shownText(): string {
  if (!zoomX.value.has("")) return "";
  const [first, last] = placesToSteps(sharedAxis.value);
  return first >= last ? `${first}` : `${first}–${last}`;
}

/** Zooms to what was typed; what is wrong with it, "" where nothing is. */
function showTyped(text: string): string {
  const range = parseStepRange(text);
  if (typeof range === "string") return range;
  const { first, last } = range;
  const full = fullAxis.peek();
  const toPlace = shownRuns
    .peek()
    .map(({ name }) => stepPlacer(name, full))
    .find((placer) => placer !== null);
  if (!toPlace) return "No step has been loaded yet: try again in a moment.";
  const from = first === null ? full.lo : toPlace(first);
  const to = last === null ? full.hi : toPlace(last + 1);
  if (Number.isNaN(from + to)) return "The first shown run has no epochs: choose another time axis.";
  if (to <= full.lo || from >= full.hi) {
    const [least, most] = placesToSteps(full);
    return `Nothing is recorded there: steps range from ${least} to ${most}.`;
  }
  moveAll(from, to);
  settle();
  if (first === last && first !== null) pinAt(toPlace(first + 0.5));
  return "";
}

/** The step whose histograms are shown at the right: typed, stepped through, or the newest. */

import { fullAxis } from "../state/panels";
import { movePin, pinAt, pinStep } from "../state/pin";
import * as settings from "../state/settings";
import { box } from "./box";
import { IconButton } from "./controls";

export function StepField({ width_px }: { readonly width_px: number }) {
  const unit = settings.pinned.value;
  const counted = fullAxis.value.kind === "step" || fullAxis.value.kind === "log_step";
  const take = (text: string) => {
    const step = Number(text.replace(/[ ,]/g, ""));
    if (text.trim() === "") pinAt(null);
    else if (Number.isFinite(step)) pinStep(step);
  };
  return (
    <div class="slice-head" style={box({ width: width_px })}>
      <label title="The step whose histograms are shown; empty follows the newest">
        step
        <input
          class="text-input"
          inputMode="numeric"
          placeholder="newest"
          value={unit === null ? "" : counted ? String(Math.floor(unit)) : fullAxis.value.format(unit)}
          readOnly={!counted}
          onChange={(event) => take(event.currentTarget.value)}
        />
      </label>
      <IconButton icon="fold" tip="One step back (←)" onClick={() => movePin(-1)} />
      <IconButton icon="fold" tip="One step on (→)" onClick={() => movePin(1)} />
      {unit === null ? null : (
        <IconButton icon="close" tip="Follow the newest step (End)" onClick={() => pinAt(null)} />
      )}
    </div>
  );
}
